//! A list as the server's own Table, kept alive by a watch; listed again when the watch grows too old.

use std::time::Duration;

use futures::StreamExt;
use http::{Request, header};
use kube::core::WatchEvent;

use super::{Shared, escape};
use crate::base::tasks::Tasks;
use crate::tui::model::catalog::Listing;
use crate::tui::model::failure::Failure;
use crate::tui::model::shared::Pool;
use crate::tui::model::table::{Row, Table};
use crate::tui::msg::{Reply, Ticket};

/// What kubectl asks for.
const AS_TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
/// Rows of the first page, as the first screen does not wait for ten thousand, and of those behind it.
const FIRST: usize = 500;
const REST: usize = 1000;
/// The longest pause between attempts.
const PATIENCE: Duration = Duration::from_secs(10);

/// Follows a list until its view is closed; a list of several namespaces is as many lists.
pub fn start(shared: &Shared, tasks: &Tasks, ticket: Ticket, listing: &Listing) {
    for part in listing.parts() {
        let one = Part { listing: listing.clone(), namespace: part };
        tasks.spawn(follow(shared.clone(), ticket, one));
    }
}

/// A list in one namespace, or in all.
struct Part {
    listing: Listing,
    namespace: Option<String>,
}

impl Part {
    fn path(&self) -> String {
        self.listing.resource.path(self.namespace.as_deref())
    }

    /// The selectors of the list.
    fn only(&self) -> String {
        let Listing { name, labels, .. } = &self.listing;
        let name = name.as_ref().map(|name| format!("&fieldSelector=metadata.name%3D{}", escape(name)));
        let labels = (!labels.is_empty()).then(|| format!("&labelSelector={}", escape(labels)));
        name.into_iter().chain(labels).collect()
    }

    /// Of several namespaces, which one a table tells.
    fn mine(&self) -> Option<String> {
        self.namespace.clone().filter(|_| self.listing.scope.only().is_none())
    }
}

async fn follow(shared: Shared, ticket: Ticket, part: Part) {
    let mut wait = Duration::from_millis(200);
    let mut fresh = true;
    loop {
        let failure = match list(&shared, ticket, &part, std::mem::take(&mut fresh)).await {
            Ok(_) if part.listing.revision.is_some() => return,
            Ok(version) => {
                wait = Duration::from_millis(200);
                watch(&shared, ticket, &part, version).await
            }
            Err(failure) => failure,
        };
        if failure.expired() && part.listing.revision.is_none() {
            continue;
        }
        let hopeless = failure.denied() || failure.missing() || failure.code == 400 || failure.expired();
        shared.reply(ticket, Reply::Stale(failure)).await;
        if hopeless {
            return;
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(PATIENCE);
    }
}

/// Sends the whole list, a fresh one's first page as soon as it is there, and answers where a watch begins.
async fn list(shared: &Shared, ticket: Ticket, part: &Part, fresh: bool) -> Result<String, Failure> {
    let path = part.path();
    let at = part.listing.revision.map(|at| format!("&resourceVersion={at}&resourceVersionMatch=Exact"));
    let mut whole = Table { part: part.mine(), ..Table::default() };
    let mut pool = Pool::default();
    loop {
        let more = match whole.next.as_str() {
            "" => at.clone().unwrap_or_default(),
            next => format!("&continue={}", escape(next)),
        };
        let (only, limit) = (part.only(), if whole.columns.is_empty() { FIRST } else { REST });
        let request = Request::get(format!("{path}?limit={limit}{only}{more}")).header(header::ACCEPT, AS_TABLE);
        let request = request.body(Vec::new()).map_err(Failure::broken)?;
        let mut page: Table = shared.client.request(request).await.map_err(Failure::from)?;
        page.rows.iter_mut().for_each(|row| pool.text(&mut row.namespace));
        let first = whole.columns.is_empty();
        if first {
            whole.columns = page.columns;
        }
        whole.rows.extend(page.rows);
        (whole.version, whole.next) = (page.version, page.next);
        if whole.next.is_empty() {
            let version = whole.version.clone();
            shared.reply(ticket, Reply::Table(whole)).await;
            return Ok(version);
        }
        if first && fresh {
            shared.reply(ticket, Reply::Table(whole.clone())).await;
        }
    }
}

/// Sends changes until the watch ends, and says why it did.
async fn watch(shared: &Shared, ticket: Ticket, part: &Part, mut version: String) -> Failure {
    let path = part.path();
    loop {
        let address = format!("{path}?watch=1&allowWatchBookmarks=true&resourceVersion={version}{}", part.only());
        let request = match Request::get(address).header(header::ACCEPT, AS_TABLE).body(Vec::new()) {
            Ok(request) => request,
            Err(error) => return Failure::broken(error),
        };
        let stream = match shared.client.request_events::<Table>(request).await {
            Ok(stream) => stream,
            Err(error) => return Failure::from(error),
        };
        let mut stream = std::pin::pin!(stream);
        while let Some(event) = stream.next().await {
            match event {
                Ok(WatchEvent::Added(table) | WatchEvent::Modified(table)) => {
                    for row in rows(table, &mut version) {
                        shared.reply(ticket, Reply::Row(row)).await;
                    }
                }
                Ok(WatchEvent::Deleted(table)) => {
                    for row in rows(table, &mut version) {
                        shared.reply(ticket, Reply::RowGone(row.uid.as_str().into())).await;
                    }
                }
                Ok(WatchEvent::Bookmark(bookmark)) => version = bookmark.metadata.resource_version,
                Ok(WatchEvent::Error(status)) => return Failure::from(status.as_ref()),
                Err(error) => return Failure::from(error),
            }
        }
    }
}

/// The rows of an event; the version that it brings is where a watch continues.
fn rows(table: Table, version: &mut String) -> Vec<Row> {
    if !table.version.is_empty() {
        *version = table.version;
    }
    table.rows
}
