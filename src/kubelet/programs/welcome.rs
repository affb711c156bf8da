//! `nginx` and `httpd`: the files of their document root, a welcome page at first, and an access log in their own format.
//! Must not read their configuration.

use std::net::SocketAddr;

use http::{Request, StatusCode};
use hyper::body::Incoming;
use jiff::fmt::strtime;

use super::http::{Answer, answer, serve};
use crate::kubelet::programs::world::World;

/// How the two servers differ.
#[derive(Clone, Copy)]
struct Server {
    root: &'static str,
    welcome: &'static str,
    not_found: &'static str,
    /// Referrer, agent and forwarded-for at the end of each line of the log (nginx's `main` and `combined` formats).
    long_log: bool,
}

const NGINX: Server = Server {
    root: "/usr/share/nginx/html",
    welcome: "<!DOCTYPE html>\n<html>\n<head><title>Welcome to nginx!</title></head>\n<body>\n\
              <h1>Welcome to nginx!</h1>\n<p>Servido por el nginx simulado de Timonel.</p>\n</body>\n</html>\n",
    not_found: "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n\
                <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
    long_log: true,
};

const HTTPD: Server = Server {
    root: "/usr/local/apache2/htdocs",
    welcome: "<html><body><h1>It works!</h1></body></html>\n",
    not_found: "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>404 Not Found</title>\n</head><body>\n\
                <h1>Not Found</h1>\n<p>The requested URL was not found on this server.</p>\n</body></html>\n",
    long_log: false,
};

/// nginx's main program.
pub(super) async fn nginx(world: World) -> i32 {
    world.say("/docker-entrypoint.sh: Configuration complete; ready for start up (simulado por Timonel)");
    NGINX.furnish(&world);
    serve(&world.clone(), 80, move |request, peer| std::future::ready(NGINX.handle(&world, &request, peer))).await
}

/// httpd's main program.
pub(super) async fn httpd(world: World) -> i32 {
    let notice = "AH00094: Command line: 'httpd -D FOREGROUND' (simulado por Timonel)";
    world.complain(notice);
    HTTPD.furnish(&world);
    serve(&world.clone(), 80, move |request, peer| std::future::ready(HTTPD.handle(&world, &request, peer))).await
}

impl Server {
    /// Puts the welcome page where the image has it, unless a volume is mounted there.
    fn furnish(self, world: &World) {
        if world.files.list(self.root).is_none() {
            // In a container that may not write there, the page comes from nowhere.
            let _ = world.files.write(&format!("{}/index.html", self.root), self.welcome.into());
        }
    }

    fn handle(self, world: &World, request: &Request<Incoming>, peer: SocketAddr) -> Answer {
        let path = request.uri().path();
        let file = if path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
        let found = world.files.read(&format!("{}{file}", self.root));
        let directory = |path: &str| world.files.list(path).is_some();
        let (status, body) = match found {
            Some(data) => (StatusCode::OK, data),
            None if file == "/index.html" && !directory(self.root) => (StatusCode::OK, self.welcome.into()),
            None if path.ends_with('/') && directory(&format!("{}{path}", self.root)) => {
                (StatusCode::FORBIDDEN, "403 Forbidden\n".into())
            }
            None => (StatusCode::NOT_FOUND, self.not_found.into()),
        };
        self.log(world, request, peer, status, body.len());
        answer(status, content_type(&file), body)
    }

    fn log(self, world: &World, request: &Request<Incoming>, peer: SocketAddr, status: StatusCode, length: usize) {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("-");
        let time = strtime::format("%d/%b/%Y:%H:%M:%S +0000", world.clock.now()).unwrap_or_default();
        let line = format!("{} {} {:?}", request.method(), request.uri(), request.version());
        let mut text = format!("{} - - [{time}] \"{line}\" {} {length}", peer.ip(), status.as_u16());
        if self.long_log {
            text += &format!(" \"{}\" \"{}\" \"-\"", header("referer"), header("user-agent"));
        }
        world.say(text);
    }
}

fn content_type(file: &str) -> &'static str {
    match file.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html",
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        Some("json") => "application/json",
        _ => "text/plain",
    }
}
