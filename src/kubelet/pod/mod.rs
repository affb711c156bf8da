//! The life of one pod, decided without IO: what is known, what to do next, what to report. Must not await anything.

pub(crate) mod backoff;
pub(crate) mod conditions;
pub(crate) mod containers;
pub(crate) mod plan;
pub(crate) mod spec;
pub(crate) mod state;
pub(crate) mod status;

#[cfg(test)]
mod fixtures;
