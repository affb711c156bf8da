//! `timonel/demo:v1|v2` and, in its place, `ricardoqsx/backend`: the demo program over the pod network.
//! Must not decide what it answers: `kubelet::demo` does, for both runtimes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, header};
use hyper::body::Incoming;
use tokio::sync::{Mutex, SetOnce};

use super::http::{Answer, answer, serve};
use crate::kubelet::demo::{Demo, Effect, Who};
use crate::kubelet::grpc;
use crate::kubelet::programs::reference::Reference;
use crate::kubelet::programs::world::World;

/// The demo itself.
pub(super) async fn main(world: World) -> i32 {
    run(world, None).await
}

/// The application of the notes, whose image is never pulled here.
pub(super) async fn backend(world: World) -> i32 {
    let image = world.spec.image.clone();
    run(world, Some(image)).await
}

async fn run(world: World, simulates: Option<String>) -> i32 {
    let (pod, sandbox) = (&world.spec.pod, &world.sandbox);
    let version = Reference::parse(&world.spec.image).map_or_else(|_| "v1".into(), |image| image.tag);
    let who = Who { pod: pod.name.clone(), ip: sandbox.ip.to_string(), node: pod.node.clone(), version, simulates };
    let demo = Arc::new(Demo::new(who, |name| world.env(name).map(Into::into)));
    say(&world, demo.greeting());
    if let Some(delay) = demo.plan.start_delay {
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = world.terminated() => return 0,
        }
    }
    say(&world, [demo.listening()]);
    let crashed = Arc::new(SetOnce::new());
    let (crash, turn, serving, serving_world) = (crashed.clone(), Arc::default(), demo.clone(), world.clone());
    let server = serve(&world, demo.plan.port, move |request, _| {
        handle(serving.clone(), serving_world.clone(), request, crash.clone(), Arc::clone(&turn))
    });
    tokio::select! {
        biased;
        () = world.terminated() => {
            world.say("demo: SIGTERM; termino en orden");
            0
        }
        code = server => code,
        code = rarely(demo.plan.misbehaves(), || misbehave(&world, &demo)) => code,
        code = rarely(demo.plan.grpc_port.is_some(), || health(&world, &demo)) => code,
        code = crashed.wait() => *code,
    }
}

/// What few demos do, boxed: ten thousand keep no room for it. Never ends where it is not done.
async fn rarely<F: Future<Output = i32>>(done: bool, what: impl FnOnce() -> F) -> i32 {
    let boxed = done.then(|| Box::pin(what()));
    match boxed {
        Some(done) => done.await,
        None => std::future::pending().await,
    }
}

fn say(world: &World, lines: impl IntoIterator<Item = String>) {
    lines.into_iter().for_each(|line| world.say(line));
}

async fn handle(
    demo: Arc<Demo>,
    world: World,
    request: Request<Incoming>,
    crash: Arc<SetOnce<i32>>,
    turn: Arc<Mutex<()>>,
) -> Answer {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let reply = demo.reply(request.uri().path(), request.uri().query(), accept);
    say(&world, demo.account(request.method().as_str(), &request.uri().to_string(), &reply));
    match reply.effect {
        Effect::Nothing => {}
        // The first one decides.
        Effect::Crash(code) => drop(crash.set(code)),
        Effect::Leak(bytes) => world.host.allocate(bytes),
        Effect::Wait(time) => tokio::time::sleep(time).await,
        Effect::Burn(milli, time) => {
            let burning = world.clone();
            world.tasks.spawn(async move { drop(tokio::time::timeout(time, burning.host.burn(milli)).await) });
        }
        Effect::Serve(time) => {
            let _turn = turn.lock().await;
            tokio::time::sleep(time).await;
        }
        Effect::Work(time) => {
            let _turn = turn.lock().await;
            world.host.work(time).await;
        }
    }
    answer(reply.status, reply.content_type, reply.body)
}

/// Crashes and leaks as the environment says; never ends when it says nothing.
async fn misbehave(world: &World, demo: &Demo) -> i32 {
    let crash = async {
        match demo.plan.crash_after {
            Some(delay) => tokio::time::sleep(delay).await,
            None => std::future::pending().await,
        }
        world.say("demo: CRASH_AFTER cumplido; termino con error");
        demo.plan.crash_code
    };
    let leak = async {
        let Some(bytes) = demo.plan.leak else { return std::future::pending::<i32>().await };
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            world.host.allocate(bytes);
        }
    };
    let burning = async {
        match demo.plan.burn {
            Some(milli) => world.host.burn(milli).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! { code = crash => code, code = leak => code, () = burning => 0 }
}

/// Answers for the demo's health over gRPC; never ends when the environment asks for no port.
async fn health(world: &World, demo: &Arc<Demo>) -> i32 {
    let Some(port) = demo.plan.grpc_port else { return std::future::pending().await };
    let Ok(mut listener) = world.net.listen(SocketAddr::new(world.sandbox.ip, port)) else {
        world.say(format_args!("demo: el puerto {port} de gRPC ya está en uso"));
        return 1;
    };
    while let Some((stream, _)) = listener.accept().await {
        let demo = demo.clone();
        world.tasks.spawn(grpc::converse(stream, move || demo.is_healthy()));
    }
    0
}
