//! Numbers that may be percentages (`25%`), as in `maxSurge` (apimachinery `GetScaledValueFromIntOrPercent`). Must not do IO.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// Which way a fraction goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
    Up,
    Down,
}

/// The number that `value` means of `total`; what is no percentage means 0.
pub(super) fn resolve(value: &IntOrString, total: i32, round: Round) -> i32 {
    let text = match value {
        IntOrString::Int(number) => return *number,
        IntOrString::String(text) => text,
    };
    let percent: i64 = text.strip_suffix('%').and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let product = percent * i64::from(total);
    let whole = product.div_euclid(100) + i64::from(round == Round::Up && product.rem_euclid(100) > 0);
    i32::try_from(whole).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_round_as_asked() {
        let quarter = IntOrString::String("25%".into());
        assert_eq!((resolve(&quarter, 3, Round::Up), resolve(&quarter, 3, Round::Down)), (1, 0));
        assert_eq!((resolve(&quarter, 8, Round::Up), resolve(&quarter, 8, Round::Down)), (2, 2));
        assert_eq!(resolve(&IntOrString::Int(5), 3, Round::Down), 5);
        assert_eq!(resolve(&IntOrString::String("x".into()), 3, Round::Up), 0);
    }
}
