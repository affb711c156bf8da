//! ConfigMap (core/v1): configuration as data. Its keys become files or variables. Must not hold rules of other kinds.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::kind::{AGE, Column, Kind, NAME, Rules};
use super::show;
use super::validate::{FieldError, config_key, frozen};

/// Data and binary data together, in bytes (`MaxSecretSize`).
const SIZE_LIMIT: usize = 1024 * 1024;

pub(super) static KIND: Kind = Kind {
    kind: "ConfigMap",
    plural: "configmaps",
    singular: "configmap",
    short_names: &["cm"],
    schema: "io.k8s.api.core.v1.ConfigMap",
    about: "Configuración fuera de la imagen: claves y valores que los pods leen como variables o archivos.",
    columns: &[NAME, Column::text("Data"), AGE],
    rules: &ConfigMap,
    ..Kind::BASE
};

struct ConfigMap;

impl Rules for ConfigMap {
    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let entries = |name: &str| object[name].as_object().map_or(0, serde_json::Map::len);
        vec![show::name(object), json!(entries("data") + entries("binaryData")), show::age(object, now)]
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let root = At::root(object);
        let (data, binary) = (root.field("data"), root.field("binaryData"));
        let (mut errors, mut size) = (Vec::new(), 0);
        for (key, value) in data.entries() {
            errors.extend(config_key(key).into_iter().map(|text| value.invalid_as(key, text)));
            if binary.value.get(key).is_some() {
                errors.push(value.invalid_as(key, "duplicate of key present in binaryData"));
            }
            size += value.text().len();
        }
        for (key, value) in binary.entries() {
            errors.extend(config_key(key).into_iter().map(|text| value.invalid_as(key, text)));
            size += super::validate::base64_len(value.text());
        }
        if size > SIZE_LIMIT {
            errors.push(At::named("[]", object).too_long(SIZE_LIMIT));
        }
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let mut errors = frozen(new, old, &["data", "binaryData"]);
        errors.extend(self.validate(new));
        errors
    }
}
