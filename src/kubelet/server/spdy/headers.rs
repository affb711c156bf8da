//! Header blocks: one zlib stream a direction for the life of the connection. The client's is compressed against a
//! dictionary that both ends know; ours is stored, which every reader of zlib accepts. Must not know frames.

use std::collections::BTreeMap;

use bytes::{BufMut, Bytes, BytesMut};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags::TINFL_FLAG_HAS_MORE_INPUT};

/// How far back compressed bytes may point.
const WINDOW: usize = 32 * 1024;
/// The head of a zlib stream that names its dictionary: two bytes, and the dictionary's checksum.
const HEAD: usize = 6;
/// A block larger than this is no request for a stream.
const LIMIT: usize = 64 * 1024;

/// The words that begin the dictionary, each preceded by its length.
const WORDS: &str = "options head post put delete trace accept accept-charset accept-encoding accept-language \
     accept-ranges age allow authorization cache-control connection content-base content-encoding content-language \
     content-length content-location content-md5 content-range content-type date etag expect expires from host if-match \
     if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma \
     proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade \
     user-agent vary via warning www-authenticate method get status";
/// Words with spaces among them.
const MORE_WORDS: [&str; 8] = ["200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin"];
/// What ends the dictionary.
const REST: &str = "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 \
     Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not \
     Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct \
     Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,\
     application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,\
     sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";

/// SPDY/3's dictionary (draft-mbelshe-httpbis-spdy-00, 2.6.10.1).
pub(super) fn dictionary() -> Vec<u8> {
    let mut dictionary = Vec::new();
    for word in WORDS.split(' ').chain(MORE_WORDS) {
        dictionary.put_u32(u32::try_from(word.len()).unwrap_or_default());
        dictionary.put_slice(word.as_bytes());
    }
    dictionary.put_slice(REST.as_bytes());
    dictionary
}

/// Reads the client's header blocks.
pub(super) struct Reader {
    inflate: Box<DecompressorOxide>,
    window: Vec<u8>,
    at: usize,
    begun: bool,
}

impl Reader {
    pub(super) fn new() -> Self {
        let mut window = dictionary();
        let at = window.len();
        window.resize(WINDOW, 0);
        Self { inflate: Box::default(), window, at, begun: false }
    }

    /// The headers of a block, by lower-case name; `None` when it is no block.
    pub(super) fn read(&mut self, mut block: &[u8]) -> Option<BTreeMap<String, String>> {
        if !self.begun {
            block = block.get(HEAD..)?;
            self.begun = true;
        }
        parse(&self.inflate(block)?)
    }

    fn inflate(&mut self, mut block: &[u8]) -> Option<Vec<u8>> {
        let mut plain = Vec::new();
        loop {
            let (status, read, written) =
                decompress(&mut self.inflate, block, &mut self.window, self.at, TINFL_FLAG_HAS_MORE_INPUT);
            plain.extend_from_slice(&self.window[self.at..self.at + written]);
            self.at = (self.at + written) % WINDOW;
            block = &block[read..];
            match status {
                _ if plain.len() > LIMIT => return None,
                TINFLStatus::HasMoreOutput => {}
                TINFLStatus::NeedsMoreInput | TINFLStatus::Done => return Some(plain),
                _ => return None,
            }
        }
    }
}

fn parse(plain: &[u8]) -> Option<BTreeMap<String, String>> {
    let (count, mut rest) = number(plain)?;
    let mut headers = BTreeMap::new();
    for _ in 0..count {
        let (name, after) = text(rest)?;
        let (value, after) = text(after)?;
        headers.insert(name.to_ascii_lowercase(), value);
        rest = after;
    }
    Some(headers)
}

fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((usize::try_from(u32::from_be_bytes(*number)).ok()?, rest))
}

fn text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = number(bytes)?;
    let (text, rest) = rest.split_at_checked(length)?;
    Some((String::from_utf8_lossy(text).into_owned(), rest))
}

/// Writes our header blocks, which are always empty: a reply says no more than that the stream is open.
#[derive(Default)]
pub(super) struct Writer {
    begun: bool,
}

impl Writer {
    /// A block without headers.
    pub(super) fn empty(&mut self) -> Bytes {
        /// A zlib head without a dictionary.
        const ZLIB: [u8; 2] = [0x78, 0x01];
        /// A stored block of four zero bytes (no headers), then an empty one, at which readers give out what they have.
        const STORED: [u8; 14] = [0, 4, 0, 0xfb, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
        let mut block = BytesMut::new();
        if !self.begun {
            block.put_slice(&ZLIB);
            self.begun = true;
        }
        block.put_slice(&STORED);
        block.freeze()
    }
}
