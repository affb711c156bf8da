//! Catalogue, format, conditions over history, session and content check of the lessons. Must not draw.
//!
//! A lesson is a folder of `lessons/` with a `leccion.yaml`; nothing of a lesson is in Rust. Everything that happens
//! while it runs is a [`Moment`]; the [`Session`] is a pure state machine over moments, fed by the [`shell`].
//!
//! | file | what it is for |
//! |---|---|
//! | `format` | what a lesson file holds |
//! | `catalogue`, `course` | the embedded lessons, or those of a folder; the plan, the glossary, the notes |
//! | `lint` | what is wrong with a lesson before anybody plays it |
//! | `predicate`, `path` | conditions as data |
//! | `world` | what happened, and how things stand after it |
//! | `monitor` | a condition followed over time: pure |
//! | `session`, `help`, `tale`, `view` | a learner in a lesson: pure, and what is shown of it |
//! | `refusal` | what the server's refusals have in common |
//! | `progress`, `record`, `certificate` | what the learner has done, in files |
//! | `review` | cards of today, and the test that lets a module be skipped |
//! | `teacher`, `scaffold` | for who teaches, and for who writes lessons |
//! | `shell`, `apply`, `recorder`, `traffic` | sets a lesson up and tells its session what happens |
//! | `deeds`, `fill` | does through the API what a learner does; what only the live cluster can tell it |
//! | `script`, `check` | plays solutions and anti-solutions against fresh clusters |

pub mod apply;
pub mod catalogue;
pub mod certificate;
pub mod check;
pub mod clear;
pub mod course;
pub mod deeds;
mod fill;
pub mod format;
pub mod help;
pub mod lint;
mod monitor;
mod observe;
pub mod path;
pub mod predicate;
pub mod progress;
pub mod record;
mod recorder;
pub mod refusal;
pub mod review;
pub mod scaffold;
mod script;
pub mod session;
pub mod shell;
mod tale;
pub mod teacher;
pub mod traffic;
pub mod view;
pub mod world;

#[cfg(test)]
mod tests;

pub use catalogue::Catalogue;
pub use format::Lesson;
pub use session::Session;
pub use view::View;
pub use world::{Change, Moment};
