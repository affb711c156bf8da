//! The one thing that we read of an ELF file: which interpreter it asks for. Must not panic on any bytes.

/// What a file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// A Linux program that is started by the interpreter at this path.
    Dynamic(String),
    /// A Linux program that needs nobody.
    Static,
    /// Not a 64-bit little-endian ELF file.
    Foreign,
}

const MAGIC: &[u8] = b"\x7fELF\x02\x01";
/// `PT_INTERP` (elf(5)).
const INTERPRETER: u64 = 3;

/// Reads the program headers in the first bytes of a file (a few KiB are enough for every linker).
pub(super) fn inspect(head: &[u8]) -> Program {
    if !head.starts_with(MAGIC) {
        return Program::Foreign;
    }
    let Some((table, size, count)) = program_headers(head) else { return Program::Foreign };
    let mut headers = (0..count).filter_map(|index| head.get(table + index * size..)?.get(..size));
    match headers.find(|header| number(header, 0, 4) == Some(INTERPRETER)) {
        Some(header) => interpreter(head, header).map_or(Program::Foreign, Program::Dynamic),
        None => Program::Static,
    }
}

/// Offset of the table, size of an entry and number of entries (`e_phoff`, `e_phentsize`, `e_phnum`).
fn program_headers(head: &[u8]) -> Option<(usize, usize, usize)> {
    let field = |at, width| usize::try_from(number(head, at, width)?).ok();
    let (table, size, count) = (field(32, 8)?, field(54, 2)?, field(56, 2)?);
    (table < head.len()).then_some((table, size, count))
}

fn interpreter(head: &[u8], header: &[u8]) -> Option<String> {
    let start = usize::try_from(number(header, 8, 8)?).ok()?;
    let length = usize::try_from(number(header, 32, 8)?).ok()?;
    let path = head.get(start..start.checked_add(length)?)?;
    String::from_utf8(path.split(|&byte| byte == 0).next()?.to_vec()).ok()
}

fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let field = bytes.get(at..at + width)?;
    Some(field.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_interpreter(path: &[u8]) -> Vec<u8> {
        let mut file = vec![0; 64 + 56];
        file[..6].copy_from_slice(MAGIC);
        file[32] = 64;
        file[54] = 56;
        file[56] = 1;
        file[64] = 3;
        file[64 + 8] = 120;
        file[64 + 32] = u8::try_from(path.len()).unwrap();
        file.extend_from_slice(path);
        file
    }

    #[test]
    fn finds_the_interpreter() {
        let file = with_interpreter(b"/lib64/ld-linux-x86-64.so.2\0");
        assert_eq!(inspect(&file), Program::Dynamic("/lib64/ld-linux-x86-64.so.2".into()));
    }

    #[test]
    fn a_program_without_interpreter_is_static() {
        let mut file = with_interpreter(b"\0");
        file[64] = 1;
        assert_eq!(inspect(&file), Program::Static);
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let file = with_interpreter(b"/lib64/ld.so\0");
        for end in 0..file.len() {
            let _ = inspect(&file[..end]);
        }
        let mut wild = file;
        wild[32..64].fill(0xff);
        assert_eq!(inspect(&wild), Program::Foreign);
        assert_eq!(inspect(b"\xcf\xfa\xed\xfe"), Program::Foreign);
    }
}
