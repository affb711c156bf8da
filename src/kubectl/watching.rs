//! One object over time: how it is now, then every change, until somebody has seen enough. Must not print.

use futures::StreamExt;
use serde_json::Value;

use super::failure::Outcome;
use super::rest::{self, Ask};
use super::session::Session;

/// Shows `look` the object's states (`None` when it is not there), the first one at once, until it answers something.
/// A watch that ends, or grew too old, begins again.
pub(crate) async fn until<T: Send>(
    session: &mut Session<'_>,
    list: &str,
    name: &str,
    mut look: impl FnMut(&mut Session<'_>, Option<&Value>) -> Outcome<Option<T>> + Send,
) -> Outcome<T> {
    let ask = Ask::get(list).with("fieldSelector", format!("metadata.name={name}"));
    loop {
        let found = session.ask(ask.clone()).await?;
        if let Some(answer) = look(session, found["items"].as_array().and_then(|items| items.first()))? {
            return Ok(answer);
        }
        let version = found["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        let watch = ask.clone().with("watch", "true").with("resourceVersion", version);
        let mut events = std::pin::pin!(rest::events(session.open(watch).await?));
        while let Some(event) = events.next().await {
            let event = match event {
                Ok(event) => event,
                Err(failure) if matches!(failure.reason(), "Expired" | "Gone") => break,
                Err(failure) => return Err(failure),
            };
            let state = (event.kind != "DELETED").then_some(&event.object);
            if let Some(answer) = look(session, state)? {
                return Ok(answer);
            }
        }
    }
}
