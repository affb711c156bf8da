//! Clients that are made when somebody asks, and go when the request is answered. Must not keep one alive.
//!
//! Each client keeps room for the requests that wait (two blocks of tower's buffer, 20 KiB): a thousand kubelets that ask
//! once in ten seconds need none of it in between.

use std::fmt;
use std::sync::Arc;

/// Makes clients of one server, all of one identity. Clones make the same.
#[derive(Clone)]
pub struct OnDemand(Arc<dyn Fn() -> kube::Client + Send + Sync>);

impl OnDemand {
    /// From what makes one.
    #[must_use]
    pub fn new(make: impl Fn() -> kube::Client + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    /// A client, to be dropped soon.
    #[must_use]
    pub fn client(&self) -> kube::Client {
        (self.0)()
    }
}

/// Always the same one.
impl From<kube::Client> for OnDemand {
    fn from(client: kube::Client) -> Self {
        Self::new(move || client.clone())
    }
}

impl fmt::Debug for OnDemand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnDemand")
    }
}
