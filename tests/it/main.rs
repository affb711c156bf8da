//! The one test binary: every file of this folder is a module declared here.
//!
//! Four classes: fast (by default), `#[ignore = "needs kubectl"]`, `#[ignore = "needs Docker"]` and long ones; CI runs
//! them all.
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
