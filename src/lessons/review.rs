//! Review: the cards that are due, mixed so that look-alikes are told apart, and the test that lets a module be skipped.
//! Must not know when a card is due: the progress does.

use std::collections::VecDeque;

use super::catalogue::Catalogue;
use super::format::{Card, Lesson};
use super::progress::CardId;

/// Cards asked in one sitting.
const SITTING: usize = 20;
/// Of so many questions of a module's test one may be wrong.
const ONE_WRONG_IN: usize = 5;

/// Due cards in the order in which to ask them: no lesson twice in a row while another has any left.
#[must_use]
pub fn interleave(due: &[CardId]) -> Vec<CardId> {
    let mut lessons: Vec<(&str, VecDeque<&CardId>)> = Vec::new();
    for card in due {
        match lessons.iter_mut().find(|(lesson, _)| *lesson == card.0) {
            Some((_, cards)) => cards.push_back(card),
            None => lessons.push((&card.0, VecDeque::from([card]))),
        }
    }
    let mut order = Vec::new();
    while order.len() < SITTING && lessons.iter().any(|(_, cards)| !cards.is_empty()) {
        order.extend(lessons.iter_mut().filter_map(|(_, cards)| cards.pop_front()).cloned());
    }
    order.truncate(SITTING);
    order
}

/// The card of a number, if the lesson still has it.
#[must_use]
pub fn card<'a>(catalogue: &'a Catalogue, (lesson, number): &CardId) -> Option<(&'a Lesson, &'a Card)> {
    let lesson = catalogue.get(lesson)?;
    Some((lesson, lesson.cards.get(*number)?))
}

/// A module's test: one question of each lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quiz {
    /// The module's number.
    pub module: String,
    /// The questions: cards with options.
    pub questions: Vec<CardId>,
    /// What was answered: right or not.
    pub answers: Vec<bool>,
}

impl Quiz {
    /// The test of a module; another seed asks other cards.
    #[must_use]
    pub fn new(catalogue: &Catalogue, module: &str, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let lessons = catalogue.lessons().iter().filter(|lesson| lesson.module_number() == module);
        let question = |lesson: &std::sync::Arc<Lesson>| {
            let with_options = |number: &usize| !lesson.cards[*number].options.is_empty();
            let numbers: Vec<usize> = (0..lesson.cards.len()).filter(with_options).collect();
            Some((lesson.id.clone(), *random.choice(&numbers)?))
        };
        Self { module: module.into(), questions: lessons.filter_map(question).collect(), answers: Vec::new() }
    }

    /// The question now; none when all were asked.
    #[must_use]
    pub fn current(&self) -> Option<&CardId> {
        self.questions.get(self.answers.len())
    }

    /// Takes in an answer.
    pub fn answer(&mut self, right: bool) {
        if self.current().is_some() {
            self.answers.push(right);
        }
    }

    /// Whether all were asked and nearly all known; a module without questions cannot be skipped.
    #[must_use]
    pub fn passed(&self) -> bool {
        let wrong = self.answers.iter().filter(|right| !**right).count();
        self.current().is_none() && !self.questions.is_empty() && wrong <= self.questions.len() / ONE_WRONG_IN
    }

    /// The lessons whose question was not known.
    #[must_use]
    pub fn to_learn(&self) -> Vec<&str> {
        let asked = self.questions.iter().zip(&self.answers);
        asked.filter(|(_, right)| !**right).map(|((lesson, _), _)| &**lesson).collect()
    }
}
