//! YAML as `sigs.k8s.io/yaml` writes it: sorted keys, lists not indented, long lines folded at 80 columns.
//! Must not read YAML: `schema::yaml` does.

use serde_json::{Map, Value};

use super::scalar::{self, Style};

/// A line is folded at the first blank beyond this column.
const WIDTH: usize = 80;

/// A document, with a line break at its end.
pub(crate) fn document(value: &Value) -> String {
    let mut emitter = Emitter::default();
    match value {
        Value::Object(map) if !map.is_empty() => emitter.map(map, 0, Place::Line),
        Value::Array(items) if !items.is_empty() => emitter.list(items, 0, Place::Line),
        scalar => {
            emitter.leaf(scalar, 0);
            emitter.out.push('\n');
        }
    }
    emitter.out
}

/// Where a collection begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the beginning of a line.
    Line,
    /// After `- `, whose rest of the line it takes.
    Item,
}

#[derive(Default)]
struct Emitter {
    out: String,
}

impl Emitter {
    fn map(&mut self, map: &Map<String, Value>, indent: usize, place: Place) {
        let mut keys: Vec<&String> = map.keys().collect();
        keys.sort_by(|a, b| scalar::compare(a, b));
        for (number, key) in keys.into_iter().enumerate() {
            if number > 0 || place == Place::Line {
                self.blanks(indent);
            }
            self.key(key);
            match &map[key] {
                Value::Object(inner) if !inner.is_empty() => {
                    self.out.push('\n');
                    self.map(inner, indent + 2, Place::Line);
                }
                Value::Array(items) if !items.is_empty() => {
                    self.out.push('\n');
                    self.list(items, indent, Place::Line);
                }
                leaf => {
                    self.out.push(' ');
                    self.leaf(leaf, indent + 2);
                    self.out.push('\n');
                }
            }
        }
    }

    fn list(&mut self, items: &[Value], indent: usize, place: Place) {
        for (number, item) in items.iter().enumerate() {
            if number > 0 || place == Place::Line {
                self.blanks(indent);
            }
            self.out.push_str("- ");
            match item {
                Value::Object(inner) if !inner.is_empty() => self.map(inner, indent + 2, Place::Item),
                Value::Array(inner) if !inner.is_empty() => self.list(inner, indent + 2, Place::Item),
                leaf => {
                    self.leaf(leaf, indent + 2);
                    self.out.push('\n');
                }
            }
        }
    }

    fn key(&mut self, key: &str) {
        match scalar::style(key, true) {
            Style::Plain => self.out.push_str(key),
            Style::Single => self.single(key, 0, false),
            Style::Double | Style::Literal => self.double(key, 0, false),
        }
        self.out.push(':');
    }

    fn leaf(&mut self, value: &Value, indent: usize) {
        match value {
            Value::String(text) => match scalar::style(text, false) {
                Style::Plain => self.plain(text, indent),
                Style::Single => self.single(text, indent, true),
                Style::Double => self.double(text, indent, true),
                Style::Literal => self.literal(text, indent),
            },
            Value::Number(number) => self.out.push_str(&scalar::number(number)),
            other => self.out.push_str(&other.to_string()),
        }
    }

    /// Whether the line is too long to go on after a blank.
    fn is_full(&self) -> bool {
        let line = self.out.rsplit('\n').next().unwrap_or_default();
        line.chars().count() > WIDTH
    }

    fn plain(&mut self, text: &str, indent: usize) {
        let letters: Vec<char> = text.chars().collect();
        let mut after_blank = false;
        for (at, &letter) in letters.iter().enumerate() {
            let before_blank = letters.get(at + 1) == Some(&' ');
            if letter == ' ' && !after_blank && !before_blank && self.is_full() {
                self.fold(indent);
            } else {
                self.out.push(letter);
            }
            after_blank = letter == ' ';
        }
    }

    fn single(&mut self, text: &str, indent: usize, folds: bool) {
        self.out.push('\'');
        let letters: Vec<char> = text.chars().collect();
        let mut after_blank = false;
        for (at, &letter) in letters.iter().enumerate() {
            let inside = at > 0 && at + 1 < letters.len() && letters[at + 1] != ' ';
            match letter {
                ' ' if folds && inside && !after_blank && self.is_full() => self.fold(indent),
                '\'' => self.out.push_str("''"),
                other => self.out.push(other),
            }
            after_blank = letter == ' ';
        }
        self.out.push('\'');
    }

    fn double(&mut self, text: &str, indent: usize, folds: bool) {
        self.out.push('"');
        let letters: Vec<char> = text.chars().collect();
        let mut after_blank = false;
        for (at, &letter) in letters.iter().enumerate() {
            let inside = at > 0 && at + 1 < letters.len();
            if letter == ' ' && folds && inside && !after_blank && self.is_full() {
                self.fold(indent);
                if letters[at + 1] == ' ' {
                    self.out.push('\\');
                }
            } else {
                scalar::escape(letter, &mut self.out);
            }
            after_blank = letter == ' ';
        }
        self.out.push('"');
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.out.push('|');
        if text.starts_with([' ', '\n']) {
            self.out.push('2');
        }
        if !text.ends_with('\n') {
            self.out.push('-');
        } else if text == "\n" || text.ends_with("\n\n") {
            self.out.push('+');
        }
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            self.out.push('\n');
            if !line.is_empty() {
                self.blanks(indent);
                self.out.push_str(line);
            }
        }
    }

    fn fold(&mut self, indent: usize) {
        self.out.push('\n');
        self.blanks(indent);
    }

    fn blanks(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n(' ', count));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::document;

    #[test]
    fn lists_are_not_indented_and_keys_are_sorted_naturally() {
        let value = json!({"b": [{"x": 1, "a": []}, [1, 2]], "a10": {}, "a2": null, "A": true});
        assert_eq!(document(&value), "A: true\na2: null\na10: {}\nb:\n- a: []\n  x: 1\n- - 1\n  - 2\n");
    }

    #[test]
    fn what_would_read_as_something_else_is_quoted() {
        let value = json!([
            "true",
            "80",
            "1.5",
            "",
            "null",
            "yes",
            "2024-01-01T00:00:00Z",
            "0x1F",
            "12:30",
            "1.2.3",
            "-",
            "a: b",
            "#x",
            "it's",
            "@x",
            "~"
        ]);
        let expected = "- \"true\"\n- \"80\"\n- \"1.5\"\n- \"\"\n- \"null\"\n- \"yes\"\n- \"2024-01-01T00:00:00Z\"\n- \"0x1F\"\n- \"12:30\"\n- 1.2.3\n- '-'\n- 'a: b'\n- '#x'\n- it's\n- '@x'\n- \"~\"\n";
        assert_eq!(document(&value), expected);
    }

    #[test]
    fn long_text_is_folded_and_lines_are_kept() {
        let words = "word ".repeat(20) + "end";
        let value = json!({ "m": words, "t": "a\nb\n", "u": "a\n\nb", "tab": "a\tb\n" });
        let expected = format!(
            "m: {}\n  {}\nt: |\n  a\n  b\ntab: \"a\\tb\\n\"\nu: |-\n  a\n\n  b\n",
            "word ".repeat(16).trim_end(),
            "word ".repeat(4) + "end"
        );
        assert_eq!(document(&value), expected);
    }
}
