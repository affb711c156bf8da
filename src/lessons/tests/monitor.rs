//! Conditions over time, each against a short story.

use super::super::monitor::Monitor;
use super::super::predicate::Predicate;
use super::super::world::World;
use super::*;

/// At which moments of a story a condition holds.
fn holds(condition: &str, story: &[Moment]) -> Vec<bool> {
    let reader = serde_yaml::Deserializer::from_str(condition);
    let predicate: Predicate = serde_yaml::with::singleton_map_recursive::deserialize(reader).unwrap();
    let (mut monitor, mut world) = (Monitor::new(&predicate), World::default());
    let step = |moment| {
        world.absorb(moment);
        monitor.step(&world, moment)
    };
    story.iter().map(step).collect()
}

const TWO_READY: &str = "{count: {of: Pod, where: {app: web}, is: Ready, equals: 2}}";

#[test]
fn count_reads_the_present() {
    let story = [
        at(0, object(Was::Created, pod("a", true))),
        at(1, object(Was::Created, pod("b", false))),
        at(2, object(Was::Updated, pod("b", true))),
        at(3, object(Was::Deleted, pod("a", true))),
    ];
    assert_eq!(holds(TWO_READY, &story), [false, false, true, false]);
}

#[test]
fn a_pod_that_is_leaving_is_not_ready() {
    let mut leaving = pod("a", true);
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    let story = [at(0, object(Was::Created, pod("a", true))), at(1, object(Was::Leaving, leaving))];
    assert_eq!(holds("{count: {of: Pod, is: Ready}}", &story), [true, false]);
}

#[test]
fn held_does_not_pass_on_a_flicker() {
    let (up, down) = (|| object(Was::Updated, pod("b", true)), || object(Was::Updated, pod("b", false)));
    let story = [
        at(0, object(Was::Created, pod("a", true))),
        at(100, up()),
        at(3_000, Change::Tick),
        at(4_000, down()),
        at(4_100, up()),
        at(8_000, Change::Tick),
        at(9_100, Change::Tick),
    ];
    let condition = format!("{{held: {{that: {TWO_READY}, for: 5s}}}}");
    assert_eq!(holds(&condition, &story), [false, false, false, false, false, false, true]);
}

#[test]
fn then_wants_its_order() {
    let condition = "{then: [{change: {of: Pod, was: deleted}}, {change: {of: Pod, was: created}}]}";
    let (created, deleted) = (|| object(Was::Created, pod("a", true)), || object(Was::Deleted, pod("a", true)));
    assert_eq!(holds(condition, &[at(0, created()), at(1, deleted())]), [false, false]);
    assert_eq!(holds(condition, &[at(0, created()), at(1, deleted()), at(2, created())]), [false, false, true]);
}

#[test]
fn then_wants_later_and_not_at_once() {
    let story = [at(0, object(Was::Created, pod("a", true))), at(1, Change::Tick)];
    assert_eq!(holds("{then: [{count: {of: Pod}}, {count: {of: Pod}}]}", &story), [false, true]);
}

#[test]
fn a_run_that_failed_may_be_tried_again() {
    // From each time that traffic is whole: never broken until a pod is deleted.
    let condition = "{then: [{traffic: {to: web, at_least: 100}}, \
        {all: [{always: {not: {traffic: {to: web, below: 100}}}}, {happened: {change: {of: Pod, was: deleted}}}]}]}";
    let answered = |from: u64, ok: bool| (0..30).map(move |n| at(from + n * 100, request(ok)));
    let broken: Vec<_> = answered(0, true)
        .chain(answered(3_000, false))
        .chain([at(6_000, object(Was::Deleted, pod("a", true)))])
        .collect();
    assert_eq!(holds(condition, &broken).last(), Some(&false));
    let again: Vec<_> = broken
        .into_iter()
        .chain(answered(6_100, true))
        .chain([at(9_200, object(Was::Deleted, pod("b", true)))])
        .collect();
    assert_eq!(holds(condition, &again).last(), Some(&true));
}

#[test]
fn traffic_says_nothing_of_few_requests() {
    let story: Vec<_> = (0..6).map(|n| at(n * 100, request(n == 5))).collect();
    assert_eq!(holds("{traffic: {to: web, below: 100}}", &story), [false, false, false, false, true, true]);
    assert!(holds("{not: {traffic: {to: web, below: 100}}}", &story)[0]);
}

#[test]
fn refusals_count_by_kind() {
    let refusal = |text: &str| Change::Refusal { reason: refusal::Reason::of(text), text: text.into() };
    let story = [
        at(0, refusal("no matches for kind")),
        at(1, refusal("no matches for kind \"X\"")),
        at(2, refusal("unknown field \"spec.x\"")),
    ];
    assert_eq!(holds("{refused: {at_least: 2}}", &story), [false, false, true]);
    assert_eq!(holds("{last_refusal: unknown_field}", &story), [false, false, true]);
}

#[test]
fn read_sees_one_object() {
    let story = [at(0, object(Was::Created, deployment(1))), at(1, object(Was::Updated, deployment(3)))];
    let condition = "{read: {of: Deployment/web, says: [{path: spec.replicas, at_least: 2}]}}";
    assert_eq!(holds(condition, &story), [false, true]);
    assert_eq!(holds("{not: {read: {of: Deployment/otro}}}", &story), [true, true]);
}

fn named(uid: &str, ready: bool) -> Value {
    let mut pod = pod(uid, ready);
    pod["metadata"]["uid"] = uid.into();
    pod
}

#[test]
fn renewed_wants_others_than_before() {
    let story = [
        at(0, Change::Known(Arc::new(named("a", true)))),
        at(1, Change::Tick),
        at(2, object(Was::Created, named("b", true))),
        at(3, object(Was::Deleted, named("a", true))),
    ];
    let condition = "{renewed: {of: Pod, where: {app: web}, is: Ready}}";
    assert_eq!(holds(condition, &story), [false, false, false, true]);
    assert_eq!(holds(condition, &story[2..3]), [false], "there must have been one before");
}

#[test]
fn read_compares_with_what_was_said_when_it_began() {
    let story = [
        at(0, object(Was::Created, deployment(3))),
        at(1, object(Was::Updated, deployment(5))),
        at(2, object(Was::Updated, deployment(3))),
    ];
    let same = "{read: {of: Deployment/web, says: [{path: spec.replicas, same: true}]}}";
    assert_eq!(holds(same, &story), [true, false, true]);
    assert_eq!(holds(&same.replace("true", "false"), &story), [false, true, false]);
}

#[test]
fn texts_and_numbers_are_read_in_several_ways() {
    let story = [at(0, object(Was::Created, deployment(3)))];
    for (says, expected) in [
        ("{path: metadata.name, contains: eb}", true),
        ("{path: metadata.name, matches: '^w.b$'}", true),
        ("{path: metadata.name, one_of: [api, web]}", true),
        ("{path: metadata.name, one_of: [api]}", false),
        ("{path: spec.replicas, at_most: 3}", true),
        ("{path: spec.replicas, at_most: 2}", false),
        ("{path: spec.nada, exists: false}", true),
    ] {
        assert_eq!(holds(&format!("{{read: {{of: Deployment/web, says: [{says}]}}}}"), &story), [expected], "{says}");
    }
}

#[test]
fn labels_may_be_selected_by_sets() {
    let story = [at(0, object(Was::Created, pod("a", true)))];
    assert_eq!(holds("{count: {of: Pod, select: 'app in (web,api),env!=qa'}}", &story), [true]);
    assert_eq!(holds("{count: {of: Pod, select: '!app'}}", &story), [false]);
}

#[test]
fn another_namespace_is_another_place() {
    let mut far = pod("a", true);
    far["metadata"]["namespace"] = "otro".into();
    let story = [at(0, object(Was::Created, far.clone())), at(1, object(Was::Deleted, far))];
    assert_eq!(holds("{count: {of: Pod}}", &story[..1]), [false]);
    assert_eq!(holds("{count: {of: Pod, in: otro}}", &story[..1]), [true]);
    let gone = "{happened: {change: {of: Pod, in: otro, was: deleted}}}";
    assert_eq!(holds(gone, &story), [false, true]);
    assert_eq!(holds(&gone.replace(", in: otro", ""), &story), [false, false]);
}

fn far(mut object: Value) -> Value {
    object["metadata"]["namespace"] = "prod/leccion-6-2".into();
    object
}

#[test]
fn a_deletion_in_the_second_cluster_is_seen_there_and_not_here() {
    let both = [at(0, object(Was::Created, deployment(2))), at(1, object(Was::Created, far(deployment(3))))];
    let story = [&both[..], &[at(2, object(Was::Deleted, far(deployment(3))))]].concat();
    let there = "{read: {of: Deployment/web, in: prod/leccion-6-2, says: [{path: spec.replicas, equals: 3}]}}";
    assert_eq!(holds(there, &story), [false, true, false]);
    assert_eq!(holds("{count: {of: Deployment}}", &story), [true, true, true], "of the same name, and untouched");
    assert_eq!(holds("{change: {of: Deployment, was: deleted}}", &story), [false, false, false]);
    let always = format!("{{then: [{there}, {{always: {there}}}]}}");
    assert_eq!(holds(&always, &story).last(), Some(&false));
}

#[test]
fn what_is_asked_of_the_second_cluster_is_not_asked_of_the_first() {
    let asked = |cluster: &str| {
        let entry = world::Entry { cluster: cluster.into(), verb: "list".into(), ..world::Entry::default() };
        Change::Audit(Arc::new(entry))
    };
    let story = [at(0, asked("prod")), at(1, asked(""))];
    assert_eq!(holds("{audit: {verb: list}}", &story), [false, true]);
    assert_eq!(holds("{audit: {verb: list, cluster: prod}}", &story), [true, true]);
}

#[test]
fn the_whole_share_counts_from_where_it_began() {
    let answered = |from: u64, ok: bool| (0..10).map(move |n| at(from + n * 100, request(ok)));
    let story: Vec<_> =
        answered(0, false).chain([at(1_000, Change::Used("ya".into()))]).chain(answered(1_100, true)).collect();
    let condition = "{traffic: {to: web, whole: true, at_least: 100}}";
    assert_eq!(holds(condition, &story).last(), Some(&false));
    assert_eq!(holds(&format!("{{then: [{{used: ya}}, {condition}]}}"), &story).last(), Some(&true));
}

#[test]
fn requests_to_the_api_server_are_told_apart_by_who_and_with_what() {
    let asked = |agent: &str, verb: &str, code: u16| {
        let entry = world::Entry {
            user: "kubernetes-admin".into(),
            agent: agent.into(),
            verb: verb.into(),
            resource: "pods".into(),
            code,
            ..world::Entry::default()
        };
        Change::Audit(Arc::new(entry))
    };
    let story = [
        at(0, asked("kubectl/v1.33 (linux/amd64)", "list", 200)),
        at(1, asked("kubectl/v1.33", "list", 200)),
        at(2, asked("curl/8", "list", 503)),
    ];
    assert_eq!(
        holds("{audit: {resource: pods, verb: list, by_client: true, at_least: 2}}", &story),
        [false, false, true]
    );
    assert_eq!(holds("{audit: {client: kubectl, equals: 2}}", &story), [false, true, true]);
    assert_eq!(holds("{audit: {code_at_least: 400}}", &story), [false, false, true]);
    assert_eq!(holds("{audit: {who: 'kube*'}}", &story), [true, true, true]);
    assert_eq!(holds("{audit: {who: system}}", &story), [false, false, false]);
}

#[test]
fn the_screen_is_heard() {
    let opened = |name: &str| Change::Opened { kind: "Pod".into(), name: name.into() };
    let story = [at(0, opened("a")), at(1, opened("a")), at(2, opened("b")), at(3, Change::Used("ayuda".into()))];
    assert_eq!(holds("{opened: {at_least: 2}}", &story), [false, false, true, true]);
    assert_eq!(holds("{opened: {of: Node}}", &story), [false, false, false, false]);
    assert_eq!(holds("{used: ayuda}", &story), [false, false, false, true]);
}

#[test]
fn a_question_may_be_answered_right_or_put_in_order() {
    let answer = |right| Change::Answer { question: "a".into(), option: 0, right };
    assert_eq!(holds("{right: a}", &[at(0, answer(false)), at(1, answer(true))]), [false, false], "the first counts");
    assert_eq!(holds("{right: a}", &[at(0, answer(true))]), [true]);
    let order = |items: &[usize]| Change::Order { question: "b".into(), items: items.to_vec() };
    assert_eq!(holds("{right: b}", &[at(0, order(&[1, 0])), at(1, order(&[0, 1]))]), [false, true]);
}

/// How long a condition has held, of how long, at each moment of a story.
fn lasts(condition: &str, story: &[Moment]) -> Vec<Option<(u64, u64)>> {
    let reader = serde_yaml::Deserializer::from_str(condition);
    let predicate: Predicate = serde_yaml::with::singleton_map_recursive::deserialize(reader).unwrap();
    let (mut monitor, mut world) = (Monitor::new(&predicate), World::default());
    let step = |moment: &Moment| {
        world.absorb(moment);
        monitor.step(&world, moment);
        monitor.held(moment.at).map(|lasting| (lasting.held.as_secs(), lasting.whole.as_secs()))
    };
    story.iter().map(step).collect()
}

#[test]
fn what_has_to_last_says_how_long_it_has() {
    let one_ready = "{held: {that: {count: {of: Pod, is: Ready, equals: 1}}, for: 5s}}";
    let story = [
        at(0, object(Was::Created, pod("a", true))),
        at(3_000, Change::Tick),
        at(4_000, object(Was::Updated, pod("a", false))),
        at(4_500, object(Was::Updated, pod("a", true))),
        at(9_500, Change::Tick),
    ];
    assert_eq!(lasts(one_ready, &story), [Some((0, 5)), Some((3, 5)), None, Some((0, 5)), None]);
    let both = format!("{{all: [{one_ready}, {{used: ayuda}}]}}");
    assert_eq!(lasts(&both, &story[..2]), [None, None], "something else is missing");
    let used =
        [at(0, Change::Used("ayuda".into())), at(0, object(Was::Created, pod("a", true))), at(2_000, Change::Tick)];
    assert_eq!(lasts(&both, &used), [None, Some((0, 5)), Some((2, 5))]);
}

#[test]
fn how_an_object_was_when_it_was_opened_may_matter() {
    let opened = || Change::Opened { kind: "Pod".into(), name: "a".into() };
    let mut waits = pod("a", false);
    waits["status"]["phase"] = "Pending".into();
    let story = [
        at(0, object(Was::Created, waits)),
        at(1, opened()),
        at(2, object(Was::Updated, pod("a", true))),
        at(3, opened()),
    ];
    assert_eq!(holds("{opened: {of: Pod, is: Pending}}", &story), [false, true, true, false]);
}
