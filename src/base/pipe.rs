//! In-memory connections: one side dials, the other accepts. Must not know what is spoken over them.
//!
//! Each connection carries the identity of its dialler, as a client certificate does over TLS.

use tokio::io::DuplexStream;
use tokio::sync::mpsc;

/// Bytes that either end may have in flight.
const BUFFER: usize = 16 * 1024;

/// Who is at the other end of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// User name, such as `system:kube-scheduler`.
    pub user: String,
    /// Groups, such as `system:masters`.
    pub groups: Vec<String>,
}

impl Identity {
    /// The group of the controllers of our own controller manager.
    pub const CONTROLLERS: &str = "timonel:controllers";

    /// An identity from its user name and groups.
    #[must_use]
    pub fn new(user: &str, groups: &[&str]) -> Self {
        Self { user: user.into(), groups: groups.iter().map(|&group| group.into()).collect() }
    }

    /// The cluster's administrator.
    #[must_use]
    pub fn admin() -> Self {
        Self::new("kubernetes-admin", &["system:masters"])
    }

    /// A controller of the controller manager: its service account (`--use-service-account-credentials`), in a group
    /// that no token can claim.
    #[must_use]
    pub fn controller(name: &str) -> Self {
        let account = format!("system:serviceaccount:kube-system:{name}");
        Self::new(&account, &["system:serviceaccounts", "system:serviceaccounts:kube-system", Self::CONTROLLERS])
    }

    /// The kubelet of a node.
    #[must_use]
    pub fn node(name: &str) -> Self {
        Self::new(&format!("system:node:{name}"), &["system:nodes"])
    }
}

/// An accepted connection and who dialled it.
pub type Accepted = (DuplexStream, Identity);

/// The dialling end. Clones dial the same listener.
#[derive(Clone, Debug)]
pub struct Dialer(mpsc::UnboundedSender<Accepted>);

/// The accepting end.
#[derive(Debug)]
pub struct Listener(mpsc::UnboundedReceiver<Accepted>);

/// A pair of ends.
#[must_use]
pub fn pipe() -> (Dialer, Listener) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Dialer(sender), Listener(receiver))
}

impl Dialer {
    /// A new connection.
    ///
    /// # Errors
    /// `ConnectionRefused` when nobody accepts any more.
    pub fn dial(&self, identity: Identity) -> std::io::Result<DuplexStream> {
        let (ours, theirs) = tokio::io::duplex(BUFFER);
        self.0.send((theirs, identity)).map_err(|_| std::io::Error::from(std::io::ErrorKind::ConnectionRefused))?;
        Ok(ours)
    }
}

impl Listener {
    /// The next connection; `None` once every dialler is gone.
    pub async fn accept(&mut self) -> Option<Accepted> {
        self.0.recv().await
    }
}
