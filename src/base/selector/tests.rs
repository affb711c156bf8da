//! Selectors as text and as objects, and matching against a model.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use proptest::prelude::*;

use super::{FieldSelector, Selector};

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[track_caller]
fn check(text: &str, pairs: &[(&str, &str)], expected: bool) {
    let selector = Selector::parse(text).unwrap();
    assert_eq!(selector.matches(&labels(pairs)), expected, "{text} on {pairs:?}");
    assert_eq!(Selector::parse(&selector.to_string()).unwrap(), selector, "{text}");
}

#[track_caller]
fn refused(text: &str, error: &str) {
    assert_eq!(Selector::parse(text).unwrap_err().to_string(), error, "{text}");
}

#[test]
fn matching() {
    let web = &[("app", "web"), ("n", "7")][..];
    check("", web, true);
    check("app=web", web, true);
    check("app == web , n", web, true);
    check("app!=web", web, false);
    check("other!=web", web, true);
    check("app in (a, web)", web, true);
    check("app notin (a,web)", web, false);
    check("other notin (a)", web, true);
    check("!other,app", web, true);
    check("n>6,n<8", web, true);
    check("n gt 6, n lt 7", web, false);
    check("in in (in,notin)", &[("in", "notin")], true);
    check("app in ()", &[("app", "")], true);
    check("app in (,web)", &[("app", "")], true);
    check("app=", &[("app", "")], true);
}

#[test]
fn refusals() {
    refused("a b c", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt");
    refused("a=b c", "found 'c', expected: ',' or 'end of string'");
    refused(",a", "found ',', expected: !, identifier, or 'end of string'");
    refused("a,", "found '', expected: identifier after ','");
    refused("a in b", "unable to parse requirement: found 'b', expected: '('");
    refused("a in (b", "unable to parse requirement: found '', expected: ',' or ')'");
    refused("a in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier");
    refused("!", "unable to parse requirement: found '', expected: identifier");
    refused("a==(", "unable to parse requirement: found '(', expected: identifier");
    refused(
        "a>x",
        "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
    );
    let error = Selector::parse("a/b/c=d").unwrap_err().to_string();
    assert!(
        error.starts_with("unable to parse requirement: <nil>: Invalid value: \"a/b/c\": a valid label key"),
        "{error}"
    );
}

#[test]
fn objects() {
    let expression = |operator: &str, values: &[&str]| LabelSelector {
        match_expressions: Some(vec![LabelSelectorRequirement {
            key: "app".into(),
            operator: operator.into(),
            values: Some(values.iter().map(|&value| value.to_owned()).collect()),
        }]),
        match_labels: None,
    };
    let web = labels(&[("app", "web")]);
    let matches = |selector: &LabelSelector| Selector::from_label_selector(selector).map(|found| found.matches(&web));
    assert_eq!(matches(&LabelSelector::default()), Ok(true));
    assert_eq!(matches(&expression("In", &["web"])), Ok(true));
    assert_eq!(matches(&expression("DoesNotExist", &[])), Ok(false));
    let error = matches(&expression("Contains", &["x"])).unwrap_err();
    assert_eq!(error.to_string(), "\"Contains\" is not a valid label selector operator");
    assert!(!Selector::nothing().matches(&web));
}

#[test]
fn fields() {
    let selector = FieldSelector::parse(r"status.phase!=Running,metadata.name==a\,b").unwrap();
    assert_eq!(selector.to_string(), r"status.phase!=Running,metadata.name=a\,b");
    assert!(selector.matches(|path| (path == "metadata.name").then(|| "a,b".to_owned())));
    assert!(!selector.matches(|_| Some("Running".to_owned())));
    let error = FieldSelector::parse("nada").unwrap_err();
    assert_eq!(error.to_string(), "invalid selector: 'nada'; can't understand 'nada'");
}

/// One requirement as (key, values, wanted) where wanted is «in» or «not in».
fn requirement() -> impl Strategy<Value = (String, Vec<String>, bool)> {
    ("[ab]", prop::collection::vec("[xy]", 1..3), any::<bool>())
}

proptest! {
    #[test]
    fn agrees_with_the_model(
        wanted in prop::collection::vec(requirement(), 0..4),
        on in prop::collection::btree_map("[ab]", "[xy]", 0..3),
    ) {
        let text = wanted.iter().map(|(key, values, within)| {
            format!("{key} {} ({})", if *within { "in" } else { "notin" }, values.join(","))
        }).collect::<Vec<_>>().join(",");
        let model = wanted.iter().all(|(key, values, within)| {
            on.get(key).is_some_and(|value| values.contains(value)) == *within
        });
        prop_assert_eq!(Selector::parse(&text).unwrap().matches(&on), model);
        prop_assert!(Selector::from_labels(&on).matches(&on));
    }

    #[test]
    fn never_panics(text in "[ab!=<>(), /innotiñ\\\\]{0,20}", other in ".*") {
        let _ = Selector::parse(&text);
        let _ = Selector::parse(&other);
        let _ = FieldSelector::parse(&text);
        let _ = FieldSelector::parse(&other);
    }
}
