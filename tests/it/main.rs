//! The one test binary: every file of this folder is a module declared here.
//!
//! Three classes: fast (by default), `#[ignore = "needs kubectl"]` and `#[ignore = "needs Docker"]`, which CI runs too.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod api;
mod architecture;
mod clients;
mod control;
mod dashboard;
mod docker;
mod durability;
mod endtoend;
mod engine;
mod golden;
mod kubectl;
mod kubelet;
mod lessons;
mod many_pods;
mod refusals;
mod server;
mod switchboard;
