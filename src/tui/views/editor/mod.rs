//! The editor: a text of manifests whose problems are told at their lines as one types, tried on the server and applied.
//! Nothing that was written is lost: a draft is kept until it is applied, saved or given up.

mod draw;
mod entry;
mod source;

use std::path::PathBuf;
use std::time::Duration;

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use serde_json::Value;
use tui_textarea::{CursorMove, TextArea};

use super::{chooser, confirm, detail};
use crate::tui::editor::check::{Known, Ready, check};
use crate::tui::editor::{Finder, Problem, refusal, templates};
use crate::tui::keys::{self, Action, Binding};
use crate::tui::model::failure::Failure;
use crate::tui::msg::{Applied, Draft, Effect, Mode, Reply, Ticket};
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps, View};

use entry::KEYS;
pub use entry::{ENTRY, TEMPLATES};
pub use source::{LessonFile, Source};

/// How long after the last key the text is checked and its draft written.
const AFTER: Duration = Duration::from_millis(200);
/// The same for a text that takes long to check.
const AFTER_LONG: Duration = Duration::from_millis(900);
/// Lines from which a text is long.
const LONG: usize = 5_000;

/// What is being waited for before the text is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loading {
    /// A draft left by a session that did not end well.
    Draft,
    /// The file or the object.
    Source,
    /// Nothing: one can write.
    Done,
}

/// The editor.
#[derive(Debug)]
pub struct Editor {
    source: Option<Source>,
    ticket: Ticket,
    loading: Loading,
    draft: Option<String>,
    area: TextArea<'static>,
    top: usize,
    problems: Vec<Problem>,
    ready: Vec<Ready>,
    checked: bool,
    /// The text as it was opened, saved or applied.
    kept: String,
    original: Option<Value>,
    version: u64,
    sent: Vec<Ready>,
}

/// Edits something.
pub fn open(source: Source) -> Box<dyn View> {
    Box::new(Editor::new(Some(source)))
}

impl Editor {
    fn new(source: Option<Source>) -> Self {
        Self {
            source,
            ticket: Ticket::default(),
            loading: Loading::Done,
            draft: None,
            area: area(""),
            top: 0,
            problems: Vec::new(),
            ready: Vec::new(),
            checked: false,
            kept: String::new(),
            original: None,
            version: 0,
            sent: Vec::new(),
        }
    }

    fn cursor(&self) -> (usize, usize) {
        let cursor = self.area.cursor();
        (cursor.0, cursor.1)
    }

    fn text(&self) -> String {
        let mut text = self.area.lines().join("\n");
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text
    }

    fn changed(&self) -> bool {
        self.loading == Loading::Done && self.text() != self.kept
    }

    /// Whether what is written outlives the editor: in a lesson one goes to and fro.
    fn stays(&self) -> bool {
        matches!(self.source, Some(Source::Lesson(_)))
    }

    /// The problem of the cursor's line, else the first below it, else the first.
    fn nearest_problem(&self) -> Option<&Problem> {
        let line = self.cursor().0;
        let on = self.problems.iter().find(|problem| problem.line == line);
        on.or_else(|| self.problems.iter().find(|problem| problem.line > line)).or(self.problems.first())
    }

    fn draft_path(&self, state: &State) -> Option<PathBuf> {
        Some(self.source.as_ref()?.draft(state.data_dir.as_ref()?, &state.context))
    }

    /// Begins to load: first the draft, if there is somewhere to keep one.
    fn load(&mut self, state: &State) -> Steps {
        match self.draft_path(state) {
            Some(path) => {
                self.loading = Loading::Draft;
                vec![Step::Run(Effect::ReadFile(self.ticket, path))]
            }
            None => self.load_source(state),
        }
    }

    fn load_source(&mut self, state: &State) -> Steps {
        self.loading = Loading::Source;
        match self.source.clone() {
            Some(Source::File(path)) => vec![Step::Run(Effect::ReadFile(self.ticket, path))],
            Some(Source::Object(target)) => vec![Step::Run(Effect::Object(self.ticket, target))],
            Some(Source::Lesson(file)) => self.begin(&file.text, state),
            Some(Source::Template(name)) => self.begin(templates::text(&name).unwrap_or_default(), state),
            None => Steps::new(),
        }
    }

    /// The text is there: a draft that differs from it wins, and says so.
    fn begin(&mut self, text: &str, state: &State) -> Steps {
        self.loading = Loading::Done;
        self.area = area(text);
        self.kept = self.text();
        let mut steps = Steps::new();
        if let Some(draft) = self.draft.take().filter(|draft| draft != &self.kept) {
            self.area.select_all();
            self.area.insert_str(&draft);
            self.area.move_cursor(CursorMove::Top);
            let text = "se recuperó lo que no habías guardado; Ctrl-z vuelve al original";
            steps.push(Step::Say(Notice::info(text)));
        }
        self.check(state);
        steps
    }

    fn check(&mut self, state: &State) {
        let namespace = state.scope.only().unwrap_or("default");
        let catalog = state.discovered.then_some(state.catalog.as_slice());
        let report = check(&self.text(), Known { catalog, namespace });
        (self.problems, self.ready, self.checked) = (report.problems, report.ready, true);
    }

    /// Something was written: it will be checked when the fingers rest.
    fn touched(&mut self, state: &State) -> Steps {
        self.scroll(state);
        self.version += 1;
        self.checked = false;
        let after = if self.area.lines().len() > LONG { AFTER_LONG } else { AFTER };
        vec![Step::Run(Effect::Pause(self.ticket, self.version, after))]
    }

    fn rested(&mut self, state: &State) -> Steps {
        self.check(state);
        let Some(path) = self.draft_path(state) else { return Steps::new() };
        let effect = if self.changed() {
            Effect::WriteFile { to: None, path, text: self.text() }
        } else {
            Effect::RemoveFile(path)
        };
        vec![Step::Run(effect)]
    }

    fn scroll(&mut self, state: &State) {
        let rows = usize::from(draw::text_rows(state.size.1));
        let line = self.cursor().0;
        self.top = self.top.min(line).max((line + 1).saturating_sub(rows));
    }

    fn next_problem(&mut self, state: &State) -> Steps {
        let now = self.cursor();
        let place = |problem: &Problem| (problem.line, problem.column);
        let next = self.problems.iter().map(place).find(|place| *place > now).or(self.problems.first().map(place));
        let Some((line, column)) = next else { return vec![Step::Say(Notice::tip("no hay problemas a la vista"))] };
        let short = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        self.area.move_cursor(CursorMove::Jump(short(line), short(column)));
        self.scroll(state);
        Steps::new()
    }

    /// Sends what is ready, unless kubectl itself would not.
    fn send(&mut self, mode: Mode, state: &State) -> Steps {
        if mode == Mode::Apply && state.read_only() {
            return vec![Step::Say(Notice::bad("modo de solo lectura: aquí nada se aplica; Ctrl-t lo prueba"))];
        }
        self.check(state);
        let command = self.source.as_ref().map(|source| source.command(mode == Mode::DryRun)).unwrap_or_default();
        let refused = self.problems.iter().find(|problem| matches!(problem.finder, Finder::Syntax | Finder::Client));
        if let Some(problem) = refused {
            let failure = Failure::broken(format!("error: {}", problem.english));
            let text = problem.english.clone();
            let mut steps = vec![Step::Log(command.clone()), Step::Logged(command, Err(failure))];
            steps.push(Step::Refused { reason: String::new(), text });
            steps.extend(self.next_problem(state));
            return steps;
        }
        if self.ready.is_empty() {
            return vec![Step::Say(Notice::bad("no hay nada que enviar: el texto no tiene ningún objeto"))];
        }
        self.sent = self.ready.clone();
        let draft = |ready: &Ready| Draft {
            target: ready.target.clone(),
            object: ready.object.clone(),
            original: self.original.clone(),
        };
        let drafts = self.sent.iter().map(draft).collect();
        let mut steps = if mode == Mode::Apply { self.save(None) } else { Steps::new() };
        steps.extend([Step::Log(command), Step::Run(Effect::Submit(self.ticket, mode, drafts))]);
        steps
    }

    /// Writes the file; what is no file has nowhere to be written.
    fn save(&mut self, to: Option<Ticket>) -> Steps {
        match &self.source {
            Some(Source::File(path)) => {
                vec![Step::Run(Effect::WriteFile { to, path: path.clone(), text: self.text() })]
            }
            _ if to.is_some() => {
                vec![Step::Say(Notice::tip("esto no es un archivo: se aplica con Ctrl-e; su borrador se guarda solo"))]
            }
            _ => Steps::new(),
        }
    }

    fn submitted(&mut self, mode: Mode, answers: Vec<Result<Applied, Failure>>, state: &State) -> Steps {
        self.check(state);
        let command = self.source.as_ref().map(|source| source.command(mode == Mode::DryRun)).unwrap_or_default();
        let mut said = Vec::new();
        let (mut refused, mut steps) = (None, Steps::new());
        for (ready, answer) in self.sent.iter().zip(answers) {
            match answer {
                Ok(applied) => {
                    said.push(told(ready, &applied, mode));
                    let undo = applied.undo.filter(|_| mode == Mode::Apply);
                    steps.extend(undo.map(|undo| Step::Undoable(Box::new(undo))));
                }
                Err(failure) => {
                    self.problems.retain(|problem| problem.finder != Finder::Schema);
                    self.problems.extend(refusal::problems(&failure, ready));
                    refused.get_or_insert(failure);
                }
            }
        }
        self.problems.sort_by_key(|problem| (problem.line, problem.column));
        match refused {
            Some(failure) => {
                let Failure { reason, message: text, .. } = failure.clone();
                steps.extend([Step::Refused { reason, text }, Step::Logged(command, Err(failure))]);
                self.area.move_cursor(CursorMove::Top);
                steps.extend(self.next_problem(state));
                steps
            }
            None => {
                steps.extend(self.taken(mode, command, said.join(", "), state));
                steps
            }
        }
    }

    /// Everything was taken: after an apply the text is no draft any more, and the bridge shows what happens.
    fn taken(&mut self, mode: Mode, command: String, said: String, state: &State) -> Steps {
        if mode == Mode::DryRun {
            return vec![Step::Logged(command, Ok(format!("{said}: el servidor lo aceptaría; Ctrl-e lo aplica")))];
        }
        self.kept = self.text();
        // What was opened from a list or a detail goes back to it; what was written anew is seen on the bridge.
        let back = if matches!(self.source, Some(Source::Object(_))) { Step::Close } else { Step::Home };
        let mut steps = vec![back];
        let namespaces = || self.sent.iter().filter_map(|ready| ready.target.namespace.as_deref());
        let told = match namespaces().find(|namespace| !state.scope.has(namespace)) {
            Some(elsewhere) => format!("{said}; está en {elsewhere}, y aquí se ve {}", state.scope.title()),
            None => format!("{said}; aquí se ve lo que pasa"),
        };
        steps.extend([Step::Logged(command, Ok(told))]);
        steps
    }

    fn enter(&mut self) {
        let line = self.area.lines().get(self.cursor().0).cloned().unwrap_or_default();
        let indent = line.chars().take_while(|letter| *letter == ' ').count();
        let deeper = if line.trim_end().ends_with(':') { 2 } else { 0 };
        self.area.insert_newline();
        self.area.insert_str(" ".repeat(indent + deeper));
    }
}

/// `deployment.apps/backend created (server dry run)`, as kubectl says it.
fn told(ready: &Ready, applied: &Applied, mode: Mode) -> String {
    let resource = &ready.target.resource;
    let group = if resource.group.is_empty() { String::new() } else { format!(".{}", resource.group) };
    let dry = if mode == Mode::DryRun { " (server dry run)" } else { "" };
    format!("{}{group}/{} {}{dry}", resource.singular, ready.target.name, applied.verb)
}

fn area(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(text.lines().map(Into::into).collect());
    area.set_tab_length(2);
    area.set_max_histories(500);
    area
}

/// The object as one edits it: without what the server writes by itself.
fn editable(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(root) = object.as_object_mut() {
        root.remove("status");
    }
    if let Some(meta) = object["metadata"].as_object_mut() {
        for name in ["managedFields", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink"] {
            meta.remove(name);
        }
    }
    object
}

impl View for Editor {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        format!("Editor · {}", self.source.as_ref().map_or_else(|| "plantillas".into(), Source::title))
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        KEYS
    }

    fn typing(&self) -> bool {
        true
    }

    fn opened(&mut self, ticket: Ticket, state: &State) -> Steps {
        self.ticket = ticket;
        if self.source.is_some() {
            return self.load(state);
        }
        let names = templates::names().into_iter().map(Into::into).collect();
        vec![Step::Push(chooser::open("Elige una plantilla", names, 0))]
    }

    fn answered(&mut self, choice: Option<usize>, state: &State) -> Steps {
        let Some(name) = choice.and_then(|at| templates::names().get(at).copied()) else { return vec![Step::Close] };
        self.source = Some(Source::Template(name.into()));
        self.load(state)
    }

    fn reply(&mut self, reply: Reply, state: &State) -> Steps {
        match (reply, self.loading) {
            (Reply::File(text), Loading::Draft) => {
                self.draft = text.ok();
                self.load_source(state)
            }
            (Reply::File(Ok(text)), Loading::Source) => self.begin(&text, state),
            (Reply::File(Err(why)), Loading::Source) => vec![Step::Say(Notice::bad(why)), Step::Close],
            (Reply::NoFile, Loading::Draft) => self.load_source(state),
            (Reply::NoFile, Loading::Source) => {
                let mut steps = self.begin("", state);
                steps.push(Step::Say(Notice::info("archivo nuevo: se creará al guardarlo")));
                steps
            }
            (Reply::Object(Ok(object)), Loading::Source) => {
                let object = editable(&object);
                let text = detail::yaml_lines(&object).join("\n");
                self.original = Some(object);
                self.begin(&text, state)
            }
            (Reply::Object(Err(failure)), Loading::Source) => {
                vec![Step::Say(Notice::bad(failure.message)), Step::Close]
            }
            (Reply::Pause(version), _) if version == self.version => self.rested(state),
            (Reply::Saved(Ok(path)), _) => {
                self.kept = self.text();
                vec![Step::Say(Notice::info(format!("guardado en {}", path.display())))]
            }
            (Reply::Saved(Err(why)), _) => vec![Step::Say(Notice::bad(why))],
            (Reply::Submitted(mode, answers), _) => self.submitted(mode, answers, state),
            _ => Steps::new(),
        }
    }

    fn key(&mut self, key: KeyEvent, state: &State) -> Option<Steps> {
        if state.settings.keymap.find(KEYS, key).is_some()
            || matches!(key.code, KeyCode::F(_))
            || keys::matches("ctrl-c", key)
        {
            return None;
        }
        if self.loading != Loading::Done {
            return Some(Steps::new());
        }
        let modified = match key.code {
            KeyCode::Enter => {
                self.enter();
                true
            }
            _ => self.area.input(key),
        };
        if modified {
            return Some(self.touched(state));
        }
        self.scroll(state);
        Some(Steps::new())
    }

    fn paste(&mut self, text: &str, state: &State) -> Steps {
        self.area.insert_str(text.replace("\r\n", "\n").replace('\r', "\n"));
        self.touched(state)
    }

    fn act(&mut self, action: Action, state: &State) -> Steps {
        match action {
            Action::Check => self.send(Mode::DryRun, state),
            Action::Apply if self.original.is_some() => {
                let question =
                    format!("¿Aplicar los cambios a {}?", self.source.as_ref().map(Source::title).unwrap_or_default());
                let told = vec!["El objeto del clúster pasará a decir lo que dice este texto.".into()];
                let command = self.source.as_ref().map(|source| source.command(false));
                vec![Step::Push(confirm::open(&question, told, command, vec![Step::Act(Action::Yes)]))]
            }
            Action::Apply | Action::Yes => self.send(Mode::Apply, state),
            Action::NextProblem => self.next_problem(state),
            Action::Save => self.save(Some(self.ticket)),
            Action::Undo if self.area.undo() => self.touched(state),
            Action::Redo if self.area.redo() => self.touched(state),
            Action::Back => vec![Step::Pop],
            Action::Help => vec![Step::Push(super::help::open(Some(self)))],
            _ => Steps::new(),
        }
    }

    fn closed(&mut self, state: &State) -> Steps {
        let Some(path) = self.draft_path(state) else { return Steps::new() };
        if self.stays() {
            return match self.loading {
                Loading::Done => vec![Step::Run(Effect::WriteFile { to: None, path, text: self.text() })],
                _ => Steps::new(),
            };
        }
        vec![Step::Run(Effect::RemoveFile(path))]
    }

    fn holds(&self) -> Option<String> {
        (self.changed() && !self.stays()).then(|| {
            format!(
                "Lo escrito en {} no se ha guardado ni aplicado y se perderá.",
                self.source.as_ref().map(Source::title).unwrap_or_default()
            )
        })
    }

    fn settle(&mut self, state: &State) {
        self.scroll(state);
    }

    fn ready(&self, _: &State) -> bool {
        self.loading == Loading::Done
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        draw::draw(self, frame, area, state);
    }
}
