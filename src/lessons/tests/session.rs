//! A learner in lesson 1.3, told as a story of moments.

use super::*;

/// A session with one Ready pod behind `web`, and the time of its story.
struct Story {
    session: Session,
    now: u64,
}

impl Story {
    fn new() -> Self {
        let mut story = Self { session: Session::new(lesson("1.3")), now: 0 };
        story.see(Change::Known(Arc::new(deployment(1))));
        story.see(Change::Known(Arc::new(pod("uno", true))));
        story
    }

    fn see(&mut self, change: Change) {
        self.session.observe(&at(self.now, change));
    }

    /// Seconds in which every request is answered, or none.
    fn traffic(&mut self, seconds: u64, answered: bool) {
        for _ in 0..seconds * 10 {
            self.now += 100;
            self.see(request(answered));
        }
    }

    fn goals(&self) -> Vec<bool> {
        self.session.view().goals.iter().map(|goal| goal.done).collect()
    }

    fn scale(&mut self, replicas: u32, pods: &[&str]) {
        self.see(object(Was::Updated, deployment(replicas)));
        for name in pods {
            self.see(object(Was::Created, pod(name, true)));
        }
    }

    /// A pod goes; its replacement comes after some seconds with or without traffic.
    fn kill(&mut self, name: &str, replacement: &str, seconds: u64, answered: bool) {
        self.traffic(3, true);
        let mut leaving = pod(name, true);
        leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        self.see(object(Was::Leaving, leaving.clone()));
        self.traffic(seconds, answered);
        self.see(object(Was::Deleted, leaving));
        self.see(object(Was::Created, pod(replacement, true)));
        self.traffic(7, true);
    }

    fn first_step(&mut self) {
        assert!(self.session.answer("una-replica", 1));
        self.kill("uno", "dos", 3, false);
        assert!(self.session.advance());
    }
}

#[test]
fn the_lesson_is_passed_step_by_step_and_never_goes_on_alone() {
    let mut story = Story::new();
    story.first_step();
    assert_eq!(story.session.view().step, 2);
    story.scale(3, &["tres", "cuatro"]);
    story.traffic(6, true);
    assert_eq!((story.goals(), story.session.view().step), (vec![true], 2), "green, and still here");
    assert!(story.session.advance());
    assert!(story.session.answer("tres-replicas", 0));
    story.kill("tres", "cinco", 3, true);
    assert_eq!(story.goals(), [true, true]);
    assert!(story.session.view().debrief.is_none() && story.session.advance());
    assert!(story.session.finished() && story.session.view().debrief.is_some());
    assert!(!story.session.advance(), "there is nothing behind the debrief");
}

#[test]
fn how_things_stood_is_no_achievement() {
    let mut story = Story::new();
    for name in ["dos", "tres"] {
        story.see(Change::Known(Arc::new(pod(name, true))));
    }
    assert_eq!(story.session.green(), Vec::<&str>::new());
}

#[test]
fn scaling_to_zero_is_no_fall() {
    let mut story = Story::new();
    story.session.answer("una-replica", 1);
    story.traffic(3, true);
    story.scale(0, &[]);
    let mut leaving = pod("uno", true);
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    story.see(object(Was::Leaving, leaving));
    story.traffic(3, false);
    story.scale(1, &["dos"]);
    story.traffic(5, true);
    assert_eq!(story.goals()[..2], [true, false]);
    assert!(!story.session.advance());
}

#[test]
fn losing_a_request_with_three_is_no_high_availability_and_may_be_tried_again() {
    let mut story = Story::new();
    story.first_step();
    story.scale(3, &["tres", "cuatro"]);
    story.traffic(6, true);
    story.session.advance();
    story.session.answer("tres-replicas", 1);
    story.kill("tres", "cinco", 3, false);
    assert_eq!(story.goals(), [true, false]);
    story.kill("cuatro", "seis", 3, true);
    assert_eq!(story.goals(), [true, true]);
}

#[test]
fn a_prediction_counts_once_and_the_run_answers_it() {
    let mut story = Story::new();
    assert!(!story.session.answer("tres-replicas", 0), "not asked yet");
    assert!(!story.session.answer("una-replica", 9), "no such option");
    assert!(story.session.answer("una-replica", 0));
    assert!(!story.session.answer("una-replica", 1), "the first answer counts");
    let question = story.session.view().question.unwrap();
    assert_eq!((question.chosen, question.verdict), (Some(0), None), "predict, then observe");
    story.kill("uno", "dos", 3, false);
    let question = story.session.view().question.unwrap();
    let verdict = question.verdict.unwrap();
    assert!(!verdict.right && verdict.belief.is_some() && !verdict.because.is_empty());
}

#[test]
fn hints_open_after_an_attempt_or_a_pause_and_one_by_one() {
    let mut story = Story::new();
    assert!(!story.session.view().hint_available && !story.session.hint());
    story.session.tick(Duration::from_secs(31));
    assert!(story.session.hint() && !story.session.hint(), "one a pause");
    assert_eq!(story.session.view().hints.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["mira"]);
    story.session.observe_refusal("Invalid", "something was wrong");
    assert!(story.session.hint(), "an attempt opens the next");
    for seconds in [62, 93] {
        story.session.tick(Duration::from_secs(seconds));
        assert!(story.session.hint());
    }
    let names: Vec<_> = story.session.view().hints.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["mira", "piensa", "casi", "solución"]);
    story.session.tick(Duration::from_secs(200));
    assert!(!story.session.hint(), "there is no more");
}

#[test]
fn a_hint_fits_the_state() {
    let mut story = Story::new();
    for seconds in [31, 62, 93] {
        story.session.tick(Duration::from_secs(seconds));
        story.session.hint();
    }
    let almost = |story: &Story| story.session.view().hints[2].1.to_owned();
    assert!(almost(&story).contains("Ctrl-d"));
    story.scale(3, &["dos", "tres"]);
    assert!(almost(&story).contains("vuelve a una"));
}

#[test]
fn refusals_are_counted_by_what_they_teach() {
    let mut session = Session::new(lesson("5.2"));
    session.answer("primer-error", 1);
    session.observe_refusal("", "no matches for kind \"Deployment\" in version \"v1\"");
    assert!(session.advance());
    session.answer("capas", 0);
    session.observe_refusal("", "resource name may not be empty");
    assert!(!session.advance());
    session.observe_refusal("BadRequest", "strict decoding error: unknown field \"metadata.app\"");
    assert!(session.advance());
}

#[test]
fn what_a_detour_met_and_left_is_asked_again() {
    let mut story = Story::new();
    story.scale(3, &["dos", "tres"]);
    story.traffic(6, true);
    story.scale(1, &[]);
    for name in ["dos", "tres"] {
        story.see(object(Was::Deleted, pod(name, true)));
    }
    assert_eq!(story.session.green(), ["Tres pods listos durante 5 segundos seguidos"]);
    story.first_step();
    assert_eq!(story.goals(), [false], "there is one pod");
    story.scale(3, &["cuatro", "cinco"]);
    story.traffic(6, true);
    assert_eq!((story.goals(), story.session.left_behind()), (vec![true], vec![false]));
    story.see(object(Was::Deleted, pod("cinco", true)));
    assert_eq!((story.goals(), story.session.left_behind()), (vec![true], vec![true]), "it was met, and is not so now");
}

#[test]
fn who_ran_ahead_is_not_set_back() {
    let mut story = Story::new();
    story.scale(3, &["dos", "tres"]);
    story.traffic(6, true);
    assert!(story.session.answer("una-replica", 1));
    story.scale(1, &[]);
    for name in ["dos", "tres"] {
        story.see(object(Was::Deleted, pod(name, true)));
    }
    story.kill("uno", "cuatro", 3, false);
    story.scale(3, &["cinco", "seis"]);
    story.traffic(6, true);
    assert!(story.session.advance());
    assert_eq!(story.goals(), [true], "it still is so");
}

#[test]
fn what_is_to_be_done_several_times_is_counted() {
    let mut session = Session::new(lesson("5.2"));
    let so_far = |session: &Session| session.view().goals[1].so_far;
    assert_eq!(so_far(&session), None, "one is enough");
    session.answer("primer-error", 1);
    session.observe_refusal("", "no matches for kind \"Deployment\" in version \"v1\"");
    session.advance();
    assert_eq!(so_far(&session), Some((1, 3)));
    session.observe_refusal("", "resource name may not be empty");
    assert_eq!(so_far(&session), Some((2, 3)));
    session.observe_refusal("BadRequest", "strict decoding error: unknown field \"metadata.app\"");
    assert_eq!(so_far(&session), None, "it is done");
}

#[test]
fn how_many_there_are_is_told_where_the_goal_is_about_that() {
    let mut story = Story::new();
    story.first_step();
    let so_far = |story: &Story| story.session.view().goals[0].so_far;
    assert_eq!(so_far(&story), Some((1, 3)));
    story.scale(3, &["tres"]);
    assert_eq!(so_far(&story), Some((2, 3)));
    story.scale(3, &["cuatro"]);
    story.traffic(1, true);
    assert_eq!(so_far(&story), None, "now it is time that is missing");
}
