//! Moves bytes between pods, services and the outside. Must not choose endpoints: controllers do.

pub mod dns;
pub mod embedded;
mod feed;
pub mod guest;
pub mod host;
pub mod ingress;
pub mod links;
pub mod policy;
pub mod prober;
pub mod services;
pub mod table;
