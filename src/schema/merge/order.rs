//! The order of a merged list: the patch's elements in the patch's order, the server's own among them where they
//! stood (apimachinery's `normalizeElementOrder`).

use serde_json::Value;

/// Orders `merged`: what `wanted` names in that order, woven with the rest in the order of `server`.
pub(super) fn arrange(merged: Vec<Value>, wanted: &[Value], server: &[Value], key: Option<&str>) -> Vec<Value> {
    let (mut ours, mut rest): (Vec<Value>, Vec<Value>) =
        merged.into_iter().partition(|item| place(wanted, item, key).is_some());
    ours.sort_by_key(|item| place(wanted, item, key));
    rest.sort_by_key(|item| place(server, item, key).unwrap_or(usize::MAX));
    weave(rest, ours, |item| place(server, item, key))
}

/// Takes from `left` while it stood before `right`'s next element, else from `right`.
fn weave(left: Vec<Value>, right: Vec<Value>, stood: impl Fn(&Value) -> Option<usize>) -> Vec<Value> {
    let mut all = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    loop {
        let from_left = match (left.peek(), right.peek()) {
            (None, None) => return all,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(l), Some(r)) => stood(l).zip(stood(r)).is_some_and(|(l, r)| l < r),
        };
        all.extend(if from_left { left.next() } else { right.next() });
    }
}

fn place(list: &[Value], item: &Value, key: Option<&str>) -> Option<usize> {
    list.iter().position(|other| match key {
        Some(key) => other.get(key).is_some_and(|value| item.get(key) == Some(value)),
        None => other == item,
    })
}

/// `$setElementOrder` must name every element that the patch sets, in the same order.
pub(super) fn check(patch: &[Value], wanted: &[Value], key: Option<&str>) -> Result<(), String> {
    let is_deletion = |item: &&Value| item.get("$patch").is_some_and(|directive| directive == "delete");
    let mut set = patch.iter().filter(|item| !is_deletion(item)).peekable();
    if wanted.is_empty() {
        return Ok(());
    }
    for item in wanted {
        if set.peek().is_some_and(|next| place(std::slice::from_ref(item), next, key).is_some()) {
            set.next();
        }
    }
    if set.peek().is_none() {
        return Ok(());
    }
    let (patch, wanted) = (Value::from(patch.to_vec()), Value::from(wanted.to_vec()));
    Err(format!(
        "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
        super::go_print(&patch),
        super::go_print(&wanted)
    ))
}
