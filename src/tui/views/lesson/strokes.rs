//! The keys of a step, which do in one stroke what a learner cannot type yet. Must not judge what they did.

use std::sync::Arc;

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use super::{Phase, Play, draw, keys};
use crate::lessons::predicate::Predicate;
use crate::lessons::view::KeyView;
use crate::tui::editor::explain::in_one;
use crate::tui::msg::Effect;
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps};

/// What who presses a key too early is told.
const WAIT: &str = "la lección se está preparando: en unos segundos podrás empezar";

/// A lesson's own key that was pressed.
#[derive(Debug)]
pub(super) struct Pressed {
    letter: char,
    /// What it does: the next step may have another of that letter.
    text: String,
    /// Whether Kubernetes refused it.
    refused: bool,
}

impl Play {
    /// A capital letter: nothing where no step of the lesson has it.
    pub(super) fn press(&mut self, letter: char, state: &State) -> Option<Steps> {
        let mut all = self.lesson.steps.iter().flat_map(|step| &step.keys);
        if !all.any(|key| key.key == letter) {
            return None;
        }
        let own = self.lesson.steps[self.session.step()].keys.iter().find(|key| key.key == letter).cloned();
        let Some(key) = own else {
            let told = format!("la tecla {letter} es de otro paso{}", self.own_keys());
            return Some(vec![Step::Say(Notice::tip(told))]);
        };
        if self.predicts_first() && self.hasty.replace(letter) != Some(letter) {
            return Some(self.ask_before(letter, state));
        }
        if self.pressed.iter().any(|pressed| pressed.letter == letter) {
            // Once more did not help: that is an attempt.
            self.session.tried();
        }
        self.pressed.push(Pressed { letter, text: key.text.clone(), refused: false });
        // What no command does is not in the log of commands.
        let logged = key.command.clone().map(Step::Log);
        let stroke = Step::Run(Effect::LessonKey(self.ticket, Arc::clone(&self.lesson), key));
        Some(logged.into_iter().chain([stroke]).collect())
    }

    /// What a key that means nothing here may have been meant for.
    pub(super) fn astray(&self, key: KeyEvent, state: &State) -> Option<String> {
        if self.phase == Phase::Preparing && !self.on_bridge {
            return Some(WAIT.into());
        }
        if self.phase != Phase::Running {
            return None;
        }
        if !self.on_bridge && state.settings.keymap.find(keys::ON_BRIDGE, key).is_some() {
            return Some("esa tecla es del puente: pasa antes con Tab".into());
        }
        let KeyCode::Char(letter) = key.code else { return None };
        let own = self.own_keys();
        (letter.is_uppercase() && !own.is_empty()).then(|| format!("la tecla {letter} no hace nada aquí{own}"))
    }

    /// Which keys the step has, to go on with.
    fn own_keys(&self) -> String {
        let own: Vec<String> = self.session.view().keys.iter().map(|key| key.key.to_string()).collect();
        match own.len() {
            0 => String::new(),
            1 => format!(": la de este paso es {}", own[0]),
            _ => format!(": las de este paso son {}", own.join(", ")),
        }
    }

    /// The last key did nothing.
    pub(super) fn in_vain(&mut self) {
        self.session.tried();
        self.was_refused();
    }

    /// What the last key asked for was refused.
    pub(super) fn was_refused(&mut self) {
        if let Some(last) = self.pressed.last_mut() {
            last.refused = true;
        }
    }

    /// Whether one of the step's keys was pressed and stands. It does not once one that comes before it was pressed behind it;
    /// nor what was refused, once something else was accepted, or while one that comes before it was not pressed.
    pub(super) fn stands(&self, key: &KeyView, keys: &[KeyView]) -> bool {
        let is = |pressed: &Pressed, key: &KeyView| (pressed.letter, &*pressed.text) == (key.key, key.text);
        let Some(at) = self.pressed.iter().rposition(|pressed| is(pressed, key)) else { return false };
        let since = &self.pressed[at + 1..];
        let before = || keys.iter().take_while(|other| other.key != key.key);
        let out_of_order = before().any(|other| since.iter().any(|pressed| is(pressed, other)));
        let all_before = before().all(|other| self.pressed.iter().any(|pressed| is(pressed, other)));
        let refused = self.pressed[at].refused && (!all_before || since.iter().any(|pressed| !pressed.refused));
        !out_of_order && !refused
    }

    /// Who was told to wait hears that it is time.
    pub(super) fn ready_now(state: &State) -> Option<Step> {
        let waited = state.notice.as_ref().is_some_and(|notice| notice.text == WAIT);
        waited.then(|| Step::Say(Notice::info("la lección está lista")))
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
