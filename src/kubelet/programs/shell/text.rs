//! Programs that read and write text. Must not reach the network.

use super::run::Session;

/// The text of the named files, or of standard input.
async fn input(shell: &Session, applet: &str, files: &[&String]) -> Result<String, i32> {
    let mut all = Vec::new();
    for file in files {
        match shell.world.files.read(&shell.path(file)) {
            Some(data) => all.extend_from_slice(&data),
            None => {
                shell.fail(applet, format_args!("can't open '{file}': No such file or directory"));
                return Err(1);
            }
        }
    }
    if files.is_empty() {
        all.extend_from_slice(&shell.input.all().await);
    }
    Ok(String::from_utf8_lossy(&all).into_owned())
}

fn files(args: &[String]) -> Vec<&String> {
    args.iter().filter(|arg| !arg.starts_with('-')).collect()
}

pub(super) async fn cat(shell: &Session, args: Vec<String>) -> i32 {
    let files: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-') || *arg == "-").collect();
    let own = "-".to_owned();
    let mut code = 0;
    for file in if files.is_empty() { vec![&own] } else { files } {
        if file == "-" {
            // Handed on as it comes.
            while let Some(piece) = shell.input.next().await {
                shell.out.write(&piece);
            }
        } else if let Some(data) = shell.world.files.read(&shell.path(file)) {
            shell.out.write(&data);
        } else {
            code = shell.fail("cat", format_args!("can't open '{file}': No such file or directory"));
        }
    }
    code
}

pub(super) async fn echo(shell: &Session, args: Vec<String>) -> i32 {
    let options = args.iter().take_while(|arg| matches!(arg.as_str(), "-n" | "-e" | "-ne" | "-en")).count();
    let (flags, words) = args.split_at(options);
    let mut text = words.join(" ");
    if flags.iter().any(|flag| flag.contains('e')) {
        text = unescape(&text);
    }
    if !flags.iter().any(|flag| flag.contains('n')) {
        text.push('\n');
    }
    shell.out.write(text.as_bytes());
    0
}

pub(super) async fn printf(shell: &Session, args: Vec<String>) -> i32 {
    let Some(format) = args.first() else { return shell.fail("printf", "usage: printf FORMAT [ARG]...") };
    let (mut words, format) = (args[1..].iter(), unescape(format));
    loop {
        let mut characters = format.chars().peekable();
        let (mut out, mut used) = (String::new(), false);
        while let Some(c) = characters.next() {
            match (c, characters.peek()) {
                ('%', Some('%')) => out.extend(characters.next()),
                ('%', Some('s' | 'd' | 'i')) => {
                    characters.next();
                    used = true;
                    out.push_str(words.next().map_or("", String::as_str));
                }
                _ => out.push(c),
            }
        }
        shell.out.write(out.as_bytes());
        if !used || words.len() == 0 {
            return 0;
        }
    }
}

fn unescape(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r").replace("\\\\", "\\")
}

pub(super) async fn grep(shell: &Session, args: Vec<String>) -> i32 {
    let flags: String = args.iter().filter(|arg| arg.starts_with('-')).flat_map(|arg| arg.chars().skip(1)).collect();
    let words = files(&args);
    let Some((pattern, names)) = words.split_first() else { return shell.fail("grep", "missing pattern") };
    let pattern = if flags.contains('i') { format!("(?i){pattern}") } else { (*pattern).clone() };
    let Ok(pattern) = regex::Regex::new(&pattern) else { return shell.fail("grep", "bad regex") };
    let Ok(text) = input(shell, "grep", names).await else { return 2 };
    let found: Vec<&str> = text.lines().filter(|line| pattern.is_match(line) != flags.contains('v')).collect();
    if flags.contains('c') {
        shell.out.line(found.len());
    } else if !flags.contains('q') {
        found.iter().for_each(|line| shell.out.line(line));
    }
    i32::from(found.is_empty())
}

/// `-n 3`, `-n3` or `-3`, and the files.
fn count(args: &[String]) -> (usize, Vec<&String>) {
    let (mut number, mut names, mut rest) = (10, Vec::new(), args.iter());
    while let Some(arg) = rest.next() {
        match arg.strip_prefix('-') {
            Some("n") => number = rest.next().and_then(|it| it.parse().ok()).unwrap_or(number),
            Some(flag) => number = flag.trim_start_matches('n').parse().unwrap_or(number),
            None => names.push(arg),
        }
    }
    (number, names)
}

pub(super) async fn head(shell: &Session, args: Vec<String>) -> i32 {
    let (number, names) = count(&args);
    match input(shell, "head", &names).await {
        Ok(text) => {
            text.lines().take(number).for_each(|line| shell.out.line(line));
            0
        }
        Err(code) => code,
    }
}

/// `tail -f` follows by looking once a second, as busybox does.
pub(super) async fn tail(shell: &Session, args: Vec<String>) -> i32 {
    let follow = args.iter().any(|arg| arg == "-f" || arg == "-F");
    let (number, names) = count(&args);
    if follow && names.iter().all(|name| *name == "/dev/null") {
        return std::future::pending().await;
    }
    let mut text = match input(shell, "tail", &names).await {
        Ok(text) => text,
        Err(code) => return code,
    };
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(number)..].iter().for_each(|line| shell.out.line(line));
    if !follow {
        return 0;
    }
    loop {
        shell.sleep(std::time::Duration::from_secs(1)).await;
        let now = input(shell, "tail", &names).await.unwrap_or_default();
        if let Some(more) = now.strip_prefix(&text) {
            shell.out.write(more.as_bytes());
        }
        text = now;
    }
}

pub(super) async fn wc(shell: &Session, args: Vec<String>) -> i32 {
    let flags: String = args.iter().filter(|arg| arg.starts_with('-')).flat_map(|arg| arg.chars().skip(1)).collect();
    let text = match input(shell, "wc", &files(&args)).await {
        Ok(text) => text,
        Err(code) => return code,
    };
    let counts = [('l', text.matches('\n').count()), ('w', text.split_whitespace().count()), ('c', text.len())];
    let wanted = counts.iter().filter(|(flag, _)| flags.is_empty() || flags.contains(*flag));
    shell.out.line(wanted.map(|(_, number)| number.to_string()).collect::<Vec<_>>().join(" "));
    0
}

pub(super) async fn seq(shell: &Session, args: Vec<String>) -> i32 {
    let numbers: Vec<i64> = args.iter().filter_map(|arg| arg.parse().ok()).collect();
    let (first, step, last) = match numbers.as_slice() {
        [last] => (1, 1, *last),
        [first, last] => (*first, 1, *last),
        [first, step, last] if *step != 0 => (*first, *step, *last),
        _ => return shell.fail("seq", "invalid number"),
    };
    let mut value = first;
    while (step > 0 && value <= last) || (step < 0 && value >= last) {
        shell.out.line(value);
        value += step;
    }
    0
}
