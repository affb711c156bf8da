//! How the supervisor is asked to go back to a photo of the store. Must not restore it: the hall does, between two looks
//! at its posts, while nobody acts on what they remember.

use tokio::sync::{mpsc, oneshot};

use crate::apiserver::Photo;
use crate::store::Revision;

/// Goes back to photos of the store. Clones share it.
#[derive(Clone)]
pub struct Restorer(mpsc::UnboundedSender<Errand>);

impl Restorer {
    /// With what it is asked for.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Errand>) {
        let (sender, errands) = mpsc::unbounded_channel();
        (Self(sender), errands)
    }

    /// The store's revision after it went back; nothing while etcd is off or everything ends.
    pub async fn restore(&self, photo: Photo) -> Option<Revision> {
        let (answer, restored) = oneshot::channel();
        self.0.send(Errand { photo, answer }).ok()?;
        restored.await.ok()?
    }
}

/// A photo to go back to, and who waits for it.
pub struct Errand {
    pub photo: Photo,
    pub answer: oneshot::Sender<Option<Revision>>,
}
