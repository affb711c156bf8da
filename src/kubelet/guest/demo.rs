//! `timonel guest demo`: the demo program as a real process with real HTTP. Must not decide what is answered.

use std::convert::Infallible;
use std::io::{self, Write};
use std::net::{Ipv4Addr, UdpSocket};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::base::clock::{Clock, Timing};
use crate::base::tasks::Tasks;
use crate::kubelet::demo::{Demo, Effect, Reply, Who};
use crate::kubelet::grpc;

/// One turn of working and resting.
const TURN: Duration = Duration::from_millis(100);

/// The program with what only a process has.
struct Guest {
    demo: Demo,
    crash: watch::Sender<Option<i32>>,
    leaked: Mutex<Vec<Vec<u8>>>,
    /// Held by the request that is being worked on.
    turn: tokio::sync::Mutex<()>,
}

pub(super) fn run(_args: &[String]) -> io::Result<ExitCode> {
    let env = |name: &str| std::env::var(name).ok();
    let who = Who {
        pod: env("TIMONEL_POD").or_else(|| env("HOSTNAME")).unwrap_or_default(),
        ip: own_address(),
        node: env("TIMONEL_NODE").unwrap_or_default(),
        version: env("TIMONEL_VERSION").unwrap_or_else(|| "v1".into()),
        simulates: env("TIMONEL_SIMULATES"),
    };
    let guest = Guest {
        demo: Demo::new(who, env),
        crash: watch::Sender::new(None),
        leaked: Mutex::default(),
        turn: tokio::sync::Mutex::default(),
    };
    let code = super::block_on(live(Arc::new(guest)))?;
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// The address of the pod's own interface: the one that a datagram to the outside would leave from (none is sent).
fn own_address() -> String {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        socket.local_addr()
    });
    socket.map_or_else(|_| Ipv4Addr::LOCALHOST.to_string(), |address| address.ip().to_string())
}

/// Lives until it is told to end or crashes; its exit code.
async fn live(guest: Arc<Guest>) -> io::Result<i32> {
    let tasks = Tasks::new();
    for line in &guest.demo.greeting() {
        say(line);
    }
    if let Some(milli) = guest.demo.plan.burn {
        burn(milli, None);
    }
    let mut crash = guest.crash.subscribe();
    let code = tokio::select! {
        code = serve(&guest, &tasks) => code,
        code = misbehave(&guest) => Ok(code),
        ended = health(&guest, &tasks) => ended,
        code = crash.wait_for(Option::is_some) => Ok(code.ok().and_then(|code| *code).unwrap_or(1)),
        told = super::terminated() => {
            say("demo: SIGTERM; termino en orden");
            told.map(|()| 0)
        }
    };
    tasks.stop().await;
    code
}

async fn serve(guest: &Arc<Guest>, tasks: &Tasks) -> io::Result<i32> {
    if let Some(delay) = guest.demo.plan.start_delay {
        tokio::time::sleep(delay).await;
    }
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, guest.demo.plan.port)).await?;
    say(&guest.demo.listening());
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tasks.spawn(converse(stream, Arc::clone(guest)))),
            // Out of descriptors, or a client that left the queue: the next one may do better.
            Err(error) => {
                say(&format!("demo: accept: {error}"));
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Crashes and leaks as the environment says; never ends when it says nothing.
async fn misbehave(guest: &Guest) -> i32 {
    let plan = &guest.demo.plan;
    let crash = async {
        match plan.crash_after {
            Some(delay) => tokio::time::sleep(delay).await,
            None => std::future::pending().await,
        }
        say("demo: CRASH_AFTER cumplido; termino con error");
        plan.crash_code
    };
    let leak = async {
        let Some(bytes) = plan.leak else { return std::future::pending().await };
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            guest.leak(bytes);
        }
    };
    tokio::select! { code = crash => code, code = leak => code }
}

/// Answers for the demo's health over gRPC; never ends when the environment asks for no port.
async fn health(guest: &Arc<Guest>, tasks: &Tasks) -> io::Result<i32> {
    let Some(port) = guest.demo.plan.grpc_port else { return std::future::pending().await };
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await?;
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let guest = Arc::clone(guest);
            tasks.spawn(grpc::converse(Box::new(stream), move || guest.demo.is_healthy()));
        }
    }
}

/// Burns thousandths of one processor for some time, or always: works and rests in turns.
fn burn(milli: u64, time: Option<Duration>) {
    let (work, rest) = (milli.min(1_000), 1_000 - milli.min(1_000));
    let clock = Clock::new(Timing::Real);
    // A thread of its own: the program goes on answering.
    std::mem::drop(Tasks::thread(move || {
        while time.is_none_or(|time| clock.elapsed() < time) {
            let until = clock.elapsed() + TURN * u32::try_from(work).unwrap_or_default() / 1_000;
            while clock.elapsed() < until {
                std::hint::spin_loop();
            }
            std::thread::sleep(TURN * u32::try_from(rest).unwrap_or_default() / 1_000);
        }
    }));
}

impl Guest {
    /// Takes memory and keeps it; written to, so that it counts.
    fn leak(&self, bytes: u64) {
        self.leaked.lock().push(vec![1; usize::try_from(bytes).unwrap_or_default()]);
    }

    async fn answer(&self, request: &Request<Incoming>) -> Reply {
        let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let reply = self.demo.reply(request.uri().path(), request.uri().query(), accept);
        match reply.effect {
            Effect::Nothing => {}
            Effect::Crash(code) => drop(self.crash.send_replace(Some(code))),
            Effect::Leak(bytes) => self.leak(bytes),
            Effect::Wait(wait) => tokio::time::sleep(wait).await,
            Effect::Burn(milli, time) => burn(milli, Some(time)),
            Effect::Work(time) => {
                let _turn = self.turn.lock().await;
                tokio::time::sleep(time).await;
            }
        }
        let lines = self.demo.account(request.method().as_str(), &request.uri().to_string(), &reply);
        for line in &lines {
            say(line);
        }
        reply
    }
}

/// Answers the requests of one connection.
async fn converse(stream: TcpStream, guest: Arc<Guest>) {
    let service = service_fn(|request| {
        let guest = Arc::clone(&guest);
        async move { Ok::<_, Infallible>(response(guest.answer(&request).await)) }
    });
    // A client that hangs up half-way is its own business.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() = reply.status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    response
}

/// Writes a line to the log; a full or closed pipe is no reason to die.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
