//! The views: one file each and one line in [`ALL`]; palette and help are derived from the table. Must not do IO.

pub mod bridge;
pub mod chooser;
pub mod commands;
pub mod confirm;
pub mod contexts;
pub mod detail;
pub mod editor;
pub mod forward;
pub mod forwards;
pub mod help;
pub mod kinds;
pub mod lesson;
pub mod lessons;
pub mod logs;
pub mod master;
pub mod menu;
pub mod namespaces;
pub mod palette;
pub mod prompt;
pub mod resources;
pub mod scale;
pub mod switches;
pub mod terminal;
pub mod timeline;
pub mod tour;
pub mod why;

use std::sync::Arc;

use super::actions;
use super::keys::Binding;
use super::model::catalog::{self, Resource};
use super::model::scope::Scope;
use super::state::State;
use super::view::{Step, Steps};
use crate::base::syntax::dns_label;

/// A view as the palette and the help know it.
#[derive(Debug)]
pub struct Entry {
    /// Its name, which [`super::view::View::name`] answers.
    pub name: &'static str,
    /// Words of the palette that open it.
    pub words: &'static [&'static str],
    /// What it is for, in a line.
    pub about: &'static str,
    /// Its keys.
    pub keys: &'static [&'static [Binding]],
    /// What the palette does with the rest of the line.
    pub go: fn(&State, &str) -> Result<Steps, String>,
}

/// Every view.
pub static ALL: &[&Entry] = &[
    &bridge::ENTRY,
    &lessons::ENTRY,
    &lesson::ENTRY,
    &resources::ENTRY,
    &kinds::ENTRY,
    &detail::ENTRY,
    &why::ENTRY,
    &editor::ENTRY,
    &editor::TEMPLATES,
    &logs::ENTRY,
    &switches::ENTRY,
    &terminal::ENTRY,
    &timeline::ENTRY,
    &forwards::ENTRY,
    &contexts::ENTRY,
    &namespaces::ENTRY,
    &commands::ENTRY,
    &help::ENTRY,
    &tour::ENTRY,
    &palette::ENTRY,
    &menu::ENTRY,
    &prompt::ENTRY,
    &scale::ENTRY,
    &forward::ENTRY,
    &master::ENTRY,
    &chooser::ENTRY,
    &confirm::ENTRY,
    &LEAVE,
];

/// Leaving is a word of the palette too.
static LEAVE: Entry = Entry {
    name: "salir",
    words: &["q", "quit", "salir"],
    about: "Salir de Timonel",
    keys: &[],
    go: |_, _| Ok(vec![Step::Leave]),
};

/// A view that no word opens.
fn unreachable_by_word(_: &State, _: &str) -> Result<Steps, String> {
    Err("esa vista se abre con su tecla".into())
}

/// What a line of the palette does: a view's word, else a kind of the server, else an explanation.
pub fn go(line: &str, state: &State) -> Result<Steps, String> {
    let line = line.trim().trim_start_matches(':');
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    if let Some(meant) = state.settings.aliases.get(word).filter(|meant| meant.split(' ').next() != Some(word)) {
        return go(&format!("{meant} {rest}"), state);
    }
    if let Some(entry) = ALL.iter().find(|entry| entry.words.contains(&word)) {
        return (entry.go)(state, rest.trim());
    }
    match catalog::find(&state.catalog, word) {
        Some(kind) => list(kind, rest.trim(), state),
        None if word.is_empty() => Ok(Steps::new()),
        None => Err(unknown(word)),
    }
}

/// What to say of a word that leads nowhere; perhaps it is something that is done.
fn unknown(word: &str) -> String {
    let begins = |name: &str| word.chars().count() > 3 && name.to_lowercase().starts_with(&word.to_lowercase());
    match actions::ALL.iter().find(|doing| begins(doing.name)) {
        Some(doing) => format!("«{}» se hace sobre algo: elígelo y pulsa a (acciones)", doing.name),
        None => format!("no conozco «{word}»: ni es una vista ni un recurso de este servidor (:recursos los enseña)"),
    }
}

/// Whether a word is the name of an object of the cluster, and nothing lives in a namespace of that name.
fn is_a_name(word: &str, state: &State) -> bool {
    let cluster = &state.cluster;
    let keys = || cluster.pods.keys().chain(cluster.deployments.keys()).chain(cluster.services.keys());
    keys().any(|key| key.name == word) && !keys().any(|key| key.namespace == word)
}

/// As kubectl's users say it: `-A`, `-n tienda`; and whether it was said with a flag.
fn without_flags(text: &str) -> (String, bool) {
    let (mut words, mut plain, mut flagged) = (text.split_whitespace(), Vec::new(), false);
    while let Some(word) = words.next() {
        let meant = match word {
            "-A" | "--all-namespaces" => Some("todos"),
            "-n" | "--namespace" => Some(words.next().unwrap_or_default()),
            other => ["-n=", "--namespace="].iter().find_map(|flag| other.strip_prefix(flag)),
        };
        flagged |= meant.is_some();
        plain.push(meant.unwrap_or(word));
    }
    (plain.join(" "), flagged)
}

/// Whether a text may name namespaces.
fn may_be_namespaces(text: &str) -> bool {
    text.split(',').map(str::trim).all(|name| ["", "*"].contains(&name) || dns_label(name).is_empty())
}

/// Lists a kind: `tienda`, `tienda,default`, `todos`, `-l app=web`, `/texto`, in any order.
fn list(kind: Arc<Resource>, rest: &str, state: &State) -> Result<Steps, String> {
    let (before, filter) = rest.split_once('/').map_or((rest, None), |(before, filter)| (before, Some(filter)));
    let (before, flagged) = without_flags(before);
    let before = &*before;
    let (before, labels) = before.split_once("-l ").map_or((before, None), |(before, labels)| (before, Some(labels)));
    let labels = labels.map(|labels| labels.trim().split_once(' ').unwrap_or((labels.trim(), "")));
    let namespace =
        [before.trim(), labels.map_or("", |(_, after)| after.trim())].into_iter().find(|text| !text.is_empty());
    let filter = match (labels, filter) {
        (None, None) => None,
        (Some((labels, _)), filter) => Some(format!("-l {labels} {}", filter.unwrap_or_default())),
        (None, Some(filter)) => Some(filter.to_string()),
    };
    // `:deploy tienda`, where tienda is no namespace but a name: that one is meant.
    let meant = namespace.filter(|word| !flagged && kind.namespaced && is_a_name(word, state));
    let (namespace, filter) = if meant.is_some() { (None, meant.map(str::to_owned)) } else { (namespace, filter) };
    if let Some(other) = namespace.filter(|text| !may_be_namespaces(text)) {
        let word = &kind.plural;
        return Err(format!(
            "«{other}» no es un namespace: prueba :{word} NAMESPACE, :{word} -A, :{word} -l app=web o :{word} /texto"
        ));
    }
    let scope = namespace.filter(|_| kind.namespaced).map(Scope::read);
    let scope = scope.filter(|scope| scope != &state.scope).map(Step::Scope);
    Ok(scope.into_iter().chain([Step::Push(resources::open(kind, filter))]).collect())
}
