//! The owners of an object up to the first, and all that it owns down to the last.

use serde_json::Value;

use super::{Link, link};
use crate::tui::model::light::Light;
use crate::tui::model::world::{World, each, text};
use crate::tui::state::State;

/// Levels that a tree may have: a cycle of owners must not hang the screen.
const DEEPEST: usize = 12;

/// The whole tree that the object is in, from its first owner.
pub fn tree(object: &Value, world: &World, state: &State) -> Vec<Link> {
    let mut chain = vec![object];
    while let Some(owner) = owner(chain[chain.len() - 1], world).filter(|_| chain.len() < DEEPEST) {
        chain.push(owner);
    }
    let mut lines = unknown_owner(chain[chain.len() - 1]);
    let shift = lines.len();
    grow(
        chain[chain.len() - 1],
        object,
        world,
        state,
        &Place { lead: "   ".repeat(shift), last: true, depth: 0 },
        &mut lines,
    );
    lines
}

/// Where in the tree a branch grows.
struct Place {
    /// What stands before it in its line.
    lead: String,
    /// Whether it is the last of its siblings.
    last: bool,
    depth: usize,
}

fn grow(from: &Value, own: &Value, world: &World, state: &State, place: &Place, lines: &mut Vec<Link>) {
    let branch = match (place.depth, place.last) {
        (0, _) => place.lead.clone(),
        (_, true) => format!("{}└─ ", place.lead),
        (_, false) => format!("{}├─ ", place.lead),
    };
    lines.push(Link { branch, own: uid(from) == uid(own), ..link(from, "", state) });
    if place.depth + 1 >= DEEPEST {
        return;
    }
    let children: Vec<&Value> = owned(from, world).collect();
    let lead = match (place.depth, place.last) {
        (0, _) => place.lead.clone(),
        (_, true) => format!("{}   ", place.lead),
        (_, false) => format!("{}│  ", place.lead),
    };
    for (index, child) in children.iter().enumerate() {
        let place = Place { lead: lead.clone(), last: index + 1 == children.len(), depth: place.depth + 1 };
        grow(child, own, world, state, &place, lines);
    }
}

fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// The controller of an object, or its first owner, if it is around.
fn owner<'a>(object: &Value, world: &'a World) -> Option<&'a Value> {
    let wanted = reference(object)?;
    world.objects.iter().find(|other| other["metadata"]["uid"] == wanted["uid"] && !wanted["uid"].is_null())
}

fn reference(object: &Value) -> Option<&Value> {
    let references = || each(object, "/metadata/ownerReferences");
    references().find(|reference| reference["controller"] == true).or_else(|| references().next())
}

pub(super) fn owned<'a>(object: &'a Value, world: &'a World) -> impl Iterator<Item = &'a Value> {
    let mine = move |other: &&Value| {
        each(other, "/metadata/ownerReferences").any(|reference| reference["uid"] == object["metadata"]["uid"])
    };
    world.objects.iter().filter(mine)
}

/// An owner that is named but not among what was listed.
fn unknown_owner(object: &Value) -> Vec<Link> {
    let Some(reference) = reference(object) else { return Vec::new() };
    let label = format!("{}/{}", text(reference, "/kind").to_lowercase(), text(reference, "/name"));
    vec![Link {
        label,
        note: "su dueño, que no está entre lo que se pudo listar".into(),
        light: Some(Light::Unknown),
        ..Link::default()
    }]
}
