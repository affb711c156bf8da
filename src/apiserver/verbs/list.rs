//! List: stored bytes joined, page by page. Must not parse objects unless a view asks for it.

use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::super::Meta;
use super::super::call::Call;
use super::super::errors::{ApiError, ApiResult};
use super::super::negotiate::{Syntax, View};
use super::super::params::Params;
use super::super::respond;
use super::super::select::Selection;
use super::super::table::Tabler;
use super::token::Continue;
use crate::store::{Page, Record, Revision};

/// What a list shows, and what is left of it.
struct Listing {
    records: Vec<Record<Meta>>,
    revision: Revision,
    next: Option<String>,
    remaining: Option<usize>,
}

/// Which revision a list must show.
enum At {
    Now,
    NotBefore(Revision),
    Exactly(Revision),
}

/// Answers a list.
pub(in super::super) fn list(call: &Call) -> ApiResult<Response> {
    let listing = listing(call)?;
    let (media, bytes) = match (call.form.view, call.form.syntax) {
        (View::Whole, Syntax::Json) if call.shows_stored() => (respond::JSON, join(call, &listing)),
        (View::Table(version), Syntax::Json) => {
            let values = listing.records.iter().map(|record| call.read(&record.value.bytes()));
            (respond::JSON, Tabler::new(call, version)?.written(&metadata(&listing), values)?)
        }
        _ => respond::write(call.form, &made(call, &listing)?),
    };
    Ok(respond::finish(StatusCode::OK, media, bytes, &[]))
}

fn listing(call: &Call) -> ApiResult<Listing> {
    let selection = Selection::from_params(&call.params, call.kind)?;
    let limit = call.params.int("limit")?.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    let token = call.params.get("continue").map(Continue::decode).transpose()?;
    let prefix = selection.prefix(call);
    let at = at(call, token.as_ref(), limit.is_some())?;
    let after = token.map(|token| format!("{prefix}{}", token.after));
    let wanted = if selection.is_everything() { limit } else { None };
    let page = page(call, &prefix, after.as_deref(), wanted, &at)?;
    Ok(select(call, page, &selection, limit, &prefix))
}

fn page(call: &Call, prefix: &str, after: Option<&str>, limit: Option<usize>, at: &At) -> ApiResult<Page<Meta>> {
    let store = call.store();
    match *at {
        At::NotBefore(revision) | At::Exactly(revision) if revision > store.revision() => {
            Err(ApiError::too_large_version(revision, store.revision()))
        }
        At::Now | At::NotBefore(_) => Ok(store.list(prefix, after, limit)),
        At::Exactly(revision) => store.list_at(prefix, after, limit, revision).map_err(|too_old| match after {
            None => {
                ApiError::expired(format!("The resourceVersion for the provided list is too old. ({})", too_old.oldest))
            }
            Some(after) => {
                let fresh = Continue::new(0, after.strip_prefix(prefix).unwrap_or_default());
                ApiError::expired(EXPIRED_CONTINUE).with_continue(fresh.encode())
            }
        }),
    }
}

/// The text of an expired `continue` (apiserver `handleCompactedErrorForPaging`).
const EXPIRED_CONTINUE: &str = "The provided continue parameter is too old to display a consistent list result. \
     You can start a new list without the continue parameter, or use the continue token in this response to retrieve \
     the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that \
     were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

fn select(call: &Call, page: Page<Meta>, selection: &Selection, limit: Option<usize>, prefix: &str) -> Listing {
    let Page { mut records, revision, mut remaining } = page;
    let everything = selection.is_everything();
    if !everything {
        records.retain(|record| selection.matches(call, record));
        if let Some(limit) = limit.filter(|limit| *limit < records.len()) {
            remaining = records.len() - limit;
            records.truncate(limit);
        }
    }
    let last =
        records.last().filter(|_| remaining > 0).map(|record| record.key.strip_prefix(prefix).unwrap_or_default());
    let next = last.map(|last| Continue::new(revision, last).encode());
    Listing { remaining: next.as_ref().filter(|_| everything).map(|_| remaining), records, revision, next }
}

fn at(call: &Call, token: Option<&Continue>, paged: bool) -> ApiResult<At> {
    let asked = call.params.get("resourceVersion");
    let rule = call.params.get("resourceVersionMatch");
    if let Some(token) = token {
        if asked.is_some_and(|version| version != "0") {
            return Err(ApiError::bad_request("specifying resource version is not allowed when using continue"));
        }
        return Ok(if token.rv == 0 { At::Now } else { At::Exactly(token.rv) });
    }
    match_rule(&call.params)?;
    match (revision(asked)?, rule) {
        (None | Some(0), _) => Ok(At::Now),
        (Some(revision), Some("Exact")) => Ok(At::Exactly(revision)),
        (Some(revision), None) if paged => Ok(At::Exactly(revision)),
        (Some(revision), _) => Ok(At::NotBefore(revision)),
    }
}

/// Refuses misuse of `resourceVersionMatch` on a list.
fn match_rule(params: &Params) -> ApiResult<()> {
    const FIELD: &str = "resourceVersionMatch";
    let refuse = |text: &str| Err(ApiError::invalid_options("ListOptions", FIELD, text));
    match (params.get(FIELD), params.get("resourceVersion")) {
        (Some("Exact"), Some("0")) => {
            refuse("Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")
        }
        (None, _) | (Some("Exact" | "NotOlderThan"), Some(_)) => Ok(()),
        (Some("Exact" | "NotOlderThan"), None) => {
            refuse("Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided")
        }
        (Some(other), _) => {
            refuse(&format!("Unsupported value: {other:?}: supported values: \"\", \"Exact\", \"NotOlderThan\""))
        }
    }
}

/// A `resourceVersion` of the query.
pub(super) fn revision(text: Option<&str>) -> ApiResult<Option<Revision>> {
    let parse = |text: &str| {
        text.parse().map_err(|_| {
            let why = format!("strconv.ParseUint: parsing {text:?}: invalid syntax");
            ApiError::bad_request(format!("invalid resource version {text:?}: {why}"))
        })
    };
    text.map(parse).transpose()
}

fn metadata(listing: &Listing) -> Value {
    let mut metadata = json!({ "resourceVersion": listing.revision.to_string() });
    if let Some(next) = &listing.next {
        metadata["continue"] = next.as_str().into();
    }
    if let Some(remaining) = listing.remaining {
        metadata["remainingItemCount"] = remaining.into();
    }
    metadata
}

/// The list's JSON around the stored bytes of its items.
fn join(call: &Call, listing: &Listing) -> Bytes {
    let (kind, version) = (call.kind.kind, call.kind.api_version());
    let head = format!(
        "{{\"kind\":\"{kind}List\",\"apiVersion\":\"{version}\",\"metadata\":{},\"items\":[",
        metadata(listing)
    );
    let size = listing.records.iter().map(|record| record.value.len() + 1).sum::<usize>();
    let mut bytes = Vec::with_capacity(head.len() + size + 2);
    bytes.extend_from_slice(head.as_bytes());
    for (index, record) in listing.records.iter().enumerate() {
        if index > 0 {
            bytes.push(b',');
        }
        bytes.extend_from_slice(&record.value.bytes());
    }
    bytes.extend_from_slice(b"]}\n");
    bytes.into()
}

fn made(call: &Call, listing: &Listing) -> ApiResult<Value> {
    let metadata_only = matches!(call.form.view, View::Partial(_)) && call.shows_stored();
    let read = |record: &Record<Meta>| match metadata_only {
        true => respond::parse_metadata(&record.value.bytes()),
        false => call.read(&record.value.bytes()),
    };
    let values = listing.records.iter().map(read);
    viewed(call, &metadata(listing), values)
}

/// Answers a list of objects that are not stored.
pub(in super::super) fn list_of(call: &Call, items: Vec<Value>) -> ApiResult<Response> {
    let list = viewed(call, &json!({}), items.into_iter().map(Ok))?;
    let (media, bytes) = respond::write(call.form, &list);
    Ok(respond::finish(StatusCode::OK, media, bytes, &[]))
}

/// A list in the view asked for.
fn viewed(call: &Call, metadata: &Value, values: impl Iterator<Item = ApiResult<Value>>) -> ApiResult<Value> {
    Ok(match call.form.view {
        View::Table(version) => {
            let tabler = Tabler::new(call, version)?;
            let values: Vec<Value> = values.collect::<ApiResult<_>>()?;
            let rows: Vec<_> = values.iter().map(|value| tabler.row(value)).collect();
            tabler.table(metadata, true, &rows)
        }
        View::Partial(version) => {
            let items: Vec<Value> =
                values.map(|value| value.map(|value| respond::partial(value, version))).collect::<ApiResult<_>>()?;
            let api_version = format!("meta.k8s.io/{version}");
            json!({ "kind": "PartialObjectMetadataList", "apiVersion": api_version, "metadata": metadata, "items": items })
        }
        View::Whole => {
            let items: Vec<Value> = values.collect::<ApiResult<_>>()?;
            let kind = format!("{}List", call.kind.kind);
            json!({ "kind": kind, "apiVersion": call.kind.api_version(), "metadata": metadata, "items": items })
        }
    })
}
