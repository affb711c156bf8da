//! Every type of the table has its words, and a path finds its field.

use super::{describe, fields, of_field, of_type, published};
use crate::schema::types;

const DEPLOYMENT: &str = "io.k8s.api.apps.v1.Deployment";

#[test]
fn a_field_is_described_by_its_path() {
    let help = describe(DEPLOYMENT, &["spec", "template", "spec", "containers", "image"]).unwrap();
    assert_eq!(help.type_name, "string");
    assert!(help.description.starts_with("Container image name."));
    let containers = describe(DEPLOYMENT, &["spec", "template", "spec", "containers"]).unwrap();
    assert_eq!(containers.type_name, "[]Container");
    assert!(containers.field.required && containers.fields.iter().any(|field| field.name == "livenessProbe"));
    assert_eq!(describe(DEPLOYMENT, &["metadata", "labels"]).unwrap().type_name, "map[string]string");
    assert!(describe(DEPLOYMENT, &["spec", "replica"]).is_none());
    assert!(describe(DEPLOYMENT, &[]).is_none());
    assert!(fields(DEPLOYMENT).iter().map(|field| field.name).eq(["apiVersion", "kind", "metadata", "spec", "status"]));
}

#[test]
fn allowed_values_are_published_with_what_they_are_for() {
    let text = |type_name: &str, name: &str| {
        let field = types::get(type_name).unwrap().field(name).unwrap();
        published(type_name, field).into_owned()
    };
    let said = text("io.k8s.api.apps.v1.DeploymentStrategy", "type");
    let wanted = "Default is RollingUpdate.\n\nPossible enum values:\n - `\"Recreate\"` Kill all existing pods before";
    assert!(said.contains(wanted), "{said}");
    let bare = "\n\nPossible enum values:\n - `\"Always\"`\n - `\"Never\"`\n - `\"OnFailure\"`";
    assert!(text("io.k8s.api.core.v1.PodSpec", "restartPolicy").ends_with(bare));
    assert!(!text("io.k8s.api.core.v1.PersistentVolumeSpec", "accessModes").contains("Possible enum values"));
}

#[test]
fn every_type_and_nearly_every_field_says_what_it_is_for() {
    assert!(types::all().iter().all(|def| !of_type(def.name).is_empty()));
    let all = types::all().iter().flat_map(|def| def.fields().iter().map(move |field| of_field(def.name, field.name)));
    let (said, silent): (Vec<_>, Vec<_>) = all.partition(|text| !text.is_empty());
    assert!(said.len() > 1700 && silent.len() < 100, "{} and {}", said.len(), silent.len());
    assert!(of_type("io.k8s.apimachinery.pkg.api.resource.Quantity").contains("\n\nThe serialization format is:\n"));
}
