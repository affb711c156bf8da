//! SPDY/3.1 as kubectl speaks it to forward ports: streams of bytes inside one connection (moby/spdystream).
//! Must not know what the streams are for. There is no flow control, as in spdystream.

mod frame;
mod headers;
mod session;
#[cfg(test)]
mod tests;

pub(super) use session::{Output, Stream, serve};
