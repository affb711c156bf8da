//! `tar`, which `kubectl cp` runs in a container, and `dd`, which fills its volumes. Must not touch files outside the container's world.

use std::io::{Cursor, Read};

use bytes::Bytes;

use super::reason;
use super::run::Session;

/// Most bytes that `dd` makes: they are kept in memory.
const MOST: usize = 256 << 20;

/// `dd if=FILE of=FILE bs=N count=N`; `/dev/zero` has as many bytes as are asked for.
pub(super) async fn dd(shell: &Session, args: Vec<String>) -> i32 {
    let word = |name: &str| args.iter().find_map(|arg| arg.strip_prefix(name)?.strip_prefix('='));
    let size = word("bs").map_or(Some(512), bytes);
    let count = word("count").map(str::parse::<usize>).transpose().ok();
    let (Some(size), Some(count)) = (size, count) else { return shell.fail("dd", "invalid number") };
    let wanted = count.and_then(|count| size.checked_mul(count));
    let data = match word("if") {
        Some("/dev/zero") => match wanted.filter(|wanted| *wanted <= MOST) {
            Some(wanted) => Bytes::from(vec![0; wanted]),
            None => return shell.fail("dd", "here /dev/zero needs a count, of 256M at most"),
        },
        Some(path) => match shell.world.files.read(&shell.path(path)) {
            Some(data) => data.slice(..wanted.map_or(data.len(), |wanted| wanted.min(data.len()))),
            None => return shell.fail("dd", format_args!("can't open '{path}': No such file or directory")),
        },
        None => shell.input.all().await,
    };
    let blocks = data.len() / size.max(1);
    match word("of") {
        None => shell.out.write(&data),
        Some("/dev/null") => {}
        Some(path) => {
            if let Err(error) = shell.world.files.write(&shell.path(path), data) {
                return shell.fail("dd", format_args!("error writing '{path}': {}", reason(&error)));
            }
        }
    }
    shell.err.line(format_args!("{blocks}+0 records in\n{blocks}+0 records out"));
    0
}

/// `4`, `4k`, `4M`.
fn bytes(text: &str) -> Option<usize> {
    let (number, scale) = match text.strip_suffix(['k', 'K']) {
        Some(number) => (number, 1 << 10),
        None => text.strip_suffix('M').map_or((text, 1), |number| (number, 1 << 20)),
    };
    number.parse::<usize>().ok()?.checked_mul(scale)
}

/// What is asked: to make or to read an archive, where from, and the files.
#[derive(Debug, Default)]
struct Wanted {
    create: bool,
    extract: bool,
    list: bool,
    file: Option<String>,
    directory: Option<String>,
    members: Vec<String>,
}

impl Wanted {
    fn parse(args: &[String]) -> Self {
        let (mut wanted, mut rest) = (Self::default(), args.iter().enumerate());
        while let Some((index, arg)) = rest.next() {
            let flags = match arg.strip_prefix("--") {
                Some(_) => continue,
                None if index == 0 => arg.trim_start_matches('-'),
                None => match arg.strip_prefix('-').filter(|flags| !flags.is_empty()) {
                    Some(flags) => flags,
                    None => {
                        wanted.members.push(arg.clone());
                        continue;
                    }
                },
            };
            for flag in flags.chars() {
                match flag {
                    'c' => wanted.create = true,
                    'x' => wanted.extract = true,
                    't' => wanted.list = true,
                    'f' => wanted.file = rest.next().map(|(_, file)| file.clone()),
                    'C' => wanted.directory = rest.next().map(|(_, folder)| folder.clone()),
                    _ => {}
                }
            }
        }
        wanted
    }
}

pub(super) async fn tar(shell: &Session, args: Vec<String>) -> i32 {
    let wanted = Wanted::parse(&args);
    let outcome = match (wanted.create, wanted.extract || wanted.list) {
        (true, false) => create(shell, &wanted),
        (false, true) => extract(shell, &wanted).await,
        _ => Err("must specify one of -c, -x, -t".into()),
    };
    outcome.map_or_else(|complaint| shell.fail("tar", complaint), |()| 0)
}

fn create(shell: &Session, wanted: &Wanted) -> Result<(), String> {
    let mut archive = tar::Builder::new(Vec::new());
    let base = wanted.directory.as_deref().map_or_else(|| shell.directory.clone(), |folder| shell.path(folder));
    for member in &wanted.members {
        let path = if member.starts_with('/') { member.clone() } else { format!("{base}/{member}") };
        if member.starts_with('/') {
            shell.err.line("tar: removing leading '/' from member names");
        }
        let name = member.trim_start_matches('/').trim_end_matches('/');
        let files = &shell.world.files;
        if let Some(data) = files.read(&path) {
            append(&mut archive, name, &data)?;
            continue;
        }
        if files.list(&path).is_none() {
            return Err(format!("{member}: No such file or directory"));
        }
        append(&mut archive, &format!("{name}/"), &[])?;
        for (inner, data) in files.walk(&path) {
            append(&mut archive, &format!("{name}/{inner}"), &data)?;
        }
    }
    let bytes = archive.into_inner().map_err(|error| error.to_string())?;
    match wanted.file.as_deref() {
        None | Some("-") => shell.out.write(&bytes),
        Some(file) => shell.world.files.write(&shell.path(file), bytes.into()).map_err(|error| error.to_string())?,
    }
    Ok(())
}

fn append(archive: &mut tar::Builder<Vec<u8>>, name: &str, data: &[u8]) -> Result<(), String> {
    let mut header = tar::Header::new_gnu();
    let directory = name.ends_with('/');
    header.set_entry_type(if directory { tar::EntryType::Directory } else { tar::EntryType::Regular });
    header.set_mode(if directory { 0o755 } else { 0o644 });
    header.set_size(data.len() as u64);
    archive.append_data(&mut header, name, data).map_err(|error| error.to_string())
}

async fn extract(shell: &Session, wanted: &Wanted) -> Result<(), String> {
    let failed = |error: std::io::Error| reason(&error);
    let bytes = match wanted.file.as_deref() {
        None | Some("-") => shell.input.all().await,
        Some(file) => shell.world.files.read(&shell.path(file)).ok_or(format!("can't open '{file}'"))?,
    };
    let base = wanted.directory.as_deref().map_or_else(|| shell.directory.clone(), |folder| shell.path(folder));
    if shell.world.files.list(&base).is_none() {
        return Err(format!("can't change directory to '{base}': No such file or directory"));
    }
    let mut archive = tar::Archive::new(Cursor::new(bytes));
    for entry in archive.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        let name = entry.path().map_err(failed)?.to_string_lossy().into_owned();
        if wanted.list {
            shell.out.line(&name);
            continue;
        }
        let path = format!("{}/{name}", base.trim_end_matches('/'));
        if entry.header().entry_type().is_dir() {
            shell.world.files.make_directory(&path).map_err(failed)?;
        } else {
            let mut data = Vec::new();
            entry.read_to_end(&mut data).map_err(failed)?;
            shell.world.files.write(&path, Bytes::from(data)).map_err(failed)?;
        }
    }
    Ok(())
}
