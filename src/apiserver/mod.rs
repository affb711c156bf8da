//! Kinds + schema + store → one router that speaks the Kubernetes API. Must not decide what controllers decide.
//!
//! | file | what it is for |
//! |---|---|
//! | `request`, `params`, `body`, `negotiate` | what is asked: path and verb, query, body, form of the answer |
//! | `dispatch`, `call`, `resource` | who answers: one request from its identity to its audit |
//! | `verbs/` | the generic handlers of every kind: create, get, list, watch, update, patch, delete |
//! | `subresource/` | views of an object (status, scale, …) and actions on it (binding, eviction, token) |
//! | `admission/` | what may change or refuse a write, in Kubernetes' order |
//! | `access`, `authn`, `tokens`, `authz/`, `audit` | who asks, whether they may, and what is told of it |
//! | `pki`, `listen`, `kubeconfig` | certificates, the pipe and TLS, and how others find us |
//! | `components`, `discovery`, `openapi`, `health`, `metrics`, `table` | what the server says of itself and of its objects |
//! | `streams` | the audit and the history as lines of JSON |
//! | `photo` | everything that etcd holds at a moment, and back to it |
//! | `managed` | who owns which field |
//! | `nodes`, `proxy/`, `usage/` | the way to kubelets and pods, and what they say they use |
//! | `gate` | etcd and the API server switched off, as requests feel it |
//! | `meta`, `object`, `errors`, `respond` | objects as JSON, stored bytes, `Status`, answers |
//! | `bootstrap` | the objects that every cluster starts with |

mod access;
mod admission;
mod audit;
mod authn;
mod authz;
mod body;
mod bootstrap;
mod call;
mod components;
mod discovery;
mod dispatch;
mod errors;
mod gate;
mod health;
pub mod kubeconfig;
pub mod listen;
mod managed;
mod meta;
mod metrics;
mod negotiate;
mod nodes;
mod object;
mod openapi;
mod params;
mod photo;
pub mod pki;
mod proxy;
mod request;
mod resource;
mod respond;
mod select;
mod server;
mod streams;
mod subresource;
mod table;
mod tokens;
mod usage;
mod verbs;

pub use access::{Access, Authorization, StaticTokens};
pub use audit::{Audit, Entry};
pub use errors::ApiError;
pub use gate::Gate;
pub use meta::Meta;
pub use nodes::Nodes;
pub use photo::Photo;
pub use server::{ApiServer, Config};
pub use tokens::legacy_token;
