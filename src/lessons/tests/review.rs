//! Cards of today, and a module's test.

use super::super::review::{Quiz, card, interleave};
use super::*;

fn cards(lessons: &[(&str, usize)]) -> Vec<(String, usize)> {
    lessons.iter().map(|(lesson, number)| ((*lesson).into(), *number)).collect()
}

#[test]
fn look_alikes_are_mixed() {
    let due = cards(&[("1.3", 0), ("1.3", 1), ("1.3", 2), ("5.2", 0), ("4.3", 0)]);
    let asked = interleave(&due);
    assert_eq!(asked, cards(&[("1.3", 0), ("5.2", 0), ("4.3", 0), ("1.3", 1), ("1.3", 2)]));
    let many: Vec<_> = (0..50).map(|number| ("1.3".to_owned(), number)).collect();
    assert_eq!(interleave(&many).len(), 20, "one sitting");
}

#[test]
fn a_card_that_is_no_longer_there_is_none() {
    let catalogue = Catalogue::embedded().unwrap();
    assert!(card(&catalogue, &("1.3".into(), 0)).is_some());
    assert!(card(&catalogue, &("1.3".into(), 99)).is_none() && card(&catalogue, &("9.9".into(), 0)).is_none());
}

#[test]
fn a_test_asks_each_lesson_once_and_forgives_one_in_five() {
    let catalogue = Catalogue::embedded().unwrap();
    let quiz = Quiz::new(&catalogue, "5", 7);
    let lessons = catalogue.lessons().iter().filter(|lesson| lesson.module_number() == "5").count();
    assert_eq!(quiz.questions.len(), lessons);
    assert!(quiz.questions.iter().all(|id| !card(&catalogue, id).unwrap().1.options.is_empty()));
    let asked = |answers: &[bool]| {
        let mut quiz = Quiz { questions: cards(&[("a", 0), ("b", 0), ("c", 0), ("d", 0), ("e", 0)]), ..quiz.clone() };
        answers.iter().for_each(|right| quiz.answer(*right));
        quiz
    };
    assert!(!asked(&[true; 4]).passed(), "not over yet");
    assert!(asked(&[true, true, false, true, true]).passed());
    let failed = asked(&[true, false, false, true, true]);
    assert!(!failed.passed() && failed.current().is_none());
    assert_eq!(failed.to_learn(), ["b", "c"]);
    assert!(!Quiz { questions: Vec::new(), ..quiz }.passed(), "nothing asked, nothing known");
}
