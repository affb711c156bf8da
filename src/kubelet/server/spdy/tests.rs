//! The wire as Go's `moby/spdystream` writes it.

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use super::headers::{Reader, Writer, dictionary};
use super::{Stream, serve};

/// `streamtype: error`, `port: 80`, `requestid: 0` and then the same of `data`, compressed as one stream by zlib with
/// SPDY's dictionary, each part flushed.
const FIRST: &str =
    "78f9e3c6a7c202253a703a2b294a4dcc851625aca9a0808614cb45a024cc64610024398b209198094adc8c0600000000ffff";
const SECOND: &str = "c2aa15540a2512d209000000ffff";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn adler(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    b << 16 | a
}

#[test]
fn the_dictionary_is_spdy_3s() {
    assert_eq!((dictionary().len(), adler(&dictionary())), (1423, 0xe3c6_a7c2));
}

#[test]
fn compressed_headers_are_read_one_block_after_the_other() {
    let mut reader = Reader::new();
    let first = reader.read(&bytes(FIRST)).unwrap();
    assert_eq!(
        (first["streamtype"].as_str(), first["port"].as_str(), first["requestid"].as_str()),
        ("error", "80", "0")
    );
    assert_eq!(reader.read(&bytes(SECOND)).unwrap()["streamtype"], "data");
    assert!(reader.read(&[0xff; 40]).is_none());
}

fn open(id: u32, block: &[u8]) -> Vec<u8> {
    let length = u32::try_from(block.len() + 10).unwrap().to_be_bytes();
    let mut frame = vec![0x80, 3, 0, 1, 0, length[1], length[2], length[3]];
    frame.extend(id.to_be_bytes());
    frame.extend([0; 6]);
    frame.extend(block);
    frame
}

#[tokio::test]
async fn a_stream_opens_echoes_and_ends() {
    let (mut client, server) = tokio::io::duplex(4096);
    let (accepted, mut streams) = mpsc::unbounded_channel::<Stream>();
    let session = serve(server, move |stream| accepted.send(stream).unwrap());
    let conversation = async {
        client.write_all(&open(1, &bytes(FIRST))).await.unwrap();
        client.write_all(&[0, 0, 0, 1, 1, 0, 0, 4, b'h', b'o', b'l', b'a']).await.unwrap();
        let mut stream = streams.recv().await.unwrap();
        assert_eq!(stream.input.recv().await.unwrap(), Bytes::from("hola"));
        assert_eq!(stream.input.recv().await, None);
        assert!(stream.output.send("eco".into()).await);
        stream.output.close().await;
        client.write_all(&[0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 7]).await.unwrap();
        let reply = [&[0x80, 3, 0, 2, 0, 0, 0, 20, 0, 0, 0, 1][..], &Writer::default().empty()].concat();
        let expected = [
            reply.as_slice(),
            &[0, 0, 0, 1, 0, 0, 0, 3, b'e', b'c', b'o'],
            &[0, 0, 0, 1, 1, 0, 0, 0],
            &[0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 7],
        ];
        let mut got = vec![0; expected.iter().map(|part| part.len()).sum()];
        client.read_exact(&mut got).await.unwrap();
        assert_eq!(got, expected.concat());
        drop(client);
    };
    let (ended, ()) = tokio::join!(session, conversation);
    ended.unwrap();
}
