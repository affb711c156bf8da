//! Text → nodes. Must not evaluate.

use serde_json::Value;

use super::{Node, Operand, Pipe};

/// The nodes of a whole template.
pub(super) fn template(text: &str) -> Result<Vec<Node>, String> {
    let mut pieces = pieces(text)?.into_iter();
    let (nodes, end) = block(&mut pieces)?;
    match end {
        Stop::Text => Ok(nodes),
        Stop::End => Err("unexpected {{end}}".into()),
        Stop::Else(_) => Err("unexpected {{else}}".into()),
    }
}

enum Piece {
    Text(String),
    Action(String),
}

/// Text and actions, with what `{{-` and `-}}` trim taken away.
fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let (mut pieces, mut rest, mut trims) = (Vec::new(), text, false);
    loop {
        let (before, action) = match rest.split_once("{{") {
            None => (rest, None),
            Some((before, after)) => (before, Some(after)),
        };
        let before = if trims { before.trim_start() } else { before };
        let trims_before = action.is_some_and(|action| action.starts_with("- "));
        let before = if trims_before { before.trim_end() } else { before };
        if !before.is_empty() {
            pieces.push(Piece::Text(before.into()));
        }
        let Some(action) = action else { return Ok(pieces) };
        let end = closing(action).ok_or("unclosed action")?;
        let inside = action[..end].strip_prefix("- ").unwrap_or(&action[..end]);
        let trimmed = inside.strip_suffix(" -");
        trims = trimmed.is_some();
        pieces.push(Piece::Action(trimmed.unwrap_or(inside).trim().into()));
        rest = &action[end + 2..];
    }
}

/// Where `}}` stands outside quotes.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match (quote, letter) {
            (None, '}') if text[at..].starts_with("}}") => return Some(at),
            (None, '"' | '`') => quote = Some(letter),
            (Some('"'), '\\') => drop(letters.next()),
            (Some(open), letter) if open == letter => quote = None,
            _ => {}
        }
    }
    None
}

/// What ended a block.
enum Stop {
    Text,
    End,
    /// What follows the word, such as `if …`.
    Else(String),
}

fn block(pieces: &mut dyn Iterator<Item = Piece>) -> Result<(Vec<Node>, Stop), String> {
    let mut nodes = Vec::new();
    while let Some(piece) = pieces.next() {
        let action = match piece {
            Piece::Text(text) => {
                nodes.push(Node::Text(text));
                continue;
            }
            Piece::Action(action) => action,
        };
        let (word, rest) = action.split_once(char::is_whitespace).unwrap_or((&action, ""));
        match word {
            "end" => return Ok((nodes, Stop::End)),
            "else" => return Ok((nodes, Stop::Else(rest.trim().into()))),
            "if" | "with" | "range" => nodes.push(control(word, rest, pieces)?),
            _ if action.starts_with("/*") => {}
            _ => nodes.push(simple(&action)?),
        }
    }
    Ok((nodes, Stop::Text))
}

fn control(word: &str, rest: &str, pieces: &mut dyn Iterator<Item = Piece>) -> Result<Node, String> {
    let (body, end) = block(pieces)?;
    let otherwise = match end {
        Stop::Text => return Err("unexpected EOF".into()),
        Stop::End => Vec::new(),
        Stop::Else(more) => match more.split_once(char::is_whitespace) {
            Some((next, rest)) => vec![control(next, rest, pieces)?],
            None => match block(pieces)? {
                (nodes, Stop::End) => nodes,
                _ => return Err("unexpected EOF".into()),
            },
        },
    };
    let (names, pipe) = match rest.split_once(":=") {
        Some((names, pipe)) => {
            (names.split(',').map(|name| name.trim().trim_start_matches('$').into()).collect(), pipe)
        }
        None => (Vec::new(), rest),
    };
    let pipe = pipeline(pipe)?;
    Ok(match word {
        "if" => Node::If(pipe, body, otherwise),
        "with" => Node::With(pipe, body, otherwise),
        _ => Node::Range(names, pipe, body, otherwise),
    })
}

fn simple(action: &str) -> Result<Node, String> {
    if action.starts_with('$')
        && let Some((name, pipe)) = action.split_once(":=").or_else(|| action.split_once(" = "))
    {
        return Ok(Node::Set(name.trim().trim_start_matches('$').into(), pipeline(pipe)?));
    }
    Ok(Node::Show(pipeline(action)?))
}

fn pipeline(text: &str) -> Result<Pipe, String> {
    let mut rest = text.trim();
    let pipe = commands(&mut rest)?;
    if rest.is_empty() { Ok(pipe) } else { Err(format!("unexpected {rest:?} in operand")) }
}

/// Commands up to the end or a closing parenthesis, which stays.
fn commands(rest: &mut &str) -> Result<Pipe, String> {
    let (mut all, mut command) = (Vec::new(), Vec::new());
    loop {
        *rest = rest.trim_start();
        if rest.is_empty() || rest.starts_with(')') {
            break;
        }
        if let Some(after) = rest.strip_prefix('|') {
            *rest = after;
            all.push(std::mem::take(&mut command));
            continue;
        }
        command.push(operand(rest)?);
    }
    if command.is_empty() {
        return Err("missing value for command".into());
    }
    all.push(command);
    Ok(Pipe(all))
}

fn operand(rest: &mut &str) -> Result<Operand, String> {
    if let Some(after) = rest.strip_prefix('(') {
        *rest = after;
        let pipe = commands(rest)?;
        *rest = rest.strip_prefix(')').ok_or("unclosed left paren")?;
        return Ok(Operand::Group(pipe, fields(rest)));
    }
    if let Some(after) = rest.strip_prefix('$') {
        *rest = after;
        let name = name(rest);
        return Ok(Operand::Variable(name, fields(rest)));
    }
    if rest.starts_with('.') {
        return Ok(Operand::Fields(fields(rest)));
    }
    if rest.starts_with(['"', '`']) {
        return text(rest).map(|text| Operand::Literal(text.into()));
    }
    let end = rest.find(|c: char| c.is_whitespace() || "()|".contains(c)).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    *rest = after;
    Ok(match word {
        "true" => Operand::Literal(true.into()),
        "false" => Operand::Literal(false.into()),
        "nil" => Operand::Literal(Value::Null),
        word => match serde_json::from_str(word) {
            Ok(number @ Value::Number(_)) => Operand::Literal(number),
            _ => Operand::Function(word.into()),
        },
    })
}

/// `.a.b`, also after a variable or a group; a lone `.` has no names.
fn fields(rest: &mut &str) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(after) = rest.strip_prefix('.') {
        *rest = after;
        let name = name(rest);
        if name.is_empty() {
            break;
        }
        names.push(name);
    }
    names
}

fn name(rest: &mut &str) -> String {
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    *rest = after;
    name.into()
}

fn text(rest: &mut &str) -> Result<String, String> {
    if let Some(raw) = rest.strip_prefix('`') {
        let (text, after) = raw.split_once('`').ok_or("unterminated raw quoted string")?;
        *rest = after;
        return Ok(text.into());
    }
    let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<String>();
    let text = stream.next().and_then(Result::ok).ok_or("unterminated quoted string")?;
    *rest = &rest[stream.byte_offset()..];
    Ok(text)
}
