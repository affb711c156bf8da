//! The generic handlers of every kind. Must not name a kind.

mod collection;
mod create;
mod delete;
mod get;
mod list;
mod modify;
mod patch;
mod token;
mod update;
mod watch;

pub(super) use collection::collection;
pub(super) use create::{create, insert};
pub(super) use delete::{DeleteOptions, delete, remove};
pub(super) use get::get;
pub(super) use list::{list, list_of};
pub(super) use modify::modify;
pub(super) use patch::patch;
pub(super) use update::update;
pub(super) use watch::watch;
