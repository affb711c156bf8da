//! The map of the house: one line a room, from the ground up; imports only point down.
//!
//! Everything above the store is a client of one API through one type, `kube::Client`. That is why the same
//! dashboard watches our embedded cluster and a real one. `tests/it/architecture.rs` holds this map to the code:
//! a room imports only rooms of lower layers, and the rooms of L3 never import each other.
//!
//! | layer | room | what it is for |
//! |---|---|---|
//! | L0 | [`base`] | clock, tasks, names, pipe, quantity, selector, hints |
//! | L1 | [`client`] | the only builder of `kube::Client`; informers, work queue and event recorder on top of it |
//! | L1 | [`kinds`] | what a kind is: names, columns, defaults, validation; no IO |
//! | L1 | [`schema`] | what a field is: types, list keys, patch strategies, protobuf numbers; no IO |
//! | L1 | [`store`] | revisions, list, watch over opaque bytes; knows no kind |
//! | L2 | [`apiserver`] | kinds + schema + store → one axum router |
//! | L3 | [`controllers`] | the controller manager: pure plans, thin reconciles |
//! | L3 | [`scheduler`] | chooses a node for each pod, with reasons |
//! | L3 | [`kubelet`] | runs the pods of one node over a runtime: embedded or Docker |
//! | L3 | [`network`] | moves bytes between pods, services and the outside |
//! | L3 | [`kubectl`] | kubectl's commands, in-process, against any cluster |
//! | L3 | [`lessons`] | catalogue, conditions over history, session, content check |
//! | L4 | [`tui`] | the terminal: update, draw, views |
//! | L4 | [`cluster`] | composition root: puts the parts together and stops them in order |
//! | L5 | [`cli`] | arguments and modes of the binary |

pub mod base;
pub mod client;
pub mod kinds;
pub mod schema;
pub mod store;

pub mod apiserver;

pub mod controllers;
pub mod kubectl;
pub mod kubelet;
pub mod lessons;
pub mod network;
pub mod scheduler;

pub mod cluster;
pub mod tui;

pub mod cli;
