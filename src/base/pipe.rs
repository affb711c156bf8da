//! In-memory connections: one side dials, the other accepts. Must not know what is spoken over them.
//!
//! Each connection carries the identity of its dialler, as a client certificate does over TLS. A plain request needs no
//! connection: it is handed over as it is, without HTTP's writing and parsing.

use std::io;

use bytes::Bytes;
use futures::StreamExt;
use futures::channel::mpsc;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use tokio::io::DuplexStream;
use tokio::sync::oneshot;

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

/// A body of a request or an answer in memory.
pub type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// What the dialling end sent.
#[derive(Debug)]
pub enum Accepted {
    /// A connection and who dialled it.
    Connection(DuplexStream, Identity),
    /// One request without a connection, whose caller is in its extensions.
    Request(Box<Asked>),
}

/// A request and where its answer goes; one that is dropped instead tells the caller that nobody answers.
#[derive(Debug)]
pub struct Asked {
    /// What is asked.
    pub request: Request<Body>,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Response<Body>>,
}

/// The dialling end. Clones dial the same listener.
#[derive(Clone, Debug)]
pub struct Dialer(mpsc::UnboundedSender<Accepted>);

/// The accepting end.
#[derive(Debug)]
pub struct Listener(mpsc::UnboundedReceiver<Accepted>);

/// A pair of ends.
#[must_use]
pub fn pipe() -> (Dialer, Listener) {
    let (sender, receiver) = mpsc::unbounded();
    (Dialer(sender), Listener(receiver))
}

impl Dialer {
    /// A new connection.
    ///
    /// # Errors
    /// `ConnectionRefused` when nobody accepts any more.
    pub fn dial(&self, identity: Identity) -> io::Result<DuplexStream> {
        let (ours, theirs) = tokio::io::duplex(BUFFER);
        self.send(Accepted::Connection(theirs, identity))?;
        Ok(ours)
    }

    /// Asks without a connection: what is said and answered is not written out and read again.
    ///
    /// # Errors
    /// `ConnectionRefused` when nobody accepts any more, `ConnectionReset` when nobody answered.
    pub async fn ask(&self, mut request: Request<Body>, identity: Identity) -> io::Result<Response<Body>> {
        request.extensions_mut().insert(identity);
        let (answer, answered) = oneshot::channel();
        self.send(Accepted::Request(Box::new(Asked { request, answer })))?;
        answered.await.map_err(|_| io::Error::from(io::ErrorKind::ConnectionReset))
    }

    fn send(&self, sent: Accepted) -> io::Result<()> {
        self.0.unbounded_send(sent).map_err(|_| io::Error::from(io::ErrorKind::ConnectionRefused))
    }
}

impl Listener {
    /// The next connection or request; `None` once every dialler is gone.
    pub async fn accept(&mut self) -> Option<Accepted> {
        self.0.next().await
    }

    /// The next connection, for those who answer nothing without one; `None` once every dialler is gone.
    pub async fn accept_connection(&mut self) -> Option<DuplexStream> {
        loop {
            if let Accepted::Connection(stream, _) = self.accept().await? {
                return Some(stream);
            }
        }
    }
}
