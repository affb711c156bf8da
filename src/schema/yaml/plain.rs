//! YAML 1.1 reads some plain scalars otherwise than the 1.2 of our parser: `yes` is a boolean and `0644` an octal
//! number. They are rewritten before parsing, line by line, where nothing quotes them. Lines stay lines.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// A value alone after `key:` or `-`, up to a comment or the line's end.
static SCALAR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"^(\s*(?:- +)*(?:[^\s"'#:&*!|>\[\]{}-][^"'#{}\[\]]*?: +|- +))([A-Za-z]+|0[0-7]+)(\s*(?: #.*)?)$"#).ok()
});
/// A line whose value is a flow collection: `a: {b: yes}`, `- [on, off]`.
static FLOW: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"^\s*(?:- +)*(?:[^\s"'#{}\[\]][^"'#{}\[\]]*?: +)?[\[{]"#).ok());
/// A value inside one; what is quoted is met first and stays.
static INNER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"("(?:[^"\\]|\\.)*"|'[^']*')|([\[{,:] *)([A-Za-z]{1,3}|0[0-7]+)( *[,}\]])"#).ok());
/// A block scalar opens: what is deeper than its key is text.
static BLOCK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?:^|[:\-] +)[|>][-+0-9]*\s*(?: #.*)?$").ok());

pub(super) fn resolve(text: &str) -> Cow<'_, str> {
    let Some(block) = &*BLOCK else { return Cow::Borrowed(text) };
    let mut lines: Vec<Cow<'_, str>> = Vec::new();
    let mut inside: Option<usize> = None;
    let mut quote = Quote::None;
    for line in text.split('\n') {
        let indent = line.len() - line.trim_start().len();
        if inside.is_some_and(|key| indent > key || line.trim().is_empty()) || quote != Quote::None {
            quote = quote.after(line);
            lines.push(Cow::Borrowed(line));
            continue;
        }
        inside = block.is_match(line).then_some(indent);
        quote = quote.after(line);
        lines.push(rewrite(line));
    }
    if lines.iter().all(|line| matches!(line, Cow::Borrowed(_))) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(lines.join("\n"))
}

fn rewrite(line: &str) -> Cow<'_, str> {
    let (Some(scalar), Some(flow), Some(inner)) = (&*SCALAR, &*FLOW, &*INNER) else { return Cow::Borrowed(line) };
    if !flow.is_match(line) {
        return scalar
            .replace(line, |found: &Captures<'_>| format!("{}{}{}", &found[1], meaning(&found[2]), &found[3]));
    }
    let change = |found: &Captures<'_>| match found.get(1) {
        Some(quoted) => quoted.as_str().to_owned(),
        None => format!("{}{}{}", &found[2], meaning(&found[3]), &found[4]),
    };
    // Neighbours share the comma between them, so every second value is met in a second pass.
    let once = inner.replace_all(line, change).into_owned();
    Cow::Owned(inner.replace_all(&once, change).into_owned())
}

fn meaning(text: &str) -> Cow<'_, str> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Cow::Borrowed("true"),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Cow::Borrowed("false"),
        digits if digits.starts_with('0') && digits.len() > 1 => {
            i64::from_str_radix(digits, 8).map_or(Cow::Borrowed(digits), |value| Cow::Owned(value.to_string()))
        }
        other => Cow::Borrowed(other),
    }
}

/// Whether a quoted scalar goes on in the next line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    None,
    Single,
    Double,
}

impl Quote {
    fn after(self, line: &str) -> Self {
        let mut quote = self;
        let mut before = ' ';
        let mut escaped = false;
        for letter in line.chars() {
            match (quote, letter) {
                (Self::None, '#') if before.is_whitespace() => break,
                (Self::None, '"') if opens(before) => quote = Self::Double,
                (Self::None, '\'') if opens(before) => quote = Self::Single,
                (Self::Double, '"') if !escaped => quote = Self::None,
                (Self::Single, '\'') => quote = Self::None,
                _ => {}
            }
            escaped = quote == Self::Double && letter == '\\' && !escaped;
            before = if letter.is_whitespace() && !before.is_whitespace() && !opens(before) { 'x' } else { letter };
        }
        quote
    }
}

/// A quote opens a scalar only where a scalar may begin; inside a plain one it is a letter.
fn opens(before: char) -> bool {
    before.is_whitespace() || matches!(before, '[' | '{' | ',' | ':' | '-' | '(')
}
