//! What a word of a script becomes: variables, `$(…)`, `$((…))`, and the splitting at blanks. Must not run anything but
//! what stands in `$(…)`.

use super::expand::arithmetic;
use super::lex::{Part, Word};
use super::run::Session;
use super::sink::Sink;

impl Session {
    /// Words with their expansions; unquoted ones are split at blanks.
    pub(super) async fn words(&mut self, words: &[Word]) -> Vec<String> {
        let mut all = Vec::new();
        for word in words {
            all.extend(self.word(word).await);
        }
        all
    }

    pub(super) async fn word(&mut self, word: &Word) -> Vec<String> {
        let (mut done, mut current, mut present) = (Vec::new(), String::new(), false);
        for part in &word.0 {
            let (text, quoted) = match part {
                Part::Text(text, quoted) => (text.clone(), *quoted || !text.is_empty()),
                Part::Variable(name, default, quoted) => {
                    let value = self.get(name).filter(|value| !value.is_empty() || default.is_none());
                    (value.or_else(|| default.clone()).unwrap_or_default(), *quoted)
                }
                Part::Arithmetic(expression) => (arithmetic(expression, &|name| self.get(name)).to_string(), true),
                Part::Command(script, quoted) => (Box::pin(self.output_of(script)).await, *quoted),
            };
            if quoted {
                present = true;
                current.push_str(&text);
                continue;
            }
            let mut pieces = text.split_whitespace();
            if text.starts_with(char::is_whitespace) && present {
                done.push(std::mem::take(&mut current));
                present = false;
            }
            if let Some(first) = pieces.next() {
                current.push_str(first);
                present = true;
            }
            for piece in pieces {
                done.push(std::mem::replace(&mut current, piece.to_owned()));
            }
        }
        if present {
            done.push(current);
        }
        done
    }

    async fn output_of(&mut self, script: &str) -> String {
        let mut inner = self.clone();
        let (sink, buffer) = Sink::buffer();
        inner.out = sink;
        self.status = inner.script(script).await;
        let output = String::from_utf8_lossy(&buffer.lock()).into_owned();
        output.trim_end_matches('\n').to_owned()
    }

    /// A variable, or one of the shell's own.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        match name {
            "?" => Some(self.status.to_string()),
            "$" | "!" => Some(self.world.host.process().to_string()),
            "#" => Some(self.positional.len().saturating_sub(1).to_string()),
            "@" | "*" => Some(self.positional.get(1..).unwrap_or_default().join(" ")),
            "RANDOM" => Some((self.world.clock.now().subsec_nanosecond() % 32_768).to_string()),
            _ => match name.parse::<usize>() {
                Ok(index) => self.positional.get(index).cloned(),
                Err(_) => self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()),
            },
        }
    }

    pub(super) fn set(&mut self, name: &str, value: String) {
        match self.variables.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.variables.push((name.into(), value)),
        }
    }
}
