//! Whether texts keep to the agreed words, and quote the notes as they are. Must not judge style.

use super::Around;
use super::terms::{finds, prose};
use crate::lessons::format::Lesson;

/// Beginnings of a quotation from the notes.
const QUOTES: &[&str] = &["tus apuntes dice", "tus apuntes decía", "tus apuntes pone"];

pub(super) fn lint(lesson: &Lesson, around: Around<'_>) -> Vec<String> {
    let Some(course) = around.course else { return Vec::new() };
    let mut found = Vec::new();
    let notes = simple(&course.notes.join(" "));
    for (place, text) in lesson.texts() {
        let prose = prose(text);
        let wrong = course.avoid.iter().filter(|(form, _)| finds(&prose, form));
        found.extend(wrong.map(|(form, say)| format!("{place}: en vez de «{form}», di «{say}»")));
        let strange =
            quoted(text).into_iter().filter(|quote| !quote.split("...").all(|part| notes.contains(&simple(part))));
        found.extend(strange.map(|quote| format!("{place}: los apuntes no dicen «{quote}»")));
    }
    found
}

/// What a text says that the notes say.
fn quoted(text: &str) -> Vec<String> {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('…', "...");
    let behind = QUOTES.iter().flat_map(|opening| flat.split(opening).skip(1));
    let quote = |rest: &str| Some(rest.split_once('«')?.1.split_once('»')?.0.to_owned());
    behind.filter_map(quote).collect()
}

/// A text without accents, capitals and signs: the notes were written in haste.
fn simple(text: &str) -> String {
    let plain = |letter: char| match letter {
        'á' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' | 'ü' => 'u',
        other => other,
    };
    let letters = text
        .to_lowercase()
        .chars()
        .map(plain)
        .map(|letter| if letter.is_alphanumeric() { letter } else { ' ' })
        .collect::<String>();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}
