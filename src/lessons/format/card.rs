//! What is asked again on later days. Must stay plain data.

use serde::Deserialize;

use super::step::Choice;

/// A question for later days; with options it also serves the module's test.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// A situation and a question about it.
    pub question: String,
    /// A frozen cluster to look at, as kubectl would print it.
    pub scene: Option<String>,
    /// What may be answered; without options one answers in one's head and then compares.
    #[serde(default)]
    pub options: Vec<Choice>,
    /// The answer and its reason.
    pub answer: String,
}
