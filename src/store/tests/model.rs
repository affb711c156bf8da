//! Random writes, compactions and watches against a plain `BTreeMap`.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Put(u8, u8),
    Delete(u8),
    /// Forgets all but the last so many revisions.
    Compact(u8),
}

type Model = BTreeMap<String, (u8, Revision)>;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..24u8, any::<u8>()).prop_map(|(key, value)| Step::Put(key, value)),
        3 => (0..24u8).prop_map(Step::Delete),
        1 => any::<u8>().prop_map(Step::Compact),
    ]
}

fn key(number: u8) -> String {
    format!("/{}/{}", if number.is_multiple_of(2) { "even" } else { "odd" }, number)
}

async fn run(store: &Store<usize>, model: &mut Model, step: &Step) {
    match *step {
        Step::Put(number, content) => {
            let key = key(number);
            let expect = model.get(&key).map_or(Expect::Absent, |(_, revision)| Expect::Revision(*revision));
            let record = store.put(&key, expect, value(vec![content])).await.unwrap();
            model.insert(key, (content, record.modified));
        }
        Step::Delete(number) => {
            let outcome = store.delete(&key(number), Expect::Exists, value("")).await;
            assert_eq!(outcome.is_ok(), model.remove(&key(number)).is_some());
        }
        Step::Compact(keep) => store.compact(store.revision().saturating_sub(keep.into())),
    }
}

fn listed(records: &[Record<usize>]) -> Model {
    records.iter().map(|record| (record.key.to_string(), (record.value.bytes()[0], record.modified))).collect()
}

fn paged(store: &Store<usize>, prefix: &str, size: usize, at: Revision) -> Result<Model, TooOld> {
    let (mut all, mut after) = (Model::new(), None::<String>);
    loop {
        let page = store.list_at(prefix, after.as_deref(), Some(size), at)?;
        all.extend(listed(&page.records));
        match page.records.last() {
            Some(last) if page.remaining > 0 => after = Some(last.key.to_string()),
            _ => return Ok(all),
        }
    }
}

/// Plays the events of a watch over a state.
async fn replayed(mut watch: Watch<usize>, mut state: Model) -> Model {
    while watch.progress().is_none() {
        let event = watch.next().await.unwrap();
        let key = event.record.key.to_string();
        assert_eq!(event.previous.as_ref().map(|record| record.modified), state.get(&key).map(|old| old.1));
        match event.deleted {
            true => state.remove(&key),
            false => state.insert(key, (event.record.value.bytes()[0], event.revision)),
        };
    }
    state
}

fn only(model: &Model, prefix: &str) -> Model {
    model.iter().filter(|(key, _)| key.starts_with(prefix)).map(|(key, value)| (key.clone(), *value)).collect()
}

async fn agrees(steps: Vec<Step>, page: usize) {
    let store = memory().await;
    let mut model = Model::new();
    let mut past: BTreeMap<Revision, Model> = BTreeMap::from([(0, Model::new())]);
    for step in &steps {
        run(&store, &mut model, step).await;
        past.insert(store.revision(), model.clone());
    }
    for prefix in ["/", "/odd/"] {
        let now = only(&model, prefix);
        assert_eq!(listed(&store.list(prefix, None, None).records), now);
        assert_eq!(store.count(prefix), now.len());
        for (revision, then) in &past {
            let (then, watch) = (only(then, prefix), store.watch(prefix, *revision));
            assert_eq!(store.list_at(prefix, None, None, *revision).is_ok(), watch.is_ok());
            let Ok(watch) = watch else { continue };
            assert_eq!(paged(&store, prefix, page, *revision).unwrap(), then, "the list as it was");
            assert_eq!(replayed(watch, then).await, now, "replay is the difference of states");
        }
    }
    assert_eq!(store.bytes(), model.len());
}

proptest! {
    #[test]
    fn store_agrees_with_a_map(steps in prop::collection::vec(step(), 0..60), page in 1..5usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(agrees(steps, page));
    }
}
