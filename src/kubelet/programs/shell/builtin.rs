//! Commands that change the shell itself, and those that run another command. Must not be programs of their own: a
//! container has no file for them.

use super::run::{Leave, Session};
use super::{applets, is_shell};

impl Session {
    /// Commands that change the shell itself; anything else is a program.
    pub(super) async fn built_in(&mut self, words: &[String]) -> i32 {
        let argument = words.get(1).map(String::as_str);
        match words[0].as_str() {
            "exit" => {
                self.leave = Some(Leave::Exit);
                argument.and_then(|code| code.parse().ok()).unwrap_or(self.status) & 0xff
            }
            "break" => self.leaving(Leave::Break),
            "continue" => self.leaving(Leave::Continue),
            "cd" => self.change_directory(argument),
            "export" | "local" | "readonly" => {
                for (name, value) in words[1..].iter().filter_map(|word| word.split_once('=')) {
                    self.set(name, value.to_owned());
                }
                0
            }
            "unset" => {
                self.variables.retain(|(name, _)| !words[1..].contains(name));
                0
            }
            "trap" => self.set_trap(&words[1..]),
            "set" | ":" | "wait" => 0,
            "exec" => {
                let code = Box::pin(self.program(&words[1..])).await;
                self.leave = Some(Leave::Exit);
                code
            }
            "timeout" => {
                let Some(limit) = argument.and_then(applets::seconds) else {
                    return self.fail("timeout", format_args!("invalid number '{}'", argument.unwrap_or_default()));
                };
                let mut inner = self.clone();
                let command = words[2..].to_vec();
                let ended = tokio::time::timeout(limit, Box::pin(inner.program(&command))).await;
                // SIGTERM, as `timeout` sends it.
                ended.unwrap_or(143)
            }
            "eval" => Box::pin(self.script(&words[1..].join(" "))).await,
            name if is_shell(name) => {
                let mut inner = self.clone();
                Box::pin(inner.program(words)).await
            }
            _ => self.applet(words).await,
        }
    }

    fn change_directory(&mut self, to: Option<&str>) -> i32 {
        let to = to.map_or_else(|| self.get("HOME").unwrap_or_else(|| "/".into()), Into::into);
        let path = self.path(&to);
        if self.world.files.list(&path).is_none() {
            self.err.line(format_args!("sh: cd: can't cd to {to}: No such file or directory"));
            return 1;
        }
        self.directory = path;
        0
    }

    /// `trap SCRIPT SIGNAL…`: only SIGTERM is ever sent here.
    fn set_trap(&mut self, words: &[String]) -> i32 {
        let of_term = |signal: &String| ["TERM", "SIGTERM", "15"].contains(&signal.as_str());
        if let [script, signals @ ..] = words
            && signals.iter().any(of_term)
        {
            *self.trap.lock() = Some(script.clone()).filter(|script| script != "-");
        }
        0
    }

    fn leaving(&mut self, how: Leave) -> i32 {
        self.leave = Some(how);
        0
    }
}
