//! Whole-app tests in the user's language: a fixed cluster, keys in, screen out.

mod around;
mod bridge;
mod detail;
mod editor;
pub mod fixture;
mod keys;
mod lessons;
mod lists;
mod marks;
mod mouse;
mod reach;
mod scale;
mod sizes;
mod timeline;
mod tour;
mod why;
