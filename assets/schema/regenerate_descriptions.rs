//! Writes `assets/schema/descriptions.txt` anew from k8s-openapi's schemas, for the types and fields that
//! `assets/schema/types.txt` lists:
//!
//! ```sh
//! cargo run --features regenerate --example regenerate_descriptions > descriptions.txt
//! ```
//!
//! The other facts of `types.txt` (list keys, merge keys, defaults, protobuf numbers, Go's names) are not in those
//! schemas; they come from a cluster's `/openapi/v3` and from the structure tags of k8s.io/api.

use k8s_openapi::api::{
    apps, authentication, authorization, autoscaling, batch, certificates, coordination, core, discovery, events,
    networking, policy, rbac, scheduling, storage,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions;
use k8s_openapi::apimachinery::pkg::apis::meta;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};

fn main() {
    let mut generator = SchemaGenerator::default();
    workloads(&mut generator);
    services_and_policy(&mut generator);
    reviews_and_meta(&mut generator);
    print!("{}", descriptions(include_str!("types.txt"), generator.definitions()));
}

fn reach<T: JsonSchema>(generator: &mut SchemaGenerator) {
    let _ = generator.subschema_for::<T>();
}

fn workloads(generator: &mut SchemaGenerator) {
    reach::<apps::v1::ControllerRevision>(generator);
    reach::<apps::v1::DaemonSet>(generator);
    reach::<apps::v1::Deployment>(generator);
    reach::<apps::v1::ReplicaSet>(generator);
    reach::<apps::v1::StatefulSet>(generator);
    reach::<batch::v1::CronJob>(generator);
    reach::<core::v1::Binding>(generator);
    reach::<core::v1::ComponentStatus>(generator);
    reach::<core::v1::ConfigMap>(generator);
    reach::<core::v1::Event>(generator);
    reach::<core::v1::LimitRange>(generator);
    reach::<core::v1::Namespace>(generator);
    reach::<core::v1::Node>(generator);
    reach::<core::v1::PersistentVolume>(generator);
    reach::<core::v1::PersistentVolumeClaim>(generator);
    reach::<core::v1::Pod>(generator);
    reach::<core::v1::PodTemplate>(generator);
    reach::<core::v1::ReplicationController>(generator);
    reach::<core::v1::ResourceQuota>(generator);
    reach::<core::v1::Secret>(generator);
    reach::<core::v1::ServiceAccount>(generator);
    reach::<scheduling::v1::PriorityClass>(generator);
    reach::<storage::v1::CSIDriver>(generator);
    reach::<storage::v1::CSINode>(generator);
    reach::<storage::v1::CSIStorageCapacity>(generator);
    reach::<storage::v1::StorageClass>(generator);
    reach::<storage::v1::VolumeAttachment>(generator);
    reach::<storage::v1::VolumeAttributesClass>(generator);
}

fn services_and_policy(generator: &mut SchemaGenerator) {
    reach::<autoscaling::v1::HorizontalPodAutoscaler>(generator);
    reach::<autoscaling::v1::Scale>(generator);
    reach::<autoscaling::v2::HorizontalPodAutoscaler>(generator);
    reach::<batch::v1::Job>(generator);
    reach::<certificates::v1::CertificateSigningRequest>(generator);
    reach::<coordination::v1::Lease>(generator);
    reach::<core::v1::Endpoints>(generator);
    reach::<core::v1::Service>(generator);
    reach::<discovery::v1::EndpointSlice>(generator);
    reach::<events::v1::Event>(generator);
    reach::<networking::v1::IPAddress>(generator);
    reach::<networking::v1::Ingress>(generator);
    reach::<networking::v1::IngressClass>(generator);
    reach::<networking::v1::NetworkPolicy>(generator);
    reach::<networking::v1::ServiceCIDR>(generator);
    reach::<policy::v1::Eviction>(generator);
    reach::<policy::v1::PodDisruptionBudget>(generator);
    reach::<rbac::v1::ClusterRole>(generator);
    reach::<rbac::v1::ClusterRoleBinding>(generator);
    reach::<rbac::v1::Role>(generator);
    reach::<rbac::v1::RoleBinding>(generator);
}

fn reviews_and_meta(generator: &mut SchemaGenerator) {
    reach::<apiextensions::v1::CustomResourceDefinition>(generator);
    reach::<apiregistration::v1::APIService>(generator);
    reach::<authentication::v1::SelfSubjectReview>(generator);
    reach::<authentication::v1::TokenRequest>(generator);
    reach::<authentication::v1::TokenReview>(generator);
    reach::<authorization::v1::LocalSubjectAccessReview>(generator);
    reach::<authorization::v1::SelfSubjectAccessReview>(generator);
    reach::<authorization::v1::SelfSubjectRulesReview>(generator);
    reach::<authorization::v1::SubjectAccessReview>(generator);
    reach::<meta::v1::APIGroupList>(generator);
    reach::<meta::v1::APIResourceList>(generator);
    reach::<meta::v1::APIVersions>(generator);
    reach::<meta::v1::DeleteOptions>(generator);
    reach::<meta::v1::GroupResource>(generator);
    reach::<meta::v1::Patch>(generator);
    reach::<meta::v1::Status>(generator);
    reach::<meta::v1::WatchEvent<RawExtension>>(generator);
}

/// One line a type and one, indented, a field: name, tab, description on one line.
fn descriptions(types: &str, definitions: &Map<String, Value>) -> String {
    let mut text = String::new();
    let mut schema = &Value::Null;
    for line in types.lines() {
        let (name, description) = if let Some(field) = line.strip_prefix(' ') {
            let name = field.split('\t').next().unwrap_or(field);
            (&line[..=name.len()], &schema["properties"][name]["description"])
        } else {
            let name = line.split(' ').next().unwrap_or(line);
            schema = definitions.get(name).unwrap_or(&Value::Null);
            (name, &schema["description"])
        };
        let description = description.as_str().unwrap_or_default();
        let escaped = description.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t");
        text.extend([name, "\t", &escaped, "\n"]);
    }
    text
}
