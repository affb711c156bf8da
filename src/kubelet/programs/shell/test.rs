//! `test` and `[`: the comparisons that scripts make. Must not write anything but complaints.

use super::run::Session;

pub(super) async fn bracket(shell: &Session, mut args: Vec<String>) -> i32 {
    if args.pop().as_deref() != Some("]") {
        shell.fail("[", "missing ]");
        return 2;
    }
    test(shell, args).await
}

pub(super) async fn test(shell: &Session, args: Vec<String>) -> i32 {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    i32::from(!holds(shell, &words))
}

fn holds(shell: &Session, words: &[&str]) -> bool {
    if let Some(at) = words.iter().position(|word| *word == "-o") {
        return holds(shell, &words[..at]) || holds(shell, &words[at + 1..]);
    }
    if let Some(at) = words.iter().position(|word| *word == "-a") {
        return holds(shell, &words[..at]) && holds(shell, &words[at + 1..]);
    }
    match words {
        ["!", rest @ ..] => !holds(shell, rest),
        ["-z", text] => text.is_empty(),
        ["-d", path] => shell.world.files.list(&shell.path(path)).is_some(),
        ["-f" | "-r" | "-w" | "-x", path] => shell.world.files.read(&shell.path(path)).is_some(),
        ["-s", path] => shell.world.files.read(&shell.path(path)).is_some_and(|data| !data.is_empty()),
        ["-e", path] => {
            let path = shell.path(path);
            shell.world.files.read(&path).is_some() || shell.world.files.list(&path).is_some()
        }
        [left, "=" | "==", right] => left == right,
        [left, "!=", right] => left != right,
        [left, operator, right] => numbers(left, operator, right),
        ["-n", text] | [text] => !text.is_empty(),
        _ => false,
    }
}

fn numbers(left: &str, operator: &str, right: &str) -> bool {
    let (Ok(left), Ok(right)) = (left.parse::<i64>(), right.parse::<i64>()) else { return false };
    match operator {
        "-eq" => left == right,
        "-ne" => left != right,
        "-lt" => left < right,
        "-le" => left <= right,
        "-gt" => left > right,
        "-ge" => left >= right,
        _ => false,
    }
}
