//! Objects in the format that `-o` names. Must not watch.

use serde_json::{Value, json};

use super::{Get, sort};
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::print::{Format, Printer};
use crate::kubectl::select::{self, Target};
use crate::kubectl::session::Session;

/// Prints one object as it is, several as a list.
pub(super) async fn print(
    get: &Get,
    targets: &[Target],
    mut failures: Vec<Failure>,
    format: &Format,
    session: &mut Session<'_>,
) -> Outcome {
    let mut objects = Vec::new();
    for target in targets {
        match fetch(get, target, session).await {
            Ok(found) => objects.extend(found),
            Err(failure) => failures.push(failure),
        }
    }
    sort::objects(get.sort_by.as_deref(), &mut objects)?;
    let is_one = matches!(targets, [one] if one.name.is_some());
    if is_one && objects.is_empty() {
        return get.counted(failures);
    }
    if !failures.is_empty() && objects.is_empty() {
        return get.counted(failures);
    }
    let whole = match objects.as_slice() {
        [one] if is_one => one.clone(),
        all => json!({"apiVersion": "v1", "items": all, "kind": "List", "metadata": {"resourceVersion": ""}}),
    };
    let text = Printer::new(format, &get.output).text(&whole)?;
    session.print(text)?;
    get.counted(failures)
}

async fn fetch(get: &Get, target: &Target, session: &mut Session<'_>) -> Outcome<Vec<Value>> {
    if get.subresource.is_some() && target.name.is_some() {
        return Ok(vec![session.ask(get.ask(target)).await?]);
    }
    let infos = select::fetch(session, target).await?;
    Ok(infos.into_iter().map(|info| info.object).collect())
}
