//! The texts follow `spew`'s and `ParseQuantity`'s rules; whole templates are tested where they are hashed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::types;
use super::{STRUCTS, dump};

fn text(ty: &str, value: &Value) -> String {
    let mut out = String::new();
    dump(&mut out, ty, value).unwrap();
    out
}

#[test]
fn types_lead_values_except_in_lists_maps_and_after_pointers() {
    assert_eq!(
        text("v1.SecretProjection", &json!({"name": "s", "items": [{"key": "k", "path": "p", "mode": 256}]})),
        "(v1.SecretProjection){LocalObjectReference:(v1.LocalObjectReference){Name:(string)s} \
         Items:([]v1.KeyToPath)[{Key:(string)k Path:(string)p Mode:(*int32)256}] Optional:(*bool)<nil>}"
    );
    assert_eq!(
        text("v1.LabelSelector", &json!({"matchLabels": {"b": "2", "a": "1"}})),
        "(v1.LabelSelector){MatchLabels:(map[string]string)map[a:1 b:2] \
         MatchExpressions:([]v1.LabelSelectorRequirement)<nil>}"
    );
}

#[test]
fn ports_are_numbers_or_names() {
    let port = |value| text("v1.TCPSocketAction", &json!({"port": value}));
    assert!(
        port(json!(80)).contains("Port:(intstr.IntOrString){Type:(intstr.Type)0 IntVal:(int32)80 StrVal:(string)}")
    );
    assert!(port(json!("h")).contains("{Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string)h}"));
}

#[test]
fn a_quantity_by_value_is_zero_when_absent() {
    let selector = text("v1.ResourceFieldSelector", &json!({"resource": "limits.cpu"}));
    assert!(selector.ends_with("s:(string)0 Format:(resource.Format)DecimalSI}}"), "{selector}");
}

#[test]
fn quantities_keep_what_go_keeps() {
    let cases = [
        ("100m", "100", "-3", "<nil>", "100m", "DecimalSI"),
        ("2", "2", "0", "<nil>", "2", "DecimalSI"),
        ("1k", "1", "3", "<nil>", "1k", "DecimalSI"),
        ("-5", "-5", "0", "<nil>", "-5", "DecimalSI"),
        ("1500", "1500", "0", "<nil>", "1500", "DecimalSI"),
        ("2000", "2000", "0", "<nil>", "", "DecimalSI"),
        ("0.5", "5", "-1", "<nil>", "", "DecimalSI"),
        ("1e3", "1", "3", "<nil>", "1e3", "DecimalExponent"),
        ("70Mi", "73400320", "0", "<nil>", "70Mi", "BinarySI"),
        ("128Mi", "134217728", "0", "<nil>", "", "BinarySI"),
        ("100Ti", "0", "0", &big("[8568098291072368640 5960]", 9), "", "BinarySI"),
        ("9Ei", "0", "0", &big("[9223372036854775807]", 0), "", "BinarySI"),
    ];
    for (quantity, value, scale, decimal, cached, format) in cases {
        assert_eq!(
            text("resource.Quantity", &json!(quantity)),
            format!(
                "(resource.Quantity){{i:(resource.int64Amount){{value:(int64){value} scale:(resource.Scale){scale}}} \
                 d:(resource.infDecAmount){{Dec:(*inf.Dec){decimal}}} s:(string){cached} \
                 Format:(resource.Format){format}}}"
            )
        );
    }
}

#[test]
fn no_text_makes_it_panic() {
    for quantity in ["", "Mi", "1e-2147483648", "1.5e2147483647", "1e99", "x"] {
        assert!(text("resource.Quantity", &json!(quantity)).contains("value:(int64)"), "{quantity}");
    }
}

fn big(words: &str, scale: u8) -> String {
    format!("{{unscaled:(big.Int){{neg:(bool)false abs:(big.nat){words}}} scale:(inf.Scale){scale}}}")
}

/// The fields in JSON of a structure, embedded ones with their own.
fn json_names(ty: &str) -> BTreeSet<&str> {
    STRUCTS[ty].iter().fold(BTreeSet::new(), |mut names, field| {
        match &field.json {
            Some(json) => drop(names.insert(json.as_str())),
            None => names.append(&mut json_names(field.ty)),
        }
        names
    })
}

#[test]
fn the_table_has_every_field_of_the_api() {
    let known = |ty: &str| {
        let name = ty.strip_prefix("v1.")?;
        types::get(&format!("io.k8s.api.core.v1.{name}"))
            .or_else(|| types::get(&format!("io.k8s.apimachinery.pkg.apis.meta.v1.{name}")))
    };
    let mut compared = 0;
    for ty in STRUCTS.keys() {
        // Only Go knows the embedded ones by name.
        let Some(def) = known(ty) else { continue };
        assert_eq!(json_names(ty), def.fields().iter().map(|field| field.name).collect(), "{ty}");
        compared += 1;
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn the_table_names_only_structures_that_it_has() {
    let scalar = |name: &str| !types::all().iter().any(|def| def.go_name() == name && !def.fields().is_empty());
    for field in STRUCTS.values().flatten() {
        let element = field.ty.trim_start_matches(['*', '[', ']']);
        assert!(STRUCTS.contains_key(element) || scalar(element), "{}: {}", field.name, field.ty);
    }
}
