//! What a command asks of the world around it: streams, files, environment, time. Must not know any command.
//!
//! The binary gives the process' own ([`Io`] in `cli`), lessons and tests one in memory ([`super::Memory`]).

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::net::TcpListener;

/// What came from the keyboard, a pipe or the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Bytes that were typed or piped.
    Bytes(Vec<u8>),
    /// The terminal's new size: columns, rows.
    Resized(u16, u16),
    /// Nothing more will come.
    End,
}

/// What lies at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file.
    File,
    /// A folder with these entries, sorted.
    Folder(Vec<PathBuf>),
}

/// The world around a command.
#[async_trait]
pub trait Io: Send + Sync {
    /// Writes to standard output at once.
    ///
    /// # Errors
    /// As the system answers, such as `BrokenPipe` when the reader went away.
    fn out(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Writes to standard error at once.
    ///
    /// # Errors
    /// As the system answers.
    fn err(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// What comes next on standard input. May be dropped before it answers without losing input.
    ///
    /// # Errors
    /// As the system answers.
    async fn input(&mut self) -> io::Result<Input>;

    /// The terminal's size (columns, rows), when input and output are one.
    fn terminal(&self) -> Option<(u16, u16)> {
        None
    }

    /// Hands every key to the command as it is typed, or no longer does.
    ///
    /// # Errors
    /// As the system answers.
    fn set_raw(&mut self, _raw: bool) -> io::Result<()> {
        Ok(())
    }

    /// What lies at a path.
    ///
    /// # Errors
    /// `NotFound`, or as the system answers.
    fn entry(&self, path: &Path) -> io::Result<Entry>;

    /// The content of a file.
    ///
    /// # Errors
    /// As the system answers.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Replaces a file, or makes it, with the folders above it.
    ///
    /// # Errors
    /// As the system answers.
    fn write(&mut self, path: &Path, content: &[u8]) -> io::Result<()>;

    /// A variable of the environment.
    fn env(&self, name: &str) -> Option<String>;

    /// The time now.
    fn now(&self) -> Timestamp;

    /// Lets the user change a text in their editor and answers what they left; `suffix` names the kind of file.
    ///
    /// # Errors
    /// When there is no editor or it failed.
    async fn edit(&mut self, _text: &str, _suffix: &str) -> io::Result<String> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "no editor here"))
    }

    /// Listens on a local address, for `port-forward`.
    ///
    /// # Errors
    /// As the system answers; `Unsupported` where commands run in virtual time.
    async fn listen(&self, _at: SocketAddr) -> io::Result<TcpListener> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// A world whose standard input comes from a file, and whose standard output is kept for one.
pub(super) struct Redirected<'i> {
    inner: &'i mut dyn Io,
    input: Option<Vec<u8>>,
    out: Vec<u8>,
}

impl<'i> Redirected<'i> {
    pub fn open(inner: &'i mut dyn Io, input: Option<&str>) -> io::Result<Self> {
        let input = input.map(|path| inner.read(Path::new(path))).transpose()?;
        Ok(Self { inner, input, out: Vec::new() })
    }

    /// Hands over what was written: to the file, or to the true output.
    pub fn close(self, output: Option<(String, bool)>) -> io::Result<()> {
        let Some((path, appends)) = output else { return self.inner.out(&self.out) };
        let path = Path::new(&path);
        let before = if appends { self.inner.read(path).unwrap_or_default() } else { Vec::new() };
        self.inner.write(path, &[before, self.out].concat())
    }
}

#[async_trait]
impl Io for Redirected<'_> {
    fn out(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn err(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.inner.err(bytes)
    }

    async fn input(&mut self) -> io::Result<Input> {
        match &mut self.input {
            None => self.inner.input().await,
            Some(bytes) if bytes.is_empty() => Ok(Input::End),
            Some(bytes) => Ok(Input::Bytes(std::mem::take(bytes))),
        }
    }

    fn entry(&self, path: &Path) -> io::Result<Entry> {
        self.inner.entry(path)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.inner.read(path)
    }

    fn write(&mut self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.inner.write(path, content)
    }

    fn env(&self, name: &str) -> Option<String> {
        self.inner.env(name)
    }

    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    async fn edit(&mut self, text: &str, suffix: &str) -> io::Result<String> {
        self.inner.edit(text, suffix).await
    }

    async fn listen(&self, at: SocketAddr) -> io::Result<TcpListener> {
        self.inner.listen(at).await
    }
}
