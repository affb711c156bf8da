//! Tables from Kubernetes' documentation and laws against a model of whole billionths.

use proptest::prelude::*;

use super::{Quantity, QuantityError};

#[track_caller]
fn check(text: &str, canonical: &str, milli: i64, value: i64) {
    let quantity = Quantity::parse(text).unwrap();
    assert_eq!(quantity.to_string(), canonical, "{text}");
    assert_eq!((quantity.milli(), quantity.value()), (milli, value), "{text}");
}

#[track_caller]
fn refused(text: &str, error: QuantityError) {
    assert_eq!(Quantity::parse(text), Err(error), "{text}");
}

#[test]
fn canonical_forms() {
    check("0", "0", 0, 0);
    check("-0.0", "0", 0, 0);
    check("100m", "100m", 100, 1);
    check("0.5", "500m", 500, 1);
    check(".5", "500m", 500, 1);
    check("1.", "1", 1000, 1);
    check("1000m", "1", 1000, 1);
    check("1000", "1k", 1_000_000, 1000);
    check("64Mi", "64Mi", 67_108_864_000, 67_108_864);
    check("1024Mi", "1Gi", 1_073_741_824_000, 1_073_741_824);
    check("0.5Gi", "512Mi", 536_870_912_000, 536_870_912);
    check("0.5Ki", "512", 512_000, 512);
    check("1e3", "1e3", 1_000_000, 1000);
    check("1E", "1E", i64::MAX, 1_000_000_000_000_000_000);
    check("12e-1", "1200e-3", 1200, 2);
    check("-1.5", "-1500m", -1500, -2);
    check("0.0000000001", "1n", 1, 1);
    check("1u", "1u", 1, 1);
    check("99999999999999999999999", "9223372036854775807", i64::MAX, i64::MAX);
    check("+7", "7", 7000, 7);
}

#[test]
fn refusals() {
    refused("", QuantityError::Format);
    refused("12gigas", QuantityError::Format);
    refused("1.2.3", QuantityError::Format);
    refused("1 Gi", QuantityError::Format);
    refused("ñ", QuantityError::Format);
    refused("1ki", QuantityError::Suffix);
    refused("1MM", QuantityError::Suffix);
    refused("1e", QuantityError::Suffix);
    refused("1m5", QuantityError::Suffix);
}

#[test]
fn zero_takes_the_family_of_what_is_added() {
    let memory = Quantity::parse("128Mi").unwrap();
    assert_eq!((Quantity::default() + memory).to_string(), "128Mi");
    assert_eq!((memory - memory + memory).to_string(), "128Mi");
    assert_eq!((memory + Quantity::parse("1k").unwrap()).to_string(), "134218728");
}

fn suffixed() -> impl Strategy<Value = (String, i128)> {
    let suffix = prop::sample::select(vec![
        ("n", 1_i128),
        ("u", 1000),
        ("m", 1_000_000),
        ("", 1_000_000_000),
        ("k", 1_000_000_000_000),
        ("Ki", 1024 * 1_000_000_000),
        ("Mi", 1024 * 1024 * 1_000_000_000),
        ("e3", 1_000_000_000_000),
    ]);
    (-1_000_000_i64..1_000_000, suffix).prop_map(|(n, (name, factor))| (format!("{n}{name}"), i128::from(n) * factor))
}

proptest! {
    #[test]
    fn agrees_with_whole_billionths(a in suffixed(), b in suffixed()) {
        let (x, y) = (Quantity::parse(&a.0).unwrap(), Quantity::parse(&b.0).unwrap());
        prop_assert_eq!(x.nano, a.1);
        prop_assert_eq!(x.cmp(&y), a.1.cmp(&b.1));
        prop_assert_eq!((x + y).nano, a.1 + b.1);
        prop_assert_eq!(x + y, y + x);
        prop_assert_eq!(x + y - y, x);
    }

    #[test]
    fn printing_loses_nothing(a in suffixed()) {
        let quantity = Quantity::parse(&a.0).unwrap();
        let printed = quantity.to_string();
        prop_assert_eq!(Quantity::parse(&printed).unwrap(), quantity);
        prop_assert_eq!(Quantity::parse(&printed).unwrap().to_string(), printed);
    }

    #[test]
    fn never_panics(text in "[-+]?[0-9.]{0,60}[eEinumkKMGTP]{0,3}[-+]?[0-9]{0,20}", any in ".*") {
        let _ = Quantity::parse(&text).map(|q| (q + q - q, q.milli(), q.value(), q.to_string()));
        let _ = Quantity::parse(&any);
    }
}
