//! What may be said of traffic, of requests to the API server, and of the screen. Must not look at any.

use std::time::Duration;

use serde::Deserialize;

use super::objects::{Bounds, State};
use super::seconds;

/// The share of requests to a service that were answered: lately, or since this condition began.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// The service.
    pub to: String,
    /// How far back to look, at most a minute.
    #[serde(default = "window", deserialize_with = "seconds")]
    pub within: Duration,
    /// All requests since this condition began, instead of the latest.
    #[serde(default)]
    pub whole: bool,
    /// At least this percentage.
    pub at_least: Option<u64>,
    /// Less than this percentage.
    pub below: Option<u64>,
}

impl Share {
    /// Whether that many of so many requests are such a share; of too few nothing can be said.
    #[must_use]
    pub fn allows(&self, sent: u64, answered: u64) -> bool {
        let Some(percent) = (answered * 100).checked_div(sent).filter(|_| sent >= Self::FEWEST) else { return false };
        self.at_least.is_none_or(|least| percent >= least) && self.below.is_none_or(|below| percent < below)
    }

    /// A share of fewer requests says nothing.
    const FEWEST: u64 = 5;
}

fn window() -> Duration {
    Duration::from_secs(2)
}

/// Requests that reached the API server.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Asked {
    /// Who asked: the user's name, or its beginning before `*`.
    pub who: Option<String>,
    /// With which program: `kubectl`, `timonel`, `otro`.
    pub client: Option<String>,
    /// The context of the second cluster; the lesson's own, if absent.
    pub cluster: Option<String>,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`.
    pub verb: Option<String>,
    /// The resource with its subresource, such as `pods` or `pods/exec`.
    pub resource: Option<String>,
    /// The namespace; any, if absent.
    #[serde(rename = "in")]
    pub namespace: Option<String>,
    /// The object's name.
    pub name: Option<String>,
    /// The HTTP status.
    pub code: Option<u16>,
    /// The HTTP status is this or more.
    pub code_at_least: Option<u16>,
    /// Count each program once.
    pub by_client: bool,
    /// Exactly so many.
    pub equals: Option<u64>,
    /// So many or more.
    pub at_least: Option<u64>,
    /// So many or fewer.
    pub at_most: Option<u64>,
}

impl Asked {
    /// What the count must be.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds { equals: self.equals, at_least: self.at_least, at_most: self.at_most }
    }
}

/// Objects that the learner opened on the screen.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Heard {
    /// Their kind; any, if absent.
    pub of: Option<String>,
    /// How they were when they were opened; anyhow, if absent.
    pub is: Option<State>,
    /// Exactly so many.
    pub equals: Option<u64>,
    /// So many or more.
    pub at_least: Option<u64>,
    /// So many or fewer.
    pub at_most: Option<u64>,
}

impl Heard {
    /// What the count must be.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds { equals: self.equals, at_least: self.at_least, at_most: self.at_most }
    }
}
