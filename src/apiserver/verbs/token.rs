//! The opaque token of `continue`: where a list goes on and which revision it shows. Must not read the store.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::super::errors::{ApiError, ApiResult};
use crate::store::Revision;

/// The form of the token, so that a later one can be told apart.
const FORM: &str = "meta.k8s.io/v1";

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Continue {
    v: String,
    /// The revision that every page shows; 0 for «whatever is now» after the first one expired.
    pub(super) rv: Revision,
    /// The last key already given, without the list's prefix.
    pub(super) after: String,
}

impl Continue {
    pub(super) fn new(rv: Revision, after: &str) -> Self {
        Self { v: FORM.into(), rv, after: after.into() }
    }

    pub(super) fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    pub(super) fn decode(text: &str) -> ApiResult<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let token = bytes.and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        let valid = token.filter(|token| token.v == FORM && !token.after.contains(".."));
        valid.ok_or_else(|| ApiError::bad_request("continue key is not valid: incorrect encoded start resourceVersion"))
    }
}
