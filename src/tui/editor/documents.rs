//! A text cut into its documents at the `---` lines, each knowing where it begins. Pure.

/// One document of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document<'a> {
    /// Its line in the whole text, from 0.
    pub first_line: usize,
    /// Its text.
    pub text: &'a str,
}

/// The documents that say something.
pub fn split(text: &str) -> Vec<Document<'_>> {
    let mut documents = Vec::new();
    let (mut start, mut first_line, mut at) = (0, 0, 0);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if line.trim_end() == "---" || line.starts_with("--- ") {
            documents.push(Document { first_line, text: &text[start..at] });
            (start, first_line) = (at + line.len(), number + 1);
        }
        at += line.len();
    }
    documents.push(Document { first_line, text: &text[start..] });
    documents.retain(|document| document.text.lines().any(says_something));
    documents
}

fn says_something(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}
