//! What the demo program answers and how it misbehaves when told to, in either runtime. Must not do IO: sockets, logs,
//! waits and memory are the runtime's business, which is told what to do by an [`Effect`].

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::StatusCode;
use serde_json::json;

/// What the program understands; served at `/ayuda`.
const HELP: &str = "\
GET /                 quién responde: pod, IP, nodo y versión (JSON con Accept: application/json)
GET /healthz          200, o 503 después de /healthz/off (vuelve con /healthz/on)
GET /ready            200, o 503 después de /ready/off (vuelve con /ready/on)
GET /crash            el proceso termina con código 1
GET /fuga?mb=N        reserva N MiB de memoria que no devuelve
GET /lento?ms=N       responde al cabo de N milisegundos
GET /cpu?milli=N&s=S  consume N milésimas de CPU durante S segundos
Variables: PORT, START_DELAY, CRASH_AFTER, CRASH_CODE (segundos y código), READY=off, HEALTH=off, LEAK_MB_PER_SECOND,
WORK_MS (milisegundos de CPU por petición a /, de una en una), SERVE_MS (lo mismo sin gastar CPU),
BURN_MILLICPU (consume siempre), GRPC_PORT (salud por gRPC)
";

const TEXT: &str = "text/plain; charset=utf-8";
const MIB: u64 = 1 << 20;

/// Who answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Who {
    /// The pod's name.
    pub pod: String,
    /// The pod's address.
    pub ip: String,
    /// The pod's node.
    pub node: String,
    /// The image's tag.
    pub version: String,
    /// The image that it only stands in for, if it is not the demo itself.
    pub simulates: Option<String>,
}

/// What the environment asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Where it listens.
    pub port: u16,
    /// How long it takes to listen.
    pub start_delay: Option<Duration>,
    /// When it ends by itself.
    pub crash_after: Option<Duration>,
    /// With which code.
    pub crash_code: i32,
    /// Bytes that it takes and keeps every second.
    pub leak: Option<u64>,
    /// Thousandths of a processor that it burns all the time.
    pub burn: Option<u64>,
    /// Where it answers for its health over gRPC.
    pub grpc_port: Option<u16>,
    /// How long it computes for a request for `/`, for one at a time: what a replica can bear.
    pub work: Option<Duration>,
    /// The same, waiting for something that is no processor.
    pub serve: Option<Duration>,
}

/// The program's state, which requests change.
#[derive(Debug)]
pub(crate) struct Demo {
    pub who: Who,
    pub plan: Plan,
    healthy: AtomicBool,
    ready: AtomicBool,
    debug: Option<String>,
}

/// What has to happen besides the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    Nothing,
    /// The program ends with this code.
    Crash(i32),
    /// It takes so many bytes and keeps them.
    Leak(u64),
    /// The answer waits so long.
    Wait(Duration),
    /// It burns so many thousandths of a processor for so long.
    Burn(u64, Duration),
    /// The answer waits for its turn, and is then computed for so long.
    Work(Duration),
    /// The answer waits for its turn, and then so long.
    Serve(Duration),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub status: StatusCode,
    pub content_type: &'static str,
    pub body: String,
    pub effect: Effect,
}

impl Plan {
    /// Whether it does anything by itself that an application should not.
    pub(crate) fn misbehaves(&self) -> bool {
        self.crash_after.is_some() || self.leak.is_some() || self.burn.is_some()
    }

    /// What a request for `/` takes.
    fn per_request(&self) -> Effect {
        self.work.map(Effect::Work).or(self.serve.map(Effect::Serve)).unwrap_or(Effect::Nothing)
    }

    fn from_env(env: &impl Fn(&str) -> Option<String>) -> Self {
        let number = |name: &str| env(name).and_then(|value| value.parse::<u64>().ok());
        Self {
            port: number("PORT").and_then(|port| u16::try_from(port).ok()).unwrap_or(80),
            start_delay: env("START_DELAY").and_then(|value| seconds(&value)),
            crash_after: env("CRASH_AFTER").and_then(|value| seconds(&value)),
            crash_code: env("CRASH_CODE").and_then(|code| code.parse().ok()).unwrap_or(1),
            leak: number("LEAK_MB_PER_SECOND").map(|rate| rate.saturating_mul(MIB)),
            burn: number("BURN_MILLICPU").filter(|milli| *milli > 0),
            grpc_port: number("GRPC_PORT").and_then(|port| u16::try_from(port).ok()),
            work: number("WORK_MS").map(Duration::from_millis),
            serve: number("SERVE_MS").map(Duration::from_millis),
        }
    }
}

impl Demo {
    /// The program as its environment wants it.
    pub fn new(who: Who, env: impl Fn(&str) -> Option<String>) -> Self {
        let on = |name: &str| AtomicBool::new(env(name).is_none_or(|value| value != "off"));
        let backend = who.simulates.as_ref().is_some_and(|image| image.contains("ricardoqsx/backend"));
        Self {
            plan: Plan::from_env(&env),
            healthy: on("HEALTH"),
            ready: on("READY"),
            debug: backend.then(|| env("DEBUG").unwrap_or_else(|| "(sin definir)".into())),
            who,
        }
    }

    /// Whether it is well, as `/healthz` says it.
    pub fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Relaxed)
    }

    /// Its first lines in the log.
    pub fn greeting(&self) -> Vec<String> {
        let Who { pod, version, simulates, .. } = &self.who;
        let simulated = simulates.as_ref().map(|image| {
            format!("timonel: la imagen {image} se simula: responde en su lugar el programa de demostración de Timonel")
        });
        let debug = self.debug.as_ref().map(|value| format!("backend: DEBUG={value}"));
        let slow = self.plan.start_delay.map(|delay| format!("demo: arranque lento de {} s", delay.as_secs_f64()));
        let starting = format!("demo {version}: arrancando en {pod}");
        simulated.into_iter().chain(debug).chain([starting]).chain(slow).collect()
    }

    /// Its line when it listens.
    pub fn listening(&self) -> String {
        format!("demo: escuchando en {}:{}", self.who.ip, self.plan.port)
    }

    /// What it answers to a request for a path with its query.
    pub fn reply(&self, path: &str, query: Option<&str>, accept: &str) -> Reply {
        match path {
            "/" => self.who.reply(accept).with(self.plan.per_request()),
            "/healthz" => check(&self.healthy),
            "/healthz/on" => switch(&self.healthy, true),
            "/healthz/off" => switch(&self.healthy, false),
            "/ready" => check(&self.ready),
            "/ready/on" => switch(&self.ready, true),
            "/ready/off" => switch(&self.ready, false),
            "/crash" => text(StatusCode::INTERNAL_SERVER_ERROR, "adiós\n").with(Effect::Crash(1)),
            "/fuga" => {
                let mib = number(query, "mb").unwrap_or(10);
                text(StatusCode::OK, format!("memoria: {mib} MiB más\n")).with(Effect::Leak(mib.saturating_mul(MIB)))
            }
            "/lento" => {
                let wait = Duration::from_millis(number(query, "ms").unwrap_or(1000));
                self.who.reply(accept).with(Effect::Wait(wait))
            }
            "/cpu" => {
                let (milli, time) = (number(query, "milli").unwrap_or(500), number(query, "s").unwrap_or(60));
                let said = format!("cpu: {milli} milésimas durante {time} s\n");
                text(StatusCode::OK, said).with(Effect::Burn(milli, Duration::from_secs(time)))
            }
            "/ayuda" => text(StatusCode::OK, HELP),
            _ => text(StatusCode::NOT_FOUND, "no existe; mira /ayuda\n"),
        }
    }

    /// What it says in the log after a request.
    pub fn account(&self, method: &str, uri: &str, reply: &Reply) -> Vec<String> {
        let chatty = self.debug.as_deref().is_some_and(|value| ["1", "true", "True", "yes", "on"].contains(&value));
        let crash =
            matches!(reply.effect, Effect::Crash(_)).then(|| "demo: me piden caer; termino con código 1".into());
        let line = format!("{method} {uri} {}", reply.status.as_u16());
        [Some(line), crash, chatty.then(|| "backend: DEBUG: petición atendida".into())].into_iter().flatten().collect()
    }
}

impl Who {
    fn reply(&self, accept: &str) -> Reply {
        let Self { pod, ip, node, version, simulates } = self;
        if accept.contains("application/json") {
            let mut body = json!({ "pod": pod, "ip": ip, "nodo": node, "version": version });
            if let Some(image) = simulates {
                body["simulado"] = json!(image);
            }
            return Reply { content_type: "application/json", ..text(StatusCode::OK, format!("{body}\n")) };
        }
        let simulated = simulates.as_ref().map(|image| format!("(simulado: {image})\n")).unwrap_or_default();
        text(StatusCode::OK, format!("Hola desde {pod} ({ip}) en {node}, versión {version}\n{simulated}"))
    }
}

impl Reply {
    fn with(self, effect: Effect) -> Self {
        Self { effect, ..self }
    }
}

fn text(status: StatusCode, body: impl Into<String>) -> Reply {
    Reply { status, content_type: TEXT, body: body.into(), effect: Effect::Nothing }
}

fn check(flag: &AtomicBool) -> Reply {
    if flag.load(Ordering::Relaxed) {
        return text(StatusCode::OK, "ok\n");
    }
    text(StatusCode::SERVICE_UNAVAILABLE, "no\n")
}

fn switch(flag: &AtomicBool, on: bool) -> Reply {
    flag.store(on, Ordering::Relaxed);
    text(StatusCode::OK, if on { "encendido\n" } else { "apagado\n" })
}

fn number(query: Option<&str>, name: &str) -> Option<u64> {
    query?.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
}

/// Seconds, with or without the unit: `5`, `5s`, `0.5`.
fn seconds(value: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(value.trim_end_matches('s').parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demo(simulates: Option<&str>, env: &[(&str, &str)]) -> Demo {
        let who = Who {
            pod: "web-1".into(),
            ip: "10.112.1.7".into(),
            node: "worker-2".into(),
            version: "v2".into(),
            simulates: simulates.map(Into::into),
        };
        Demo::new(who, |name| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_string()))
    }

    #[test]
    fn says_who_answers_as_text_or_json() {
        let demo = demo(None, &[]);
        assert_eq!(demo.reply("/", None, "*/*").body, "Hola desde web-1 (10.112.1.7) en worker-2, versión v2\n");
        let body: serde_json::Value = serde_json::from_str(&demo.reply("/", None, "application/json").body).unwrap();
        assert_eq!((&body["pod"], &body["version"]), (&json!("web-1"), &json!("v2")));
    }

    #[test]
    fn checks_are_switched_by_requests_and_by_the_environment() {
        let demo = demo(None, &[("READY", "off")]);
        let status = |path: &str| demo.reply(path, None, "").status.as_u16();
        assert_eq!((status("/healthz"), status("/ready")), (200, 503));
        assert_eq!((status("/ready/on"), status("/ready")), (200, 200));
        assert_eq!((status("/healthz/off"), status("/healthz"), status("/nada")), (200, 503, 404));
    }

    #[test]
    fn misbehaves_only_when_told_to() {
        let quiet = demo(None, &[]).plan;
        assert_eq!((quiet.port, quiet.start_delay, quiet.crash_after, quiet.leak), (80, None, None, None));
        let env = [("PORT", "8080"), ("CRASH_AFTER", "1.5s"), ("CRASH_CODE", "3"), ("LEAK_MB_PER_SECOND", "2")];
        let plan = demo(None, &env).plan;
        assert_eq!((plan.port, plan.crash_after), (8080, Some(Duration::from_millis(1500))));
        assert_eq!((plan.crash_code, plan.leak), (3, Some(2 << 20)));
        let demo = demo(None, &[]);
        assert_eq!(demo.reply("/crash", None, "").effect, Effect::Crash(1));
        assert_eq!(demo.reply("/fuga", Some("x=1&mb=3"), "").effect, Effect::Leak(3 << 20));
        let burn = Effect::Burn(250, Duration::from_secs(3));
        assert_eq!(demo.reply("/cpu", Some("milli=250&s=3"), "").effect, burn);
        assert_eq!(demo.reply("/lento", Some("ms=5"), "").effect, Effect::Wait(Duration::from_millis(5)));
        assert_eq!(demo.reply("/", None, "").effect, Effect::Nothing);
    }

    #[test]
    fn works_on_a_request_as_long_as_the_environment_says() {
        let table = [
            ("WORK_MS", Effect::Work(Duration::from_millis(80))),
            ("SERVE_MS", Effect::Serve(Duration::from_millis(80))),
        ];
        for (name, effect) in table {
            let demo = demo(None, &[(name, "80")]);
            assert_eq!(demo.reply("/", None, "").effect, effect);
            assert_eq!(demo.reply("/ready", None, "").effect, Effect::Nothing);
        }
    }

    #[test]
    fn a_stand_in_says_that_it_is_one() {
        let demo = demo(Some("ricardoqsx/backend"), &[("DEBUG", "true")]);
        assert!(demo.greeting()[0].contains("se simula") && demo.greeting()[1].ends_with("DEBUG=true"));
        let reply = demo.reply("/", None, "");
        assert!(reply.body.contains("simulado: ricardoqsx/backend"));
        assert_eq!(demo.account("GET", "/", &reply), ["GET / 200", "backend: DEBUG: petición atendida"]);
    }
}
