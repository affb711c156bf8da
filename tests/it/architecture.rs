//! Holds the map of `src/lib.rs` to the code: layers, crates in their rooms, no forgotten file, a head on each module.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// Room → layer. A room imports only rooms of lower layers, and itself.
const LAYERS: &[(&str, u8)] = &[
    ("base", 0),
    ("client", 1),
    ("kinds", 1),
    ("schema", 1),
    ("store", 1),
    ("apiserver", 2),
    ("controllers", 3),
    ("scheduler", 3),
    ("kubelet", 3),
    ("network", 3),
    ("lessons", 3),
    ("kubectl", 3),
    ("tui", 4),
    ("cluster", 4),
    ("cli", 5),
    ("main", 6),
    ("lib", 7),
];

/// Imports that a layer alone would allow: (room, room that it must not import, why).
const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    ("controllers", &["store", "apiserver"], "a controller is a client"),
    ("scheduler", &["store", "apiserver"], "the scheduler is a client"),
    ("kubelet", &["store", "apiserver"], "a kubelet is a client"),
    ("network", &["store", "apiserver"], "the network is a client"),
    ("lessons", &["store", "apiserver"], "lessons are clients"),
    ("kubectl", &["store", "apiserver"], "kubectl is a client"),
    ("tui", &["store", "apiserver", "controllers", "scheduler", "kubelet", "network"], "the dashboard is a client"),
];

/// Crate → the path prefixes that may name it.
const CRATES: &[(&str, &[&str])] = &[
    ("ratatui", &["tui/"]),
    ("crossterm", &["tui/"]),
    ("tui_textarea", &["tui/"]),
    ("vt100", &["tui/views/terminal.rs"]),
    ("portable_pty", &["tui/effects/sessions/"]),
    ("bollard", &["kubelet/docker/"]),
    ("axum", &["apiserver/", "kubelet/server.rs", "kubelet/server/", "network/"]),
    ("hickory_proto", &["network/dns/", "kubelet/programs/"]),
    ("sled", &["store/sled_backend.rs"]),
    ("rcgen", &["apiserver/", "network/ingress/"]),
    ("clap", &["cli.rs", "cli/", "main.rs", "kubectl/"]),
];

struct Source {
    /// Path below `src/`, with forward slashes.
    path: String,
    text: String,
}

impl Source {
    fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn is_test(&self) -> bool {
        self.path.ends_with("tests.rs") || self.path.contains("/tests/")
    }

    /// The code without comment lines, which may speak of anything.
    fn code(&self) -> String {
        self.text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    walk(&root(), &mut paths);
    paths.sort();
    let source = |path: &PathBuf| Source {
        path: path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/"),
        text: fs::read_to_string(path).unwrap(),
    };
    paths.iter().map(source).collect()
}

/// The rooms named by `crate::room` and by `use crate::{room, room::x}`.
fn imported_rooms(code: &str) -> Vec<String> {
    let single = Regex::new(r"\bcrate::([a-z_]+)").unwrap();
    let group = Regex::new(r"(?s)\bcrate::\{(.*?)\};").unwrap();
    let member = Regex::new(r"(?:^|,)\s*([a-z_]+)").unwrap();
    let mut rooms: Vec<String> = single.captures_iter(code).map(|found| found[1].to_string()).collect();
    for found in group.captures_iter(code) {
        let flat = without_nested(&found[1]);
        rooms.extend(member.captures_iter(&flat).map(|name| name[1].to_string()));
    }
    rooms
}

/// Drops what stands inside inner braces, so that only the first level of a group import is left.
fn without_nested(group: &str) -> String {
    let mut depth = 0_i32;
    let keep = |c: &char| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        depth == 0
    };
    group.chars().filter(keep).collect()
}

#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn imports_only_point_down() {
    let layers: BTreeMap<&str, u8> = LAYERS.iter().copied().collect();
    let mut problems = Vec::new();
    for source in sources() {
        let room = source.room();
        let Some(&own) = layers.get(room) else {
            problems.push(format!("{}: room «{room}» is not on the map", source.path));
            continue;
        };
        for import in imported_rooms(&source.code()) {
            match layers.get(import.as_str()) {
                Some(&layer) if layer >= own && import != room => {
                    problems.push(format!("{}: {room} (L{own}) imports {import} (L{layer})", source.path));
                }
                _ => {}
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn clients_do_not_reach_behind_the_api() {
    let mut problems = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        for (room, forbidden, why) in FORBIDDEN.iter().filter(|(room, ..)| *room == source.room()) {
            for import in imported_rooms(&source.code()).iter().filter(|import| forbidden.contains(&import.as_str())) {
                problems.push(format!("{}: {room} imports {import}: {why}", source.path));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn named_crates_stay_in_their_rooms() {
    let mut problems = Vec::new();
    for source in sources() {
        let code = source.code();
        for (name, places) in CRATES {
            let named = Regex::new(&format!(r"(?m)(\buse {name}\b|(?:^|[^:\w]){name}::)")).unwrap().is_match(&code);
            if named && !places.iter().any(|place| source.path.starts_with(place)) {
                problems.push(format!("{}: names {name}, which lives in {places:?}", source.path));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn no_file_is_forgotten() {
    let all = sources();
    let text = |path: &str| all.iter().find(|source| source.path == path).map(|source| source.text.as_str());
    let mut problems = Vec::new();
    for source in all.iter().filter(|source| !["lib.rs", "main.rs"].contains(&source.path.as_str())) {
        let module = source.path.strip_suffix("/mod.rs").or(source.path.strip_suffix(".rs")).unwrap_or(&source.path);
        let (parents, name) = match module.rsplit_once('/') {
            Some((folder, name)) => (vec![format!("{folder}/mod.rs"), format!("{folder}.rs")], name),
            None => (vec!["lib.rs".to_string(), "main.rs".to_string()], module),
        };
        let declared = Regex::new(&format!(r"(?m)^\s*(pub(\([a-z ]+\))? )?mod {name};")).unwrap();
        if !parents.iter().filter_map(|parent| text(parent)).any(|parent| declared.is_match(parent)) {
            problems.push(format!("{}: no parent declares `mod {name};`", source.path));
        }
    }
    assert_none(&problems);
}

#[test]
fn every_module_has_its_head() {
    let headless = |source: &Source| !source.text.starts_with("//!");
    let problems: Vec<_> =
        sources().iter().filter(|s| headless(s)).map(|s| format!("{}: no `//!` head", s.path)).collect();
    assert_none(&problems);
}

#[test]
fn no_file_is_too_long_to_know() {
    let mut paths = Vec::new();
    walk(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").as_path(), &mut paths);
    walk(&root(), &mut paths);
    let lines = |path: &PathBuf| fs::read_to_string(path).unwrap().lines().count();
    let long = paths.iter().map(|path| (path, lines(path))).filter(|(_, lines)| *lines > 500);
    let problems: Vec<_> = long.map(|(path, lines)| format!("{}: {lines} lines", path.display())).collect();
    assert_none(&problems);
}

#[test]
fn every_test_file_is_declared() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = fs::read_to_string(folder.join("main.rs")).unwrap();
    let mut problems = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let Some(module) = name.strip_suffix(".rs").filter(|module| *module != "main") else { continue };
        if !main.contains(&format!("mod {module};")) {
            problems.push(format!("tests/it/{name} is not declared in tests/it/main.rs"));
        }
    }
    assert_none(&problems);
}

#[test]
fn the_reader_of_imports_sees_groups() {
    let code = "use crate::{base::{clock, names}, kinds};\nlet x = crate::store::Store;";
    assert_eq!(imported_rooms(code), ["store", "base", "kinds"]);
}
