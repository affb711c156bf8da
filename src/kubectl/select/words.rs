//! What the words of a command mean: `pods`, `pod web`, `pod/web svc/web`, `pods,svc web`. Must not ask the server.

use crate::kubectl::failure::{Failure, Outcome};

/// What was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    /// Nothing.
    Nothing,
    /// Kinds alone.
    Types(Vec<String>),
    /// (kind, name), in the order of the words.
    Named(Vec<(String, String)>),
}

/// Reads the words as kubectl does (`ResourceTypeOrNameArgs`).
pub(crate) fn read(args: &[String]) -> Outcome<Words> {
    let with_slash = args.iter().filter(|arg| arg.contains('/')).count();
    if with_slash > 0 && with_slash < args.len() {
        return Err(Failure::error(
            "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'",
        ));
    }
    if with_slash > 0 {
        return args.iter().map(|arg| pair(arg)).collect::<Outcome<_>>().map(Words::Named);
    }
    let Some((first, names)) = args.split_first() else { return Ok(Words::Nothing) };
    let types = types(first);
    if names.is_empty() {
        return Ok(Words::Types(types));
    }
    let of_type = |kind: &String| names.iter().map(|name| (kind.clone(), name.clone())).collect::<Vec<_>>();
    Ok(Words::Named(types.iter().flat_map(of_type).collect()))
}

/// `pod/web`.
pub(crate) fn pair(arg: &str) -> Outcome<(String, String)> {
    let parts: Vec<&str> = arg.split('/').collect();
    match parts.as_slice() {
        [kind, name] if !kind.is_empty() && !name.is_empty() && !kind.contains(',') => {
            Ok(((*kind).into(), (*name).into()))
        }
        [_, _] => Err(Failure::error("arguments in resource/name form must have a single resource and name")),
        _ => Err(Failure::error("arguments in resource/name form may not have more than one slash")),
    }
}

/// `pods,svc` without repetitions.
fn types(arg: &str) -> Vec<String> {
    let mut types: Vec<String> = Vec::new();
    for kind in arg.split(',').filter(|kind| !kind.is_empty()) {
        if !types.iter().any(|known| known == kind) {
            types.push(kind.into());
        }
    }
    types
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Outcome<Words> {
        read(&line.split_whitespace().map(Into::into).collect::<Vec<_>>())
    }

    fn named(pairs: &[(&str, &str)]) -> Words {
        Words::Named(pairs.iter().map(|(kind, name)| ((*kind).into(), (*name).into())).collect())
    }

    #[test]
    fn every_form_is_read() {
        assert_eq!(words("").unwrap(), Words::Nothing);
        assert_eq!(words("po,svc,po").unwrap(), Words::Types(vec!["po".into(), "svc".into()]));
        assert_eq!(words("po a b").unwrap(), named(&[("po", "a"), ("po", "b")]));
        assert_eq!(words("po,svc a").unwrap(), named(&[("po", "a"), ("svc", "a")]));
        assert_eq!(words("po/a svc/b").unwrap(), named(&[("po", "a"), ("svc", "b")]));
    }

    #[test]
    fn mixed_forms_are_refused() {
        for line in ["po/a svc b", "po/a/b", "po/", "/a"] {
            assert!(words(line).is_err(), "{line}");
        }
    }
}
