//! What a field is: types, list-map keys, patch strategies, descriptions, protobuf numbers.
//! Feeds discovery documents, strict decoding, merges, explain and the codec. Must not know any kind by name.

pub mod apply;
pub mod describe;
pub mod diff;
pub mod godump;
pub mod json;
pub mod merge;
pub mod openapi;
pub mod protobuf;
pub mod types;
pub mod yaml;

mod check;
mod document;

pub use check::{Checked, check};
