//! Whether each term appears in its fixed form, and not before the lesson that explains it. Must not explain any.

use super::Around;
use crate::lessons::format::Lesson;

pub(super) fn lint(lesson: &Lesson, around: Around<'_>) -> Vec<String> {
    let Some(course) = around.course else { return Vec::new() };
    let Some(here) = course.place(&lesson.id) else { return Vec::new() };
    let texts: Vec<(String, String)> = lesson.texts().into_iter().map(|(place, text)| (place, prose(text))).collect();
    let mut found = Vec::new();
    for term in &course.terms {
        let uses = |text: &str| term.forms().any(|form| finds(text, form));
        if course.place(&term.lesson).is_some_and(|taught| taught > here) {
            let early = texts.iter().filter(|(_, text)| uses(text));
            found.extend(
                early.map(|(place, _)| format!("{place}: usa «{}», que se explica en {}", term.term, term.lesson)),
            );
        } else if term.lesson == lesson.id && !texts.iter().any(|(_, text)| uses(text)) {
            found.push(format!("debe explicar «{}» y no lo nombra", term.term));
        }
    }
    found
}

/// A text without its code, which is quoted and not said.
pub(super) fn prose(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("    ")).collect();
    let mut code = false;
    let spoken = lines
        .join("\n")
        .chars()
        .filter(|letter| {
            code ^= *letter == '`';
            !code && *letter != '`'
        })
        .collect::<String>();
    without_quotes(&spoken)
}

/// A text without what stands between «»: others said it.
fn without_quotes(text: &str) -> String {
    let mut depth = 0_usize;
    let keep = |letter: &char| {
        match letter {
            '«' => depth += 1,
            '»' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    };
    text.chars().filter(keep).collect()
}

/// Whether a text holds a form as whole words, whatever the capitals.
pub(super) fn finds(text: &str, form: &str) -> bool {
    let (text, form) = (text.to_lowercase().replace('\n', " "), form.to_lowercase());
    text.match_indices(&form).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + form.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_whole_words_outside_of_code_and_quotes() {
        assert!(finds("Dos pods y\nun Pod.", "un pod") && !finds("Los podios", "pod"));
        let text = "Di clúster.\n\n    cluster\n\nNo `cluster` ni «cluster».";
        assert!(!finds(&prose(text), "cluster"));
    }
}
