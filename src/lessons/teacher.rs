//! For who teaches: the script of a lesson, and the report of a student, both as Markdown. Must not read or write files.

use super::catalogue::Catalogue;
use super::format::{Choice, Lesson, Question, Step};
use super::progress::{Done, Progress};

/// How to teach a lesson: aim, steps, what learners believe, the worked solution.
#[must_use]
pub fn script(lesson: &Lesson) -> String {
    let mut text = format!("# {} {}\n\n*{}* · {} min\n\n", lesson.id, lesson.title, lesson.module, lesson.minutes);
    text += &format!("**Objetivo.** {}\n", lesson.aim);
    if !lesson.notes.is_empty() {
        text += &format!("\n**De los apuntes.** {}\n", lesson.notes.join(" · "));
    }
    for (number, step) in lesson.steps.iter().enumerate() {
        text += &of_step(number + 1, step);
    }
    text += &format!("\n## Cierre\n\n{}\n## Para preguntar otro día\n\n", lesson.debrief);
    for card in &lesson.cards {
        text += &format!("- **{}** {}\n", card.question.trim(), card.answer.trim());
        for option in &card.options {
            text += &format!("  - {}\n", of_option(option));
        }
    }
    text
}

fn of_step(number: usize, step: &Step) -> String {
    let mut text = format!("\n## Paso {number}. {}\n\n{}\n", step.title, step.text);
    if let Some(question) = &step.question {
        text += &of_question(question);
    }
    for goal in &step.goals {
        text += &format!("- [ ] {}\n", goal.text);
    }
    for key in &step.keys {
        text += &format!("- Tecla `{}`: {}\n", key.key, key.text);
    }
    text += &help(step);
    text
}

fn help(step: &Step) -> String {
    let Some(hints) = &step.hints else { return "\nSin pistas.\n".into() };
    let mut text = "\n**Pistas.**\n\n".to_owned();
    for (name, hint) in ["mira", "piensa", "casi"].iter().zip(hints.levels()) {
        for variant in hint.texts() {
            text += &format!("- *{name}*: {}\n", variant.trim());
        }
    }
    text + &format!("\n**Solución.** {}\n", hints.solution)
}

fn of_option(option: &Choice) -> String {
    let sign = if option.right { "✓" } else { "✕" };
    let belief = option.belief.as_ref().map(|belief| format!(" — *{}*", belief.trim())).unwrap_or_default();
    format!("{sign} {}{belief}", option.text)
}

fn of_question(question: &Question) -> String {
    let mut text = format!("**Predicción.** {}\n\n", question.text);
    for (number, option) in question.options.iter().enumerate() {
        text += &format!("{}. {}\n", number + 1, of_option(option));
    }
    for (number, item) in question.order.iter().enumerate() {
        text += &format!("{}. {item}\n", number + 1);
    }
    text + &format!("\n{}\n\n", question.because.trim())
}

/// What a student has done: each lesson, the predictions that failed and the belief behind each.
#[must_use]
pub fn report(catalogue: &Catalogue, progress: &Progress, student: &str) -> String {
    let lessons = catalogue.lessons();
    let passed = lessons.iter().filter(|lesson| progress.passed(lesson)).count();
    let mut text = format!("# {student}\n\n{passed} de {} lecciones hechas.\n\n", lessons.len());
    text += "| lección | estado | cuándo | pistas | predicciones |\n|---|---|---|---|---|\n";
    for lesson in lessons {
        text += &row(lesson, progress);
    }
    let beliefs: Vec<String> = lessons.iter().flat_map(|lesson| beliefs(lesson, progress.lesson(&lesson.id))).collect();
    if !beliefs.is_empty() {
        text += &format!("\n## Lo que creía y el clúster desmintió\n\n{}\n", beliefs.join("\n"));
    }
    text
}

fn row(lesson: &Lesson, progress: &Progress) -> String {
    let done = progress.lesson(&lesson.id);
    let state = match done {
        _ if progress.passed(lesson) => "hecha".into(),
        _ if progress.knows(&lesson.id) => "la sabía".into(),
        Some(done) => format!("paso {} de {}", done.step, lesson.steps.len()),
        None => "sin empezar".into(),
    };
    let when = done.and_then(|done| done.finished).map(|when| when.strftime("%Y-%m-%d").to_string());
    let hints =
        done.map_or(String::new(), |done| ["ninguna", "mira", "piensa", "casi", "solución"][done.hints.min(4)].into());
    let (right, asked) = score(lesson, done);
    let score = if asked == 0 { String::new() } else { format!("{right} de {asked}") };
    format!("| {} {} | {state} | {} | {hints} | {score} |\n", lesson.id, lesson.title, when.unwrap_or_default())
}

/// Predictions that came true, and all that were made.
fn score(lesson: &Lesson, done: Option<&Done>) -> (usize, usize) {
    let chosen =
        |question: &Question| question.options.get(*done?.answers.get(&question.id)?).map(|option| option.right);
    let answers: Vec<bool> = lesson.questions().filter_map(chosen).collect();
    (answers.iter().filter(|right| **right).count(), answers.len())
}

fn beliefs(lesson: &Lesson, done: Option<&Done>) -> Vec<String> {
    let believed = |question: &Question| {
        let option = question.options.get(*done?.answers.get(&question.id)?)?;
        let belief = option.belief.as_ref()?;
        Some(format!("- {} · «{}» → «{}». {}", lesson.id, question.text, option.text, belief.trim()))
    };
    lesson.questions().filter_map(believed).collect()
}
