//! `$((…))`: integers with + - * / % and brackets. Must not know variables beyond a lookup.

/// The value of an expression; what makes no sense counts as 0, as an unset variable does.
pub(super) fn arithmetic(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> i64 {
    let characters: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    Sum { characters: &characters, at: 0, lookup }.sum()
}

struct Sum<'a> {
    characters: &'a [char],
    at: usize,
    lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl Sum<'_> {
    fn next_of(&mut self, operators: &str) -> Option<char> {
        let found = self.characters.get(self.at).copied().filter(|c| operators.contains(*c))?;
        self.at += 1;
        Some(found)
    }

    fn sum(&mut self) -> i64 {
        let mut value = self.product();
        while let Some(operator) = self.next_of("+-") {
            let right = self.product();
            value = if operator == '+' { value.wrapping_add(right) } else { value.wrapping_sub(right) };
        }
        value
    }

    fn product(&mut self) -> i64 {
        let mut value = self.atom();
        while let Some(operator) = self.next_of("*/%") {
            let right = self.atom();
            value = match operator {
                '*' => value.wrapping_mul(right),
                '/' => value.checked_div(right).unwrap_or(0),
                _ => value.checked_rem(right).unwrap_or(0),
            };
        }
        value
    }

    fn atom(&mut self) -> i64 {
        if self.next_of("-").is_some() {
            return self.atom().wrapping_neg();
        }
        if self.next_of("(").is_some() {
            let value = self.sum();
            self.next_of(")");
            return value;
        }
        let word: String =
            self.characters[self.at..].iter().take_while(|c| c.is_alphanumeric() || "_$".contains(**c)).collect();
        self.at += word.chars().count();
        let word = word.trim_start_matches('$');
        word.parse().ok().or_else(|| (self.lookup)(word)?.parse().ok()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_a_shell() {
        let lookup = |name: &str| (name == "i").then(|| "4".to_owned());
        let values = ["1+2*3", "(1+2)*3", "i+1", "$i % 3", "7/0", "-2 + 5"].map(|text| arithmetic(text, &lookup));
        assert_eq!(values, [7, 9, 5, 1, 0, 3]);
    }
}
