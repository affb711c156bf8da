//! The provider of load balancers: gives each Service of type LoadBalancer an address of this machine. Must not open it:
//! the service proxy does.
//!
//! In a cloud this is the cloud-controller-manager, which asks the provider for a real balancer. Here the addresses are
//! of 127.0.0.0/8, which only this machine reaches. Without this controller such Services wait for ever, as in a
//! cluster without a provider.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Service;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use parking_lot::Mutex;
use serde_json::json;

use super::{Manager, Outcome, unless_gone};
use crate::client::object::{Key, is_deleting};
use crate::client::queue::Next;
use crate::client::recorder::Recorder;

/// Keeps a Service until its balancer is gone.
const FINALIZER: &str = "service.kubernetes.io/load-balancer-cleanup";
/// The first of the addresses to give, and how many there are.
const POOL: (Ipv4Addr, u32) = (Ipv4Addr::new(127, 8, 0, 1), 0xfffe);

/// Who has which address.
type Given = BTreeMap<Ipv4Addr, Key>;

struct Provider {
    manager: Arc<Manager>,
    recorder: Recorder,
    given: Mutex<Given>,
}

pub(super) async fn run(manager: Arc<Manager>) {
    let recorder = manager.recorder("service-controller");
    manager.informers.services.wait_synced().await;
    let services = manager.informers.services.list();
    let given = services.iter().flat_map(|it| addresses(it).map(|address| (address, Key::of(&**it)))).collect();
    let provider = Provider { manager: manager.clone(), recorder, given: Mutex::new(given) };
    let queue = manager.queue();
    let keys = queue.clone();
    manager.informers.services.on_change(move |change| {
        if change.before().into_iter().chain(change.after()).any(|service| concerns(service)) {
            keys.add(Key::of(&**change.object()));
        }
    });
    // One worker: two Services must not be given the same address.
    queue.run(1, |key| provider.reconcile(key)).await;
}

/// Whether a Service wants a balancer of ours.
fn wants(service: &Service) -> bool {
    let spec = service.spec.as_ref();
    let kind = spec.and_then(|spec| spec.type_.as_deref());
    let others = spec.is_some_and(|spec| spec.load_balancer_class.is_some());
    kind == Some("LoadBalancer") && !others && !is_deleting(&service.metadata)
}

fn has_finalizer(service: &Service) -> bool {
    service.finalizers().iter().any(|finalizer| finalizer == FINALIZER)
}

fn concerns(service: &Service) -> bool {
    wants(service) || has_finalizer(service)
}

/// The addresses that a Service has.
fn addresses(service: &Service) -> impl Iterator<Item = Ipv4Addr> {
    let balancer = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let ingress = balancer.into_iter().flat_map(|balancer| balancer.ingress.iter().flatten());
    ingress.filter_map(|ingress| ingress.ip.as_ref()?.parse().ok())
}

/// The address of a Service: the one that it has, the one that it asks for, or the first that nobody has.
fn choose(key: &Key, service: &Service, given: &Given) -> Result<Ipv4Addr, String> {
    let free = |address: &Ipv4Addr| given.get(address).is_none_or(|holder| holder == key);
    let asked = service.spec.as_ref().and_then(|spec| spec.load_balancer_ip.as_deref()).filter(|ip| !ip.is_empty());
    if let Some(asked) = asked {
        let address = asked.parse::<Ipv4Addr>().ok().filter(Ipv4Addr::is_loopback);
        let address = address.ok_or_else(|| format!("{asked} is not an address of 127.0.0.0/8"))?;
        return if free(&address) { Ok(address) } else { Err(format!("{asked} is already in use")) };
    }
    // What was given a moment ago may not be in the cache yet.
    let held = given.iter().find(|(_, holder)| *holder == key).map(|(address, _)| *address);
    if let Some(address) = held.or_else(|| addresses(service).find(free)) {
        return Ok(address);
    }
    let (first, count) = POOL;
    let mut pool = (0..count).map(|number| Ipv4Addr::from(u32::from(first) + number));
    pool.find(|address| !given.contains_key(address)).ok_or_else(|| "no addresses are left".to_owned())
}

impl Provider {
    async fn reconcile(&self, key: Key) -> Outcome {
        let Some(service) = self.manager.informers.services.get(&key) else {
            self.given.lock().retain(|_, holder| *holder != key);
            return Ok(Next::Done);
        };
        match (wants(&service), has_finalizer(&service)) {
            (true, _) => self.ensure(&key, &service).await,
            (false, true) => self.release(&key, &service).await,
            (false, false) => Ok(Next::Done),
        }
    }

    fn api(&self, key: &Key) -> Api<Service> {
        Api::namespaced(self.manager.client.clone(), &key.namespace)
    }

    async fn ensure(&self, key: &Key, service: &Service) -> Outcome {
        let chosen = choose(key, service, &self.given.lock());
        let address = match chosen {
            Ok(address) => address,
            Err(why) => {
                let message = format!("Error syncing load balancer: failed to ensure load balancer: {why}");
                self.recorder.warning(service, "SyncLoadBalancerFailed", message);
                return Ok(Next::Retry);
            }
        };
        if has_finalizer(service) && addresses(service).eq([address]) {
            self.hold(key, address);
            return Ok(Next::Done);
        }
        self.recorder.normal(service, "EnsuringLoadBalancer", "Ensuring load balancer");
        if !has_finalizer(service) {
            let finalizers: Vec<_> = service.finalizers().iter().map(String::as_str).chain([FINALIZER]).collect();
            self.keep(key, service, &finalizers).await?;
        }
        self.hold(key, address);
        self.tell(key, json!([{"ip": address, "ipMode": "VIP"}])).await?;
        self.recorder.normal(service, "EnsuredLoadBalancer", "Ensured load balancer");
        Ok(Next::Done)
    }

    fn hold(&self, key: &Key, address: Ipv4Addr) {
        let mut given = self.given.lock();
        given.retain(|_, holder| holder != key);
        given.insert(address, key.clone());
    }

    async fn release(&self, key: &Key, service: &Service) -> Outcome {
        self.recorder.normal(service, "DeletingLoadBalancer", "Deleting load balancer");
        self.tell(key, json!(null)).await?;
        self.given.lock().retain(|_, holder| holder != key);
        let others = service.finalizers().iter().map(String::as_str).filter(|name| *name != FINALIZER);
        self.keep(key, service, &others.collect::<Vec<_>>()).await?;
        self.recorder.normal(service, "DeletedLoadBalancer", "Deleted load balancer");
        Ok(Next::Done)
    }

    async fn keep(&self, key: &Key, service: &Service, finalizers: &[&str]) -> kube::Result<()> {
        let patch = json!({"metadata": {"uid": service.metadata.uid, "finalizers": finalizers}});
        unless_gone(self.api(key).patch(&key.name, &PatchParams::default(), &Patch::Merge(patch)).await).map(drop)
    }

    async fn tell(&self, key: &Key, ingress: serde_json::Value) -> kube::Result<()> {
        let patch = Patch::Merge(json!({"status": {"loadBalancer": {"ingress": ingress}}}));
        unless_gone(self.api(key).patch_status(&key.name, &PatchParams::default(), &patch).await).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn service(spec: Value, ip: Option<&str>) -> Service {
        let ingress = ip.map(|ip| json!([{"ip": ip}]));
        let status = json!({"loadBalancer": {"ingress": ingress}});
        serde_json::from_value(json!({"metadata": {"name": "s"}, "spec": spec, "status": status})).unwrap()
    }

    #[test]
    fn each_service_has_an_address_of_its_own() {
        let key = Key::new("n", "s");
        let others = Given::from([(Ipv4Addr::new(127, 8, 0, 1), Key::new("n", "other"))]);
        let of = |asked: Value, has| choose(&key, &service(json!({"loadBalancerIP": asked}), has), &others);
        assert_eq!(of(json!(null), None), Ok(Ipv4Addr::new(127, 8, 0, 2)), "the first free one");
        assert_eq!(of(json!(null), Some("127.8.0.9")), Ok(Ipv4Addr::new(127, 8, 0, 9)), "the one that it has");
        assert_eq!(of(json!(null), Some("127.8.0.1")), Ok(Ipv4Addr::new(127, 8, 0, 2)), "never another's");
        let held = Given::from([(Ipv4Addr::new(127, 8, 0, 7), key.clone())]);
        assert_eq!(choose(&key, &service(json!({}), None), &held), Ok(Ipv4Addr::new(127, 8, 0, 7)), "not a second one");
        assert_eq!(of(json!("127.1.2.3"), None), Ok(Ipv4Addr::new(127, 1, 2, 3)));
        assert!(of(json!("127.8.0.1"), None).is_err() && of(json!("8.8.8.8"), None).is_err());
    }

    #[test]
    fn balancers_of_other_classes_are_not_ours() {
        assert!(wants(&service(json!({"type": "LoadBalancer"}), None)));
        assert!(!wants(&service(json!({"type": "LoadBalancer", "loadBalancerClass": "ejemplo.com/otro"}), None)));
        assert!(!wants(&service(json!({"type": "NodePort"}), None)));
    }
}
