//! Delete of a collection: what its selectors cover, each as a delete of its own.

use axum::response::Response;
use futures::{StreamExt, TryStreamExt, stream};
use http::StatusCode;
use serde_json::{Value, json};

use super::super::call::Call;
use super::super::errors::ApiResult;
use super::super::respond::{Payload, Reply};
use super::super::select::Selection;
use super::delete::{DeleteOptions, remove};

/// Deletions under way at once, so that they share the store's flushes.
const PARALLEL: usize = 32;

/// Answers a delete of a collection with the objects that it covered.
pub(in super::super) async fn collection(call: &Call, bytes: &[u8]) -> ApiResult<Response> {
    let options = DeleteOptions::read(&call.params, &call.headers, bytes)?;
    let selection = Selection::from_params(&call.params, call.kind)?;
    let page = call.store().list(&call.prefix(), None, None);
    let covered = page.records.into_iter().filter(|record| selection.matches(call, record));
    let deletions = covered.map(|record| {
        let mut one = call.clone();
        record.meta.namespace().clone_into(&mut one.request.namespace);
        let options = &options;
        async move {
            match remove(&one, record.meta.name(), options).await {
                Ok((deleted, _)) => Ok(Some(deleted)),
                Err(error) if error.code() == StatusCode::NOT_FOUND => Ok(None),
                Err(error) => Err(error),
            }
        }
    });
    let deleted: Vec<Option<Value>> = stream::iter(deletions).buffered(PARALLEL).try_collect().await?;
    let list = json!({
        "kind": format!("{}List", call.kind.kind), "apiVersion": call.kind.api_version(),
        "metadata": { "resourceVersion": call.store().revision().to_string() },
        "items": deleted.into_iter().flatten().collect::<Vec<_>>(),
    });
    Ok(Reply::ok(Payload::Made(list)).render_as_json())
}
