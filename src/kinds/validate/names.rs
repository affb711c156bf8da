//! The names that objects, keys and ports may have. Must not know any kind.

use crate::base::syntax;

/// Which names the objects of a kind may have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NameRule {
    /// A DNS subdomain: most kinds.
    #[default]
    Subdomain,
    /// A DNS label: namespaces.
    Label,
    /// A DNS-1035 label: services.
    Label1035,
    /// Anything that can stand between two slashes: roles.
    PathSegment,
}

impl NameRule {
    /// What is wrong with a name, or with the prefix of a generated one.
    pub(in crate::kinds) fn check(self, name: &str, prefix: bool) -> Vec<String> {
        if self == Self::PathSegment {
            return path_segment(name, prefix);
        }
        let masked = if prefix { mask_trailing_dash(name) } else { name.to_owned() };
        match self {
            Self::Label => syntax::dns_label(&masked),
            Self::Label1035 => syntax::dns_1035_label(&masked),
            Self::Subdomain | Self::PathSegment => syntax::dns_subdomain(&masked),
        }
    }
}

/// A prefix may end with a dash, since a random suffix follows it.
fn mask_trailing_dash(name: &str) -> String {
    match name.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => {
            let kept: String = rest.chars().take(rest.chars().count() - 1).collect();
            kept + "a"
        }
        _ => name.to_owned(),
    }
}

fn path_segment(name: &str, prefix: bool) -> Vec<String> {
    if !prefix && (name == "." || name == "..") {
        return vec![format!("may not be '{name}'")];
    }
    let illegal = ["/", "%"].into_iter().filter(|part| name.contains(part));
    illegal.map(|part| format!("may not contain '{part}'")).collect()
}

/// A key of a ConfigMap or Secret, which becomes a file name.
pub(in crate::kinds) fn config_key(key: &str) -> Vec<String> {
    const PATTERN: &str = "[-._a-zA-Z0-9]+";
    let mut errors = syntax::too_long(key, 253);
    if !syntax::matches(PATTERN, key) {
        let rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
        errors.push(syntax::regex_error(rule, PATTERN, &["key.name", "KEY_NAME", "key-name"]));
    }
    errors.extend(dotted(key));
    errors
}

fn dotted(key: &str) -> Option<String> {
    match key {
        "." | ".." => Some(format!("must not be '{key}'")),
        _ if key.starts_with("..") => Some("must not start with '..'".to_owned()),
        _ => None,
    }
}

/// The name of an environment variable (relaxed since 1.34: any printable ASCII but `=`).
pub(in crate::kinds) fn env_name(name: &str) -> Vec<String> {
    if name.is_empty() {
        return vec!["environment variable name must be non-empty".to_owned()];
    }
    let odd = name.chars().any(|c| !(c.is_ascii_graphic() || c == ' ') || c == '=');
    let rule = "a valid environment variable name must consist only of printable ASCII characters other than '='";
    odd.then(|| rule.to_owned()).into_iter().collect()
}

/// The name of a port: 15 lower case letters, digits and single hyphens, with a letter.
pub(in crate::kinds) fn port_name(name: &str) -> Vec<String> {
    let mut errors = syntax::too_long(name, 15);
    let mut add = |wrong: bool, text: &str| {
        if wrong {
            errors.push(text.to_owned());
        }
    };
    add(!syntax::matches("[-a-z0-9]+", name), "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    add(!name.bytes().any(|b| b.is_ascii_lowercase()), "must contain at least one letter (a-z)");
    add(name.contains("--"), "must not contain consecutive hyphens");
    add(name.starts_with('-') || name.ends_with('-'), "must not begin or end with a hyphen");
    errors
}
