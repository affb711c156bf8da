//! Gaps in a script that only the live cluster can fill: `@(Pod app=web status.podIP)`. Must not ask for anything.

use std::collections::BTreeMap;

use super::format::Target;
use super::path::Path;

/// How a gap begins; it ends at the next closing bracket.
const OPEN: &str = "@(";

/// What one object says at a place.
#[derive(Debug)]
pub(super) struct Gap {
    /// The object: the first by name of those that match.
    pub(super) of: Target,
    /// The place.
    pub(super) path: Path,
}

/// The first gap of a text, with what stands before and behind it.
///
/// # Errors
/// Says in Spanish what is wrong with the gap.
pub(super) fn first(text: &str) -> Result<Option<(&str, Gap, &str)>, String> {
    let Some((before, rest)) = text.split_once(OPEN) else { return Ok(None) };
    let (inside, behind) = rest.split_once(')').ok_or_else(|| format!("«{text}» no cierra su hueco"))?;
    Ok(Some((before, parse(inside)?, behind)))
}

/// A kind, labels or `name=…`, and a place.
fn parse(inside: &str) -> Result<Gap, String> {
    let words: Vec<&str> = inside.split_whitespace().collect();
    let [kind, conditions @ .., path] = words.as_slice() else {
        return Err(format!("«{OPEN}{inside})» no dice de qué objeto, y dónde"));
    };
    let mut of = Target { of: (*kind).into(), namespace: None, name: None, labels: BTreeMap::new() };
    for condition in conditions {
        match condition.split_once('=') {
            Some(("name", value)) => of.name = Some(value.into()),
            Some((label, value)) => drop(of.labels.insert(label.into(), value.into())),
            None => return Err(format!("«{condition}» no es etiqueta=valor")),
        }
    }
    Ok(Gap { of, path: Path::parse(path)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_names_an_object_and_a_place() {
        let (before, gap, behind) = first("DESTINO=@(Pod app=web status.podIP) fin").unwrap().unwrap();
        assert_eq!((before, behind, gap.of.of.as_str()), ("DESTINO=", " fin", "Pod"));
        assert_eq!((gap.of.labels["app"].as_str(), gap.path), ("web", Path::fields(&["status", "podIP"])));
        assert!(first("nada").unwrap().is_none());
        assert!(first("@(Pod").is_err() && first("@(Pod web status.podIP)").is_err());
    }
}
