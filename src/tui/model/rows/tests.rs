//! Whatever comes, the rows on screen are those that pass, in order: small changes give what a fresh sort gives.

use proptest::prelude::*;

use super::{Filter, Rows, Sort, Wanted};
use crate::tui::model::table::{Column, Row, Table};

fn row(number: u8, worth: u8) -> Row {
    Row {
        cells: [format!("pod-{number}"), worth.to_string()].iter().collect(),
        name: format!("pod-{number}").into(),
        uid: format!("uid-{number}").into(),
        ..Row::default()
    }
}

fn columns() -> Vec<Column> {
    ["Name", "Restarts"].map(|name| Column { name: name.into(), priority: 0 }).to_vec()
}

fn names(rows: &Rows) -> Vec<String> {
    (0..rows.len()).map(|index| String::from(&rows.get(index).unwrap().name)).collect()
}

fn fresh(all: &[Row], sort: &Sort, filter: &str) -> Vec<String> {
    let mut rows = Rows::default();
    rows.filter(Filter::new(filter));
    rows.sort(Some(sort.clone()));
    rows.replace(Table { columns: columns(), rows: all.to_vec(), ..Table::default() });
    rows.settle();
    names(&rows)
}

proptest! {
    #[test]
    fn small_changes_give_what_a_fresh_sort_gives(changes in prop::collection::vec((0_u8..20, 0_u8..5, any::<bool>()), 1..60), descending: bool) {
        let sort = Sort { column: "Restarts".into(), descending };
        let mut rows = Rows::default();
        rows.replace(Table { columns: columns(), ..Table::default() });
        rows.filter(Filter::new("!^3$"));
        rows.sort(Some(sort.clone()));
        let mut all: Vec<Row> = Vec::new();
        for (number, worth, keep) in changes {
            all.retain(|row| row.uid != format!("uid-{number}"));
            if keep {
                all.push(row(number, worth));
                rows.put(row(number, worth));
            } else {
                rows.remove(&format!("uid-{number}"));
            }
            rows.settle();
            prop_assert_eq!(names(&rows), fresh(&all, &sort, "!^3$"));
        }
    }
}

#[test]
fn one_namespace_of_several_is_replaced_alone() {
    let part = |namespace: &str, number: u8| Table {
        columns: columns(),
        rows: vec![Row { namespace: namespace.into(), ..row(number, 0) }],
        part: Some(namespace.into()),
        ..Table::default()
    };
    let mut rows = Rows::default();
    rows.replace(part("a", 1));
    rows.replace(part("b", 2));
    rows.replace(part("a", 3));
    rows.settle();
    assert_eq!(names(&rows), ["pod-3", "pod-2"]);
}

#[test]
fn what_is_typed_after_the_slash() {
    let found = |text: &str, cell: &str| Filter::new(text).passes(cell);
    assert!(found("web", "una-WEB-1") && !found("web", "api"));
    assert!(found("^web-\\d", "web-1") && !found("^web-\\d", "web-x"));
    assert!(!found("!web", "web-1") && found("!web", "api"));
    assert!(found("-f wb1", "web-pod-1") && !found("-f wb1", "1bw"));
    assert!(found("!-f wb1", "api"));
    assert!(found("(", "f(x)") && !found("(", "fx"));
    let wanted = Wanted::read("-l app=web !Running");
    assert_eq!(wanted.labels, "app=web");
    assert!(!wanted.filter.passes("Running"));
}

#[test]
fn marks_follow_their_rows_and_go_with_them() {
    let mut rows = Rows::default();
    rows.replace(Table { columns: columns(), rows: (0..4).map(|number| row(number, 0)).collect(), ..Table::default() });
    rows.settle();
    rows.mark("uid-2");
    rows.mark("uid-1");
    rows.remove("uid-2");
    rows.settle();
    assert_eq!(rows.marked().iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["pod-1"]);
    rows.mark_all();
    assert!(rows.marked().is_empty());
    rows.mark_all();
    assert_eq!(rows.marked().len(), 3);
}
