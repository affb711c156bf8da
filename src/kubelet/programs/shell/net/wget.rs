//! `wget` over the pod network. Must not open sockets by itself.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::super::reason;
use super::super::run::Session;
use crate::kubelet::programs::resolver;

/// How long a connect may take when no `-T` says otherwise (busybox' own).
const PATIENCE: Duration = Duration::from_secs(900);

pub(in super::super) async fn wget(shell: &Session, args: Vec<String>) -> i32 {
    let (mut output, mut url, mut limit, mut quiet) = (None, None, PATIENCE, false);
    let mut words = args.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-O" => output = words.next().cloned(),
            "-T" | "--timeout" => {
                limit = words.next().and_then(|it| it.parse().ok()).map_or(limit, Duration::from_secs);
            }
            flags if flags.starts_with('-') => {
                quiet |= flags.contains('q');
                if flags.ends_with('O') {
                    output = words.next().cloned();
                }
                if let Some((_, to)) = flags.split_once('O').filter(|(_, to)| !to.is_empty()) {
                    output = Some(to.to_owned());
                }
                let seconds = flags.strip_prefix("-T").or_else(|| flags.strip_prefix("--timeout="));
                limit = seconds.and_then(|it| it.parse().ok()).map_or(limit, Duration::from_secs);
            }
            other => url = Some(other.to_owned()),
        }
    }
    let Some(url) = url else { return shell.fail("wget", "missing URL") };
    match tokio::time::timeout(limit, get(shell, &url, quiet)).await {
        Err(_) => shell.fail("wget", "download timed out"),
        Ok(Err(complaint)) => shell.fail("wget", complaint),
        Ok(Ok(body)) => save(shell, output.as_deref(), &url, body),
    }
}

async fn get(shell: &Session, url: &str, quiet: bool) -> Result<Bytes, String> {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
    let port = port.parse().map_err(|_| format!("bad port '{port}'"))?;
    let ip = resolver::address(&shell.world, host).await.ok_or_else(|| format!("bad address '{host}'"))?;
    let at = SocketAddr::new(ip, port);
    if !quiet {
        shell.err.line(format_args!("Connecting to {authority} ({at})"));
    }
    let failed = |cause: &dyn std::fmt::Display| format!("can't connect to remote host ({ip}): {cause}");
    let from = Some(shell.world.sandbox.ip);
    let stream = shell.world.net.dial(from, at).await.map_err(|error| failed(&reason(&error)))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
    let request = Request::get(path).header(header::HOST, authority).header(header::USER_AGENT, "Wget");
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| failed(&error))?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        Ok::<_, hyper::Error>((status, response.into_body().collect().await?.to_bytes()))
    };
    let (status, body) = tokio::select! {
        done = exchange => done.map_err(|error| failed(&error))?,
        _ = connection => return Err("error getting response".into()),
    };
    if status.is_success() {
        return Ok(body);
    }
    Err(format!(
        "server returned error: HTTP/1.1 {} {}",
        status.as_u16(),
        status.canonical_reason().unwrap_or_default()
    ))
}

fn save(shell: &Session, output: Option<&str>, url: &str, body: Bytes) -> i32 {
    let name = url.rsplit('/').next().filter(|name| !name.is_empty() && url.contains('/')).unwrap_or("index.html");
    match output.unwrap_or(name) {
        "-" => shell.out.write(&body),
        "/dev/null" => {}
        path => {
            if let Err(error) = shell.world.files.write(&shell.path(path), body) {
                return shell.fail("wget", format_args!("can't open '{path}': {}", reason(&error)));
            }
        }
    }
    0
}
