//! Keys as the bytes that a terminal sends for them (xterm's). Pure.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a program at a terminal reads for a key; nothing for keys that send nothing.
pub fn bytes(key: KeyEvent, application_cursor: bool) -> Vec<u8> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    let mut out = match key.code {
        KeyCode::Char(letter) if control => control_code(letter).into_iter().collect(),
        KeyCode::Char(letter) => letter.to_string().into_bytes(),
        other => named(other, key.modifiers, application_cursor),
    };
    if alt && !out.is_empty() && matches!(key.code, KeyCode::Char(_) | KeyCode::Backspace | KeyCode::Enter) {
        out.insert(0, 0x1b);
    }
    out
}

/// `Ctrl-a` is 1, and so on round the table of ASCII.
fn control_code(letter: char) -> Option<u8> {
    match letter.to_ascii_lowercase() {
        letter @ 'a'..='z' => Some(letter as u8 - b'a' + 1),
        ' ' | '@' | '2' => Some(0),
        '[' | '3' => Some(0x1b),
        '\\' | '4' => Some(0x1c),
        ']' | '5' => Some(0x1d),
        '^' | '6' => Some(0x1e),
        '_' | '7' | '/' => Some(0x1f),
        '?' | '8' => Some(0x7f),
        _ => None,
    }
}

fn named(code: KeyCode, modifiers: KeyModifiers, application: bool) -> Vec<u8> {
    let arrow = |letter: char| match (modified(modifiers), application) {
        (0, true) => format!("\x1bO{letter}"),
        (0, false) => format!("\x1b[{letter}"),
        (with, _) => format!("\x1b[1;{}{letter}", with + 1),
    };
    let tilde = |number: u8| match modified(modifiers) {
        0 => format!("\x1b[{number}~"),
        with => format!("\x1b[{number};{}~", with + 1),
    };
    let text = match code {
        KeyCode::Enter => "\r".into(),
        KeyCode::Tab => "\t".into(),
        KeyCode::BackTab => "\x1b[Z".into(),
        KeyCode::Backspace => "\x7f".into(),
        KeyCode::Esc => "\x1b".into(),
        KeyCode::Up => arrow('A'),
        KeyCode::Down => arrow('B'),
        KeyCode::Right => arrow('C'),
        KeyCode::Left => arrow('D'),
        KeyCode::Home => arrow('H'),
        KeyCode::End => arrow('F'),
        KeyCode::Insert => tilde(2),
        KeyCode::Delete => tilde(3),
        KeyCode::PageUp => tilde(5),
        KeyCode::PageDown => tilde(6),
        KeyCode::F(number) => function(number),
        _ => String::new(),
    };
    text.into_bytes()
}

fn modified(modifiers: KeyModifiers) -> u8 {
    let bit = |with: KeyModifiers, value: u8| if modifiers.contains(with) { value } else { 0 };
    bit(KeyModifiers::SHIFT, 1) + bit(KeyModifiers::ALT, 2) + bit(KeyModifiers::CONTROL, 4)
}

fn function(number: u8) -> String {
    const TILDES: [u8; 8] = [15, 17, 18, 19, 20, 21, 23, 24];
    match number {
        1..=4 => format!("\x1bO{}", char::from(b'P' + number - 1)),
        5..=12 => format!("\x1b[{}~", TILDES[usize::from(number) - 5]),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::bytes;

    #[test]
    fn keys_are_what_xterm_sends() {
        let key = |code, with| bytes(KeyEvent::new(code, with), false);
        assert_eq!(key(KeyCode::Char('ñ'), KeyModifiers::NONE), "ñ".as_bytes());
        assert_eq!(key(KeyCode::Char('c'), KeyModifiers::CONTROL), [3]);
        assert_eq!(key(KeyCode::Char('b'), KeyModifiers::ALT), b"\x1bb");
        assert_eq!(key(KeyCode::Enter, KeyModifiers::NONE), b"\r");
        assert_eq!(key(KeyCode::Up, KeyModifiers::NONE), b"\x1b[A");
        assert_eq!(key(KeyCode::Right, KeyModifiers::CONTROL), b"\x1b[1;5C");
        assert_eq!(bytes(KeyEvent::new(KeyCode::Up, KeyModifiers::NONE), true), b"\x1bOA");
        assert_eq!(key(KeyCode::Delete, KeyModifiers::NONE), b"\x1b[3~");
        assert_eq!(key(KeyCode::F(5), KeyModifiers::NONE), b"\x1b[15~");
    }
}
