//! `postgres`: a stand-in that lets clients in and answers `SELECT 1`, as readiness checks ask. Must not pretend to be
//! a database: any other query is refused, and says why.

use std::net::SocketAddr;

use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::base::net::BoxStream;
use crate::kubelet::programs::world::World;

/// Postgres' own port.
pub(super) const PORT: u16 = 5432;
/// What a client sends to ask for TLS.
const SSL_REQUEST: u32 = 80_877_103;
/// Longest message.
const LONGEST: u32 = 64 * 1024;
/// The real image would end here. A stand-in has no data to protect, and manifests of examples seldom name a password.
const NO_PASSWORD: &str =
    "WARNING: no POSTGRES_PASSWORD. La imagen real terminaría aquí con un error; este postgres simulado sigue.";

/// Serves until SIGTERM; without a password it warns, where the real image refuses to start.
pub(super) async fn main(world: World) -> i32 {
    let trusted = world.env("POSTGRES_HOST_AUTH_METHOD") == Some("trust");
    if !trusted && world.env("POSTGRES_PASSWORD").unwrap_or_default().is_empty() {
        world.complain(NO_PASSWORD);
    }
    let at = SocketAddr::new(world.sandbox.ip, PORT);
    let mut listener = match world.net.listen(at) {
        Ok(listener) => listener,
        Err(error) => {
            world.say(format_args!("LOG:  could not bind IPv4 address \"{}\": {error}", at.ip()));
            return 1;
        }
    };
    world.say("LOG:  database system is ready to accept connections (postgres simulado por Timonel)");
    loop {
        tokio::select! {
            () = world.terminated() => {
                world.say("LOG:  received smart shutdown request");
                return 0;
            }
            accepted = listener.accept() => {
                let Some((stream, _)) = accepted else { return 0 };
                world.tasks.spawn(async move { converse(stream).await.unwrap_or_default() });
            }
        }
    }
}

/// The conversation of protocol 3.0 that a client without a password has.
async fn converse(mut stream: BoxStream) -> std::io::Result<()> {
    loop {
        let length = stream.read_u32().await?;
        let code = stream.read_u32().await?;
        let mut rest = vec![0; length.clamp(8, LONGEST) as usize - 8];
        stream.read_exact(&mut rest).await?;
        if code != SSL_REQUEST {
            break;
        }
        stream.write_all(b"N").await?;
    }
    let mut hello = message(b'R', &[0, 0, 0, 0]);
    hello.extend(message(b'S', b"server_version\x0016.0 (Timonel)\0"));
    hello.extend(message(b'Z', b"I"));
    stream.write_all(&hello).await?;
    while let Ok(kind) = stream.read_u8().await {
        let mut body = vec![0; stream.read_u32().await?.clamp(4, LONGEST) as usize - 4];
        stream.read_exact(&mut body).await?;
        match kind {
            b'X' => return Ok(()),
            b'Q' => stream.write_all(&query(&String::from_utf8_lossy(&body))).await?,
            _ => {}
        }
    }
    Ok(())
}

fn query(text: &str) -> BytesMut {
    let text = text.trim_end_matches('\0').trim().trim_end_matches(';').to_lowercase();
    let mut answer = if text == "select 1" {
        // One column without a name: an int4 in text.
        let column = [&[0, 1][..], b"?column?\0", &[0; 6], &23_u32.to_be_bytes(), &[0, 4, 255, 255, 255, 255, 0, 0]];
        let mut rows = message(b'T', &column.concat());
        rows.extend(message(b'D', &[0, 1, 0, 0, 0, 1, b'1']));
        rows.extend(message(b'C', b"SELECT 1\0"));
        rows
    } else {
        message(b'E', b"SERROR\0C0A000\0Mpostgres simulado por Timonel: solo responde SELECT 1\0\0")
    };
    answer.extend(message(b'Z', b"I"));
    answer
}

fn message(kind: u8, body: &[u8]) -> BytesMut {
    let mut whole = BytesMut::with_capacity(body.len() + 5);
    whole.put_u8(kind);
    whole.put_u32(u32::try_from(body.len() + 4).unwrap_or_default());
    whole.put_slice(body);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_is_let_in_and_select_1_is_answered() {
        let (mut ours, theirs) = tokio::io::duplex(4096);
        let client = async {
            ours.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await.unwrap();
            assert_eq!(ours.read_u8().await.unwrap(), b'N');
            ours.write_all(&[0, 0, 0, 9, 0, 3, 0, 0, 0]).await.unwrap();
            ours.write_all(&message(b'Q', b"SELECT 1;\0")).await.unwrap();
            ours.write_all(&message(b'Q', b"DROP TABLE x\0")).await.unwrap();
            ours.write_all(&message(b'X', b"")).await.unwrap();
            let mut said = Vec::new();
            ours.read_to_end(&mut said).await.unwrap();
            String::from_utf8_lossy(&said).into_owned()
        };
        let (said, served) = tokio::join!(client, converse(Box::new(theirs)));
        served.unwrap();
        assert!(said.starts_with('R') && said.contains("SELECT 1") && said.contains("solo responde"), "{said}");
    }
}
