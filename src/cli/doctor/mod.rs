//! `timonel doctor`: what this machine has for Timonel, what it lacks and what to do. Must not change anything.
//!
//! One check = one function that answers a [`Finding`] and one line in [`run`].

mod engine;
mod machine;

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use super::args::ClusterArgs;

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// As it should be.
    Good,
    /// Timonel works, with less.
    Less,
    /// Timonel does not work until this is mended.
    Bad,
}

/// What a check found out.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    mark: Mark,
    about: &'static str,
    found: String,
    todo: Option<String>,
}

impl Finding {
    fn good(about: &'static str, found: impl Into<String>) -> Self {
        Self { mark: Mark::Good, about, found: found.into(), todo: None }
    }

    fn less(about: &'static str, found: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { mark: Mark::Less, about, found: found.into(), todo: Some(todo.into()) }
    }

    fn bad(about: &'static str, found: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { mark: Mark::Bad, about, found: found.into(), todo: Some(todo.into()) }
    }

    fn text(&self) -> String {
        let mark = match self.mark {
            Mark::Good => "✓",
            Mark::Less => "!",
            Mark::Bad => "✗",
        };
        let todo = self.todo.as_ref().map(|todo| format!("\n    → {todo}")).unwrap_or_default();
        format!("{mark} {}: {}{todo}", self.about, self.found)
    }
}

/// Looks at everything and says it; fails when something keeps Timonel from working.
pub async fn run(args: &ClusterArgs, data_dir: &Path) -> anyhow::Result<ExitCode> {
    let mut findings = vec![machine::data_dir(data_dir)];
    findings.extend(engine::look(args, data_dir).await);
    findings.push(machine::low_ports());
    findings.push(machine::node_ports());
    findings.push(machine::balancer_addresses());
    findings.push(machine::names());
    findings.push(machine::descriptors(std::fs::read_to_string("/proc/self/limits").ok().as_deref()));
    findings.push(machine::kubectl());
    let size = crate::tui::terminal_size();
    let env = |name: &str| std::env::var(name).unwrap_or_default();
    findings.push(machine::terminal(std::io::stdout().is_terminal(), size, &env("TERM")));
    findings.push(machine::letters(&[env("LC_ALL"), env("LC_CTYPE"), env("LANG")]));
    for finding in &findings {
        println!("{}", finding.text());
    }
    println!("\n{}", conclusion(&findings));
    let broken = findings.iter().any(|finding| finding.mark == Mark::Bad);
    Ok(if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn conclusion(findings: &[Finding]) -> &'static str {
    let any = |mark: Mark| findings.iter().any(|finding| finding.mark == mark);
    match (any(Mark::Bad), any(Mark::Less)) {
        (true, _) => "Timonel no puede arrancar así: arregla lo marcado con ✗.",
        (false, true) => "Timonel funciona; lo marcado con ! se puede mejorar.",
        (false, false) => "Todo en orden.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_what_is_and_what_to_do() {
        let finding = Finding::less("Terminal", "mide 60×20", "agrándala");
        assert_eq!(finding.text(), "! Terminal: mide 60×20\n    → agrándala");
        assert_eq!(Finding::good("Puertos", "libres").text(), "✓ Puertos: libres");
    }

    #[test]
    fn the_conclusion_is_as_bad_as_the_worst() {
        let (good, less) = (Finding::good("a", ""), Finding::less("b", "", ""));
        let bad = Finding::bad("c", "", "");
        assert_eq!(conclusion(std::slice::from_ref(&good)), "Todo en orden.");
        assert!(conclusion(&[good.clone(), less.clone()]).starts_with("Timonel funciona"));
        assert!(conclusion(&[good, less, bad]).contains('✗'));
    }
}
