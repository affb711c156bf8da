//! Protobuf's wire format: numbered payloads. Must not know what they mean.

/// One field as it travels.
pub(super) struct Entry<'a> {
    pub(super) number: u16,
    pub(super) payload: Payload<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum Payload<'a> {
    Varint(u64),
    Fixed(u64),
    Bytes(&'a [u8]),
}

/// Walks over the fields of one message; ends after the first error.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn entry(&mut self) -> Result<Entry<'a>, String> {
        let tag = varint(&mut self.rest)?;
        // Kubernetes numbers fields below a hundred: a greater one is none of ours and is skipped as 0.
        let number = u16::try_from(tag >> 3).unwrap_or(0);
        let payload = match tag & 7 {
            0 => Payload::Varint(varint(&mut self.rest)?),
            1 => Payload::Fixed(self.fixed::<8>().map(u64::from_le_bytes)?),
            2 => {
                let length = varint(&mut self.rest)?;
                Payload::Bytes(self.take(usize::try_from(length).unwrap_or(usize::MAX))?)
            }
            5 => Payload::Fixed(self.fixed::<4>().map(u32::from_le_bytes)?.into()),
            other => return Err(format!("proto: illegal wireType {other}")),
        };
        Ok(Entry { number, payload })
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], String> {
        self.take(N)?.try_into().map_err(|_| eof())
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (head, rest) = self.rest.split_at_checked(length).ok_or_else(eof)?;
        self.rest = rest;
        Ok(head)
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Entry<'a>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = self.entry();
        if entry.is_err() {
            self.rest = &[];
        }
        Some(entry)
    }
}

pub(super) fn varint(rest: &mut &[u8]) -> Result<u64, String> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first().ok_or_else(eof)?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("proto: integer overflow".to_owned())
}

pub(super) fn text(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "proto: string field contains invalid UTF-8".to_owned())
}

/// Go's words for bytes that end too soon.
fn eof() -> String {
    "unexpected EOF".to_owned()
}
