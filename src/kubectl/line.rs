//! A line as a shell reads it: words, quotes, and the simplest redirections. Must not run anything.
//!
//! `'…'`, `"…"` and `\` quote; `#` begins a comment; `< FILE`, `> FILE` and `>> FILE` are understood. What only a real
//! shell can do (pipes, `&&`, `;`, `$(…)`, variables, patterns) is refused with a word on what to do instead.

use super::failure::{Failure, Outcome};

/// A line taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub words: Vec<String>,
    /// `< FILE`.
    pub input: Option<String>,
    /// `> FILE` or `>> FILE`, and whether it appends.
    pub output: Option<(String, bool)>,
}

/// Reads a line.
pub(crate) fn read(text: &str) -> Outcome<Line> {
    let (mut line, mut redirection) = (Line::default(), None);
    for token in tokens(text)? {
        match (token, redirection.take()) {
            (Token::Word(word), None) => line.words.push(word),
            (Token::Word(file), Some("<")) => line.input = Some(file),
            (Token::Word(file), Some(sign)) => line.output = Some((file, sign == ">>")),
            (Token::Redirect(sign), None) => redirection = Some(sign),
            (Token::Redirect(_), Some(sign)) => return Err(nameless(sign)),
        }
    }
    match redirection {
        Some(sign) => Err(nameless(sign)),
        None => Ok(line),
    }
}

fn nameless(sign: &str) -> Failure {
    Failure::Worded(format!("Falta el archivo después de «{sign}»."))
}

enum Token {
    Word(String),
    Redirect(&'static str),
}

fn tokens(text: &str) -> Outcome<Vec<Token>> {
    let mut reader = Reader { letters: text.chars().peekable(), tokens: Vec::new(), word: None };
    while let Some(letter) = reader.letters.next() {
        reader.take(letter)?;
    }
    reader.end_word();
    Ok(reader.tokens)
}

struct Reader<'t> {
    letters: std::iter::Peekable<std::str::Chars<'t>>,
    tokens: Vec<Token>,
    /// The word so far; an empty one is a word too once it was quoted.
    word: Option<String>,
}

impl Reader<'_> {
    fn take(&mut self, letter: char) -> Outcome {
        match letter {
            letter if letter.is_whitespace() => self.end_word(),
            '#' if self.word.is_none() => while self.letters.next_if(|letter| *letter != '\n').is_some() {},
            '\'' => self.quoted('\'')?,
            '"' => self.quoted('"')?,
            '\\' => {
                if let Some(letter) = self.letters.next().filter(|letter| *letter != '\n') {
                    self.push(letter);
                }
            }
            '<' if self.letters.peek() == Some(&'<') => return Err(refused("<<")),
            '<' => self.redirect("<"),
            '>' if self.letters.next_if_eq(&'>').is_some() => self.redirect(">>"),
            '>' => self.redirect(">"),
            '|' | '&' | ';' | '`' => return Err(refused(&letter.to_string())),
            '$' if self.letters.peek().is_some_and(|next| *next == '(' || *next == '{' || next.is_alphanumeric()) => {
                return Err(refused("$"));
            }
            letter => self.push(letter),
        }
        Ok(())
    }

    fn quoted(&mut self, quote: char) -> Outcome {
        let word = self.word.get_or_insert_default();
        while let Some(letter) = self.letters.next() {
            match letter {
                letter if letter == quote => return Ok(()),
                '\\' if quote == '"' => match self.letters.next() {
                    Some(next @ ('"' | '\\' | '$' | '`')) => word.push(next),
                    Some('\n') | None => {}
                    Some(next) => word.extend(['\\', next]),
                },
                letter => word.push(letter),
            }
        }
        Err(Failure::Worded(format!("Falta la comilla {quote} que cierra.")))
    }

    fn redirect(&mut self, sign: &'static str) {
        self.end_word();
        self.tokens.push(Token::Redirect(sign));
    }

    fn push(&mut self, letter: char) {
        self.word.get_or_insert_default().push(letter);
    }

    fn end_word(&mut self) {
        self.tokens.extend(self.word.take().map(Token::Word));
    }
}

fn refused(sign: &str) -> Failure {
    Failure::Worded(format!(
        "Aquí no hay un shell: «{sign}» no se entiende. Escribe una sola orden de kubectl, o ponlo entre comillas si es parte de un texto."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        read(text).unwrap().words
    }

    #[test]
    fn quotes_and_escapes() {
        assert_eq!(
            words(r#"get pod -o jsonpath='{.a}{"\n"}' x\ y "" # note"#),
            ["get", "pod", "-o", "jsonpath={.a}{\"\\n\"}", "x y", ""]
        );
        assert_eq!(words("a \"b 'c' \\\"d\\\"\" \\\n  e"), ["a", "b 'c' \"d\"", "e"]);
    }

    #[test]
    fn redirections_name_a_file() {
        let line = read("kubectl get pod -o yaml > web.yaml").unwrap();
        assert_eq!(line.output, Some(("web.yaml".into(), false)));
        assert_eq!(read("kubectl apply -f - <x").unwrap().input.as_deref(), Some("x"));
        assert_eq!(read("a >>x").unwrap().output, Some(("x".into(), true)));
        assert!(read("a >").is_err());
    }

    #[test]
    fn what_needs_a_shell_is_refused() {
        for line in ["a | b", "a && b", "a; b", "a $(b)", "a $HOME", "a <<EOF", "a 'b"] {
            assert!(read(line).is_err(), "{line}");
        }
        assert_eq!(words("taint node a key=$"), ["taint", "node", "a", "key=$"]);
    }
}
