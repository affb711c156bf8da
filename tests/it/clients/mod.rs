//! Clients as people have them, against the real binary over TLS: kubectl of several versions, kube-rs, many watchers.

mod kube_rs;
mod kubectl;
mod limits;
