//! The scheduler's refusals in Spanish. Its own words stay in the pod's events; here goes their meaning.

/// What the scheduler says of a filter → what it means. The first that matches wins.
const REASONS: &[(&str, &str)] = &[
    ("Insufficient cpu", "sin CPU libre suficiente"),
    ("Insufficient memory", "sin memoria libre suficiente"),
    ("Insufficient ephemeral-storage", "sin disco efímero suficiente"),
    ("Too many pods", "sin sitio para más pods"),
    ("were unschedulable", "acordonados"),
    ("untolerated taint", "con un taint que el pod no tolera"),
    ("didn't match Pod's node affinity/selector", "sin las etiquetas que pide el pod"),
    ("didn't match pod topology spread", "romperían el reparto pedido"),
    ("didn't match pod anti-affinity", "ya tienen un pod que éste evita"),
    ("didn't match pod affinity", "sin el pod junto al que quiere estar"),
    ("didn't have free ports", "con ese puerto ya ocupado"),
    ("didn't match the requested node name", "con otro nombre que el pedido"),
    ("volume node affinity conflict", "lejos de su volumen"),
];

/// Why a pod has no worker, in one line; what is wrong with the scheduler itself comes first.
pub fn why_unscheduled(message: &str, scheduler: Option<&str>) -> String {
    match (message, scheduler) {
        (_, Some(wrong)) => format!("el scheduler {wrong}: nadie le elige worker"),
        ("", None) => "esperando al scheduler".into(),
        (message, None) => translate(message).unwrap_or_else(|| message.to_string()),
    }
}

/// `0/3 nodes are available: 2 Insufficient cpu, 1 node(s) were unschedulable. …`.
fn translate(message: &str) -> Option<String> {
    let (count, rest) = message.split_once(" nodes are available: ")?;
    let (_, all) = count.split_once('/')?;
    let reasons = rest.split(". ").next()?.trim_end_matches('.');
    let each: Option<Vec<String>> = reasons.split(", ").map(one).collect();
    Some(format!("de {all} workers: {}", each?.join(", ")))
}

fn one(reason: &str) -> Option<String> {
    let (count, text) = reason.split_once(' ')?;
    let (_, meaning) = REASONS.iter().find(|(known, _)| text.contains(known))?;
    count.parse::<usize>().ok().map(|count| format!("{count} {meaning}"))
}
