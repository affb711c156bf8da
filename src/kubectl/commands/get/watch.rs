//! `-w`: the list, then every change. Must not end by itself unless the server ends it.

use futures::StreamExt;
use serde_json::Value;

use super::Get;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::print::table::{self, Shown};
use crate::kubectl::print::tabs::Tabs;
use crate::kubectl::print::{Chosen, Printer};
use crate::kubectl::rest::{self, Ask};
use crate::kubectl::select::Target;
use crate::kubectl::session::Session;

/// Prints the target's list and follows it.
pub(super) async fn follow(get: &Get, targets: &[Target], chosen: &Chosen, session: &mut Session<'_>) -> Outcome {
    let target = match targets {
        [one] => one,
        [] => return Ok(()),
        [first, rest @ ..] if rest.iter().all(|other| other.resource == first.resource) => {
            return Err(Failure::error(
                "watch is only supported on individual resources and resource collections - more than 1 resource was found",
            ));
        }
        _ => return Err(Failure::error("you may only specify a single resource type")),
    };
    let wide = matches!(chosen, Chosen::Human { wide: true });
    let sink = match chosen {
        Chosen::Human { .. } => {
            Sink::Table(Box::new(Rows::new(get.shown(target, wide, false), get.output_watch_events)))
        }
        Chosen::Object(format) => Sink::Objects(Printer::new(format, &get.output), get.output_watch_events),
    };
    stream(get, target, sink, session).await
}

enum Sink<'f> {
    Table(Box<Rows>),
    Objects(Printer<'f>, bool),
}

async fn stream(get: &Get, target: &Target, mut sink: Sink<'_>, session: &mut Session<'_>) -> Outcome {
    let list = match (&sink, target.name.is_some()) {
        (Sink::Table(_), _) => session.ask(target.ask().table()).await,
        (Sink::Objects(..), _) => session.ask(target.ask()).await,
    };
    let list = list.map_err(|failure| target.explain(failure))?;
    if !get.watch_only {
        sink.first(&list, session)?;
    }
    let version = list["metadata"]["resourceVersion"].as_str().unwrap_or_default();
    let response = session.open(watch_ask(target, version, matches!(sink, Sink::Table(_)))).await?;
    let mut events = std::pin::pin!(rest::events(response));
    while let Some(event) = events.next().await {
        let event = event?;
        if event.kind != "BOOKMARK" {
            sink.take(&event.kind, &event.object, session)?;
        }
    }
    Ok(())
}

fn watch_ask(target: &Target, version: &str, as_table: bool) -> Ask {
    let ask = Ask::get(target.resource.path(target.namespace.as_deref())).with("watch", "true");
    let only = target.name.as_ref().map(|name| format!("metadata.name={name}"));
    let ask = ask
        .with("resourceVersion", version)
        .maybe("fieldSelector", only.or_else(|| target.fields.clone()))
        .maybe("labelSelector", target.selector.clone());
    if as_table { ask.table() } else { ask }
}

impl Sink<'_> {
    fn first(&mut self, list: &Value, session: &mut Session<'_>) -> Outcome {
        match self {
            Self::Table(rows) => rows.take("ADDED", list, session),
            Self::Objects(..) => {
                let kind = list["kind"].as_str().unwrap_or_default().trim_end_matches("List");
                let Some(items) = list["items"].as_array() else { return self.take("ADDED", list, session) };
                for item in items {
                    let mut item = item.clone();
                    item["apiVersion"] = list["apiVersion"].clone();
                    item["kind"] = kind.into();
                    self.take("ADDED", &item, session)?;
                }
                Ok(())
            }
        }
    }

    fn take(&mut self, kind: &str, object: &Value, session: &mut Session<'_>) -> Outcome {
        match self {
            Self::Table(rows) => rows.take(kind, object, session),
            Self::Objects(printer, true) => {
                let text = printer.text(&serde_json::json!({"object": object, "type": kind}))?;
                session.print(text)
            }
            Self::Objects(printer, false) => {
                let text = printer.text(object)?;
                session.print(text)
            }
        }
    }
}

/// Rows as they come, under one head.
struct Rows {
    shown: Shown,
    with_events: bool,
    columns: Vec<Value>,
    tabs: Tabs,
}

impl Rows {
    fn new(shown: Shown, with_events: bool) -> Self {
        Self { shown, with_events, columns: Vec::new(), tabs: Tabs::table() }
    }

    fn take(&mut self, kind: &str, table: &Value, session: &mut Session<'_>) -> Outcome {
        let mut text = String::new();
        let rows = table["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
        if self.columns.is_empty() {
            self.columns = table["columnDefinitions"].as_array().cloned().unwrap_or_default();
        }
        if !rows.is_empty() && !self.shown.no_headers {
            let event = if self.with_events { "EVENT\t" } else { "" };
            text += &format!("{event}{}", table::head(&self.columns, &self.shown));
            self.shown.no_headers = true;
        }
        for row in rows {
            let event = if self.with_events { format!("{kind}\t") } else { String::new() };
            text += &format!("{event}{}", table::row(&self.columns, row, &self.shown));
        }
        session.print(self.tabs.align(&text))
    }
}
