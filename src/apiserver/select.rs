//! Label and field selectors of a request, applied to what is known of stored objects. Must not parse objects.

use std::sync::Arc;

use serde_json::json;

use super::Meta;
use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::params::Params;
use crate::base::selector::{FieldSelector, Selector};
use crate::kinds::Kind;
use crate::store::{Event, Place, Record, Wants};

/// Which objects a list, watch or deletion covers.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    labels: Selector,
    fields: Option<FieldSelector>,
}

impl Selection {
    /// From `?labelSelector=` and `?fieldSelector=`; fields that the kind does not offer are refused.
    pub(super) fn from_params(params: &Params, kind: &Kind) -> ApiResult<Self> {
        let labels = match params.get("labelSelector") {
            Some(text) => Selector::parse(text).map_err(|error| ApiError::bad_request(error.to_string()))?,
            None => Selector::everything(),
        };
        let fields = params
            .get("fieldSelector")
            .map(|text| FieldSelector::parse(text).map_err(|error| ApiError::bad_request(error.to_string())));
        let fields = fields.transpose()?;
        if let Some(fields) = &fields {
            supported(fields, kind)?;
        }
        Ok(Self { labels, fields })
    }

    /// The same, of one name alone; an empty one is no restriction.
    pub(super) fn only(mut self, name: &str) -> ApiResult<Self> {
        if !name.is_empty() {
            let one = FieldSelector::parse(&format!("metadata.name={name}"));
            self.fields = Some(one.map_err(|error| ApiError::bad_request(error.to_string()))?);
        }
        Ok(self)
    }

    /// Whether every object is covered.
    pub(super) fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_none()
    }

    /// Whether an object is covered.
    pub(super) fn matches(&self, call: &Call, record: &Record<Meta>) -> bool {
        let meta = &record.meta;
        if self.fields.is_some() && !call.shows_stored() {
            // Field names differ between versions: read what the asked one calls them.
            return call.read(&record.value.bytes()).is_ok_and(|value| self.matches_meta(&Meta::of(call.kind, &value)));
        }
        self.matches_meta(meta)
    }

    /// Which events concern a watcher of this selection, where that can be said from what is known of stored objects:
    /// those before or after which an object is covered.
    pub(super) fn picker(&self, call: &Call) -> Option<Wants<Meta>> {
        if self.is_everything() || !call.shows_stored() {
            return None;
        }
        let selection = self.clone();
        let picks = move |event: &Event<Meta>| {
            let before = event.previous.as_ref().is_some_and(|previous| selection.matches_meta(&previous.meta));
            before || selection.matches_meta(&event.record.meta)
        };
        Some(Wants { picks: Arc::new(picks), place: self.place() })
    }

    /// The place that a condition on a field names, such as the node of a kubelet's pods.
    fn place(&self) -> Option<Place<Meta>> {
        let fields = self.fields.as_ref()?;
        let named = fields.requirements().iter().find(|it| it.equal && !it.path.starts_with("metadata."))?;
        let path: Arc<str> = named.path.as_str().into();
        let read = Arc::clone(&path);
        let of: Arc<dyn Fn(&Meta) -> &str + Send + Sync> = Arc::new(move |meta: &Meta| meta.text(&read));
        Some(Place { by: path, of, name: named.value.as_str().into() })
    }

    fn matches_meta(&self, meta: &Meta) -> bool {
        (self.labels.is_empty() || meta.matches(&self.labels))
            && self.fields.as_ref().is_none_or(|fields| fields.matches_text(|path| meta.text(path)))
    }

    /// The keys that can match: one name's when the selector says so (and those that begin like it).
    pub(super) fn prefix(&self, call: &Call) -> String {
        let whole = call.prefix();
        let one_place = !call.kind.namespaced || !call.request.namespace.is_empty();
        match self.name().filter(|_| one_place) {
            Some(name) => whole + name,
            None => whole,
        }
    }

    /// The one name that can match, when the selector says so.
    fn name(&self) -> Option<&str> {
        let requirements = self.fields.as_ref()?.requirements();
        requirements.iter().find(|one| one.equal && one.path == "metadata.name").map(|one| one.value.as_str())
    }
}

/// The paths that a kind offers come from its own table: what it answers for an empty object.
fn supported(fields: &FieldSelector, kind: &Kind) -> ApiResult<()> {
    let offered = kind.rules.fields(&json!({}));
    for requirement in fields.requirements() {
        let path = requirement.path.as_str();
        if !matches!(path, "metadata.name" | "metadata.namespace") && !offered.iter().any(|(name, _)| *name == path) {
            return Err(ApiError::bad_request(format!("field label not supported: {path}")));
        }
    }
    Ok(())
}
