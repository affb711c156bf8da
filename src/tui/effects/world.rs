//! What is around an object: several lists asked for at once. Must not interpret them.

use futures::{StreamExt, stream};
use serde_json::Value;

use super::{Shared, escape};
use crate::tui::model::failure::Failure;
use crate::tui::model::world::{Want, World};
use crate::tui::msg::{Reply, Ticket};

/// Objects of one list that are read; what has more is said to be cut.
const MOST: usize = 2000;
/// Requests in flight at a time.
const AT_ONCE: usize = 6;

/// Lists everything wanted and answers once with all of it.
pub async fn look(shared: Shared, ticket: Ticket, wants: Vec<Want>) {
    let lists: Vec<(Want, Result<Value, Failure>)> = stream::iter(wants)
        .map(|want| {
            let shared = shared.clone();
            async move {
                let answer = shared.get(&path(&want)).await;
                (want, answer)
            }
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut world = World::default();
    for (want, answer) in lists {
        match answer {
            Ok(list) => take(&mut world, &want, list),
            Err(failure) => world.missing.push((want.resource.kind.clone(), failure)),
        }
    }
    shared.reply(ticket, Reply::World(Box::new(world))).await;
}

fn path(want: &Want) -> String {
    let mut path = format!("{}?limit={MOST}", want.resource.path(want.namespace.as_deref()));
    for (name, selector) in [("labelSelector", &want.labels), ("fieldSelector", &want.fields)] {
        if !selector.is_empty() {
            path += &format!("&{name}={}", escape(selector));
        }
    }
    path
}

/// The items of a list do not say what they are: that is written into each.
fn take(world: &mut World, want: &Want, mut list: Value) {
    world.cut |= list["metadata"]["continue"].as_str().is_some_and(|next| !next.is_empty());
    world.listed.insert(want.resource.kind.clone());
    let Value::Array(items) = list["items"].take() else { return };
    world.objects.extend(items.into_iter().map(|mut item| {
        item["kind"] = want.resource.kind.clone().into();
        item["apiVersion"] = want.resource.api_version().into();
        item
    }));
}
