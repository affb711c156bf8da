//! Plans of the endpoint slice controller: objects in, writes out.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{PodCondition, PodStatus, Service, ServicePort, ServiceSpec};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

use super::super::endpoint_pods::backends;
use super::plan::{Action, plan};
use crate::client::pod::{Pod, Spec};

fn service(publish: bool) -> Service {
    let port = ServicePort { port: 80, ..ServicePort::default() };
    Service {
        metadata: ObjectMeta { name: Some("web".into()), ..ObjectMeta::default() },
        spec: Some(ServiceSpec {
            selector: Some([("app".into(), "web".into())].into()),
            ports: Some(vec![port]),
            publish_not_ready_addresses: Some(publish),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

fn pod(number: usize, ready: bool, deleting: bool) -> Arc<Pod> {
    let ready = PodCondition {
        type_: "Ready".into(),
        status: if ready { "True" } else { "False" }.into(),
        ..PodCondition::default()
    };
    Arc::new(Pod {
        metadata: ObjectMeta {
            name: Some(format!("web-{number}")),
            uid: Some(number.to_string()),
            labels: Some([("app".into(), "web".into())].into()),
            deletion_timestamp: deleting.then_some(Time(Timestamp::UNIX_EPOCH)),
            ..ObjectMeta::default()
        },
        spec: Some(Spec::default()),
        status: Some(PodStatus {
            pod_ip: Some(format!("10.244.{}.{}", number / 250, number % 250)),
            conditions: Some(vec![ready]),
            ..PodStatus::default()
        }),
    })
}

fn run(service: &Service, pods: &[Arc<Pod>], slices: &[Arc<EndpointSlice>]) -> Vec<Action> {
    plan(service, &backends(service, pods), slices, &|_| None, "now")
}

fn created(actions: Vec<Action>) -> Vec<Arc<EndpointSlice>> {
    let named = |(number, action)| {
        let Action::Create(mut slice) = action else { panic!("not a creation: {action:?}") };
        slice.metadata.name = Some(format!("web-{number}"));
        Arc::new(*slice)
    };
    actions.into_iter().enumerate().map(named).collect()
}

#[test]
fn a_slice_holds_a_hundred_and_a_second_look_changes_nothing() {
    let (service, pods) = (service(false), (0..250).map(|number| pod(number, true, false)).collect::<Vec<_>>());
    let slices = created(run(&service, &pods, &[]));
    let sizes: Vec<_> = slices.iter().map(|slice| slice.endpoints.as_ref().unwrap().len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
    assert!(run(&service, &pods, &slices).is_empty());
}

#[test]
fn one_pod_more_or_less_touches_one_slice() {
    let (service, pods) = (service(false), (0..250).map(|number| pod(number, true, false)).collect::<Vec<_>>());
    let slices = created(run(&service, &pods[..249], &[]));
    let [Action::Update(grown)] = &run(&service, &pods, &slices)[..] else { panic!("not one update") };
    assert_eq!(grown.endpoints.as_ref().unwrap().len(), 50);
    let [Action::Update(shrunk)] = &run(&service, &pods[1..249], &slices)[..] else { panic!("not one update") };
    assert_eq!(shrunk.endpoints.as_ref().unwrap().len(), 99);
}

#[test]
fn conditions_tell_ready_serving_and_terminating() {
    let pods = [pod(0, true, false), pod(1, false, false), pod(2, true, true)];
    let conditions = |service: &Service| {
        let slices = created(run(service, &pods, &[]));
        let endpoints = slices[0].endpoints.clone().unwrap();
        let of = |endpoint: &k8s_openapi::api::discovery::v1::Endpoint| {
            let it = endpoint.conditions.clone().unwrap();
            (it.ready.unwrap(), it.serving.unwrap(), it.terminating.unwrap())
        };
        endpoints.iter().map(of).collect::<Vec<_>>()
    };
    let (ready, unready, leaving) = ((true, true, false), (false, false, false), (false, true, true));
    assert_eq!(conditions(&service(false)), [ready, unready, leaving]);
    assert!(conditions(&service(true)).iter().all(|(ready, ..)| *ready), "publishNotReadyAddresses");
}

#[test]
fn without_backends_one_empty_slice_stays() {
    let service = service(false);
    let empty = created(run(&service, &[], &[]));
    assert_eq!((empty.len(), empty[0].endpoints.as_ref().unwrap().len()), (1, 0));
    assert!(run(&service, &[], &empty).is_empty());
    let filled = created(run(&service, &[pod(0, true, false)], &[]));
    let [Action::Update(emptied)] = &run(&service, &[], &filled)[..] else { panic!("not one update") };
    assert_eq!(emptied.endpoints, Some(vec![]));
}
