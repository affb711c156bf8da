//! Secret (core/v1): small confidential data; encoded, not encrypted. Must not hold rules of other kinds.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default::set;
use super::kind::{AGE, Column, Kind, NAME, Rules};
use super::show;
use super::validate::{FieldError, base64_len, config_key, frozen, immutable};

/// All data together, in bytes (`MaxSecretSize`).
const SIZE_LIMIT: usize = 1024 * 1024;

pub(super) static KIND: Kind = Kind {
    kind: "Secret",
    plural: "secrets",
    singular: "secret",
    schema: "io.k8s.api.core.v1.Secret",
    about: "Datos delicados (claves, certificados) aparte de la imagen; van en base64, que no es cifrado.",
    columns: &[NAME, Column::text("Type"), Column::text("Data"), AGE],
    rules: &Secret,
    ..Kind::BASE
};

struct Secret;

impl Rules for Secret {
    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let entries = object["data"].as_object().map_or(0, serde_json::Map::len);
        vec![show::name(object), show::text_or(&object["type"], ""), json!(entries), show::age(object, now)]
    }

    /// `stringData` is only a way to write: it lands in `data`, encoded.
    fn default(&self, object: &mut Value) {
        use base64::Engine as _;
        let Some(fields) = object.as_object_mut() else { return };
        set(fields, "type", json!("Opaque"));
        let Some(Value::Object(plain)) = fields.remove("stringData") else { return };
        let Some(data) = set(fields, "data", json!({})).as_object_mut() else { return };
        for (key, value) in plain {
            let encoded = base64::engine::general_purpose::STANDARD.encode(value.as_str().unwrap_or_default());
            data.insert(key, json!(encoded));
        }
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let root = At::root(object);
        let data = root.field("data");
        let (mut errors, mut size) = (Vec::new(), 0);
        for (key, value) in data.entries() {
            errors.extend(config_key(key).into_iter().map(|text| value.invalid_as(key, text)));
            size += base64_len(value.text());
        }
        if size > SIZE_LIMIT {
            errors.push(data.too_long(SIZE_LIMIT));
        }
        errors.extend(required_by_type(&root));
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let kind = |object| At::root(object).field("type");
        let mut errors: Vec<FieldError> = immutable(&kind(new), &kind(old)).into_iter().collect();
        errors.extend(frozen(new, old, &["data"]));
        errors.extend(self.validate(new));
        errors
    }

    fn fields(&self, object: &Value) -> Vec<(&'static str, String)> {
        vec![("type", object["type"].as_str().unwrap_or_default().to_owned())]
    }
}

/// What each well-known type must hold.
fn required_by_type(root: &At) -> Vec<FieldError> {
    let data = root.field("data");
    let needed = |keys: &[&str]| -> Vec<FieldError> {
        let missing = keys.iter().filter(|key| data.value.get(**key).is_none());
        missing.map(|key| FieldError::required(format!("data[{key}]"), "")).collect()
    };
    match root.field("type").text() {
        "kubernetes.io/service-account-token" => {
            let path = "metadata.annotations[kubernetes.io/service-account.name]";
            let name = root.field("metadata.annotations").value.get("kubernetes.io/service-account.name");
            if name.is_none() { vec![FieldError::required(path, "")] } else { Vec::new() }
        }
        "kubernetes.io/dockercfg" => needed(&[".dockercfg"]),
        "kubernetes.io/dockerconfigjson" => needed(&[".dockerconfigjson"]),
        "kubernetes.io/ssh-auth" => needed(&["ssh-privatekey"]),
        "kubernetes.io/tls" => needed(&["tls.crt", "tls.key"]),
        "kubernetes.io/basic-auth" => {
            let either = ["username", "password"].iter().any(|key| data.value.get(*key).is_some());
            if either { Vec::new() } else { needed(&["username", "password"]) }
        }
        _ => Vec::new(),
    }
}
