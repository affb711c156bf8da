//! One line of text being typed. No drawing beyond its own spans.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::text::{Line, Span};

use crate::tui::theme::Theme;

/// The text and where the cursor is, in letters.
#[derive(Clone, Debug, Default)]
pub struct Input {
    text: String,
    at: usize,
}

impl Input {
    /// A text with the cursor at its end.
    pub fn new(text: &str) -> Self {
        Self { text: text.into(), at: text.chars().count() }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Takes in a key; `false` when the key is not one of writing.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('u') if control => *self = Self::default(),
            KeyCode::Char(letter) if !control => self.insert(&letter.to_string()),
            KeyCode::Backspace if self.at > 0 => {
                self.at -= 1;
                self.text.remove(self.byte());
            }
            KeyCode::Backspace => {}
            KeyCode::Delete if self.byte() < self.text.len() => drop(self.text.remove(self.byte())),
            KeyCode::Left => self.at = self.at.saturating_sub(1),
            KeyCode::Right => self.at = (self.at + 1).min(self.text.chars().count()),
            KeyCode::Home => self.at = 0,
            KeyCode::End => self.at = self.text.chars().count(),
            _ => return false,
        }
        true
    }

    /// Puts text at the cursor; line ends are left out.
    pub fn insert(&mut self, text: &str) {
        let clean: String = text.chars().filter(|letter| !letter.is_control()).collect();
        self.text.insert_str(self.byte(), &clean);
        self.at += clean.chars().count();
    }

    fn byte(&self) -> usize {
        self.text.char_indices().nth(self.at).map_or(self.text.len(), |(byte, _)| byte)
    }

    /// The text with a visible cursor.
    pub fn line(&self, theme: Theme, lead: &str) -> Line<'static> {
        let (before, after) = self.text.split_at(self.byte());
        let mut rest = after.chars();
        let under = rest.next().unwrap_or(' ').to_string();
        Line::from(vec![
            Span::styled(lead.to_string(), theme.accent()),
            Span::raw(before.to_string()),
            Span::styled(under, theme.selected()),
            Span::raw(rest.collect::<String>()),
        ])
    }
}
