//! The keys of a step, which do in one stroke what a learner cannot type yet. Must not judge what they did.

use std::sync::Arc;

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use super::{Phase, Play, draw, keys};
use crate::lessons::predicate::Predicate;
use crate::tui::editor::explain::in_one;
use crate::tui::msg::Effect;
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps};

impl Play {
    /// A capital letter: nothing where no step of the lesson has it.
    pub(super) fn press(&mut self, letter: char, state: &State) -> Option<Steps> {
        let mut all = self.lesson.steps.iter().flat_map(|step| &step.keys);
        if !all.any(|key| key.key == letter) {
            return None;
        }
        let own = self.lesson.steps[self.session.step()].keys.iter().find(|key| key.key == letter).cloned();
        let Some(key) = own else {
            return Some(vec![Step::Say(Notice::tip(format!("la tecla {letter} es de otro paso")))]);
        };
        if self.predicts_first() && self.hasty.replace(letter) != Some(letter) {
            return Some(self.ask_before(letter, state));
        }
        if self.pressed.iter().any(|(pressed, _)| *pressed == letter) {
            // Once more did not help: that is an attempt.
            self.session.tried();
        }
        self.pressed.push((letter, key.text.clone()));
        // What no command does is not in the log of commands.
        let logged = key.command.clone().map(Step::Log);
        let stroke = Step::Run(Effect::LessonKey(self.ticket, Arc::clone(&self.lesson), key));
        Some(logged.into_iter().chain([stroke]).collect())
    }

    /// What a key that means nothing here may have been meant for.
    pub(super) fn astray(&self, key: KeyEvent, state: &State) -> Option<String> {
        if self.phase != Phase::Running {
            return None;
        }
        if !self.on_bridge && state.settings.keymap.find(keys::ON_BRIDGE, key).is_some() {
            return Some("esa tecla es del puente: pasa antes con Tab".into());
        }
        let KeyCode::Char(letter) = key.code else { return None };
        let own: Vec<String> = self.session.view().keys.iter().map(|key| key.key.to_string()).collect();
        let which = if own.len() == 1 { "la de este paso es" } else { "las de este paso son" };
        let told = format!("la tecla {letter} no hace nada aquí: {which} {}", own.join(", "));
        (letter.is_uppercase() && !own.is_empty()).then_some(told)
    }

    /// Whether the step begins with a prediction that was not made: what the key shows would be its answer.
    pub(super) fn predicts_first(&self) -> bool {
        let goals = &self.lesson.steps[self.session.step()].goals;
        let begins = matches!(goals.first().map(|goal| &goal.when), Some(Predicate::Answered(_)));
        begins && self.pending().is_some()
    }

    /// Who has not predicted is asked to, once: the same key again does it all the same.
    pub(super) fn ask_before(&mut self, letter: char, state: &State) -> Steps {
        self.follow = true;
        let way = if self.on_bridge { "Tab, y responde" } else { "responde" };
        self.on_bridge = self.on_bridge && draw::wide(state.size);
        let told = format!("antes, {way} la predicción; {letter} otra vez lo hace sin ella");
        vec![Step::Say(Notice::tip(told))]
    }
}

/// What a refusal means, and its own words.
pub(super) fn refusal(text: &str) -> String {
    let told = in_one(text).unwrap_or_else(|| format!("«{}»", text.lines().next().unwrap_or_default()));
    format!("Kubernetes lo rechaza. {told}")
}
