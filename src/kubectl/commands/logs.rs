//! `kubectl logs`. Must not keep what was read.

use std::time::Duration;

use clap::Args;
use futures::StreamExt;
use futures::stream::{BoxStream, select_all};
use http_body_util::BodyExt;
use serde_json::Value;

use super::pods::{self, text};
use crate::kubectl::duration;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::grammar;
use crate::kubectl::rest::{self, Ask};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

const NEEDED: &str = "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n\
                      POD or TYPE/NAME is a required argument for the logs command";

/// Arguments of `logs`.
#[derive(Args, Debug)]
pub(crate) struct Logs {
    /// POD, o TIPO/NOMBRE, y su contenedor.
    #[arg(value_name = "POD", hide = true)]
    args: Vec<String>,
    /// Sigue mostrando lo que venga.
    #[arg(short, long)]
    follow: bool,
    /// Del contenedor anterior, si se reinició.
    #[arg(short, long)]
    previous: bool,
    /// Contenedor.
    #[arg(short, long, value_name = "NOMBRE")]
    container: Option<String>,
    /// Todos los contenedores.
    #[arg(long)]
    all_containers: bool,
    /// De todos los pods del objeto.
    #[arg(long)]
    all_pods: bool,
    /// Solo las últimas líneas.
    #[arg(long, value_name = "N", default_value_t = -1, hide_default_value = true, value_parser = grammar::int)]
    tail: i64,
    /// Solo lo de este tiempo, por ejemplo 5m.
    #[arg(long, value_name = "TIEMPO", value_parser = duration::parse)]
    since: Option<Duration>,
    /// Solo desde esta hora.
    #[arg(long, value_name = "HORA")]
    since_time: Option<String>,
    /// La hora delante de cada línea.
    #[arg(long)]
    timestamps: bool,
    /// El pod y el contenedor delante de cada línea.
    #[arg(long)]
    prefix: bool,
    /// Como mucho tantos bytes.
    #[arg(long, value_name = "N", value_parser = grammar::int)]
    limit_bytes: Option<i64>,
    /// De los pods con estas etiquetas.
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
    /// Cuántos se siguen a la vez.
    #[arg(long, value_name = "N", default_value_t = 5, hide_default_value = true, value_parser = grammar::int)]
    max_log_requests: i64,
    /// Sigue aunque uno falle.
    #[arg(long)]
    ignore_errors: bool,
    /// Se acepta y no cambia nada.
    #[arg(long, hide = true)]
    insecure_skip_tls_verify_backend: bool,
    /// Cuánto se espera a que haya un pod.
    #[arg(long, value_name = "TIEMPO", hide = true)]
    pod_running_timeout: Option<String>,
}

/// One log: of a container of a pod.
struct Source {
    namespace: String,
    pod: String,
    container: String,
}

impl Verb for Logs {
    const NAME: &'static str = "logs";
    const ABOUT: &'static str = "Muestra lo que escriben los contenedores de un pod";
    const USAGE: &'static str = "POD [-c CONTENEDOR] [-f] | TIPO/NOMBRE | -l SELECTOR";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        self.check(session)?;
        let sources = self.sources(session).await?;
        if self.follow && sources.len() > 1 {
            let most = usize::try_from(self.max_log_requests).unwrap_or_default();
            if sources.len() > most {
                return Err(Failure::error(format!(
                    "you are attempting to follow {} log streams, but maximum allowed concurrency is {most}, use --max-log-requests to increase the limit",
                    sources.len()
                )));
            }
            return self.together(sources, session).await;
        }
        for source in sources {
            match self.one(&source, session).await {
                Err(failure) if self.ignore_errors => session.note(failure.text())?,
                done => done?,
            }
        }
        Ok(())
    }
}

impl Logs {
    fn check(&self, session: &Session<'_>) -> Outcome {
        match (self.args.len(), &self.selector) {
            (0 | 3.., None) => Err(session.usage(NEEDED)),
            (1.., Some(_)) => Err(session.usage("only a selector (-l) or a POD name is allowed")),
            (2, None) if self.container.is_some() => {
                Err(session.usage("only one of -c or an inline [CONTAINER] arg is allowed"))
            }
            _ if self.since.is_some() && self.since_time.is_some() => {
                Err(Failure::error("at most one of `sinceTime` or `sinceSeconds` may be specified"))
            }
            _ if self.all_containers && self.asked().is_some() => {
                Err(Failure::error("--all-containers=true should not be specified with container name"))
            }
            _ => Ok(()),
        }
    }

    fn asked(&self) -> Option<&str> {
        self.container.as_deref().or_else(|| self.args.get(1).map(String::as_str))
    }

    async fn sources(&self, session: &mut Session<'_>) -> Outcome<Vec<Source>> {
        let pods = match (&self.selector, self.args.first()) {
            (Some(selector), _) => self.selected(selector, session).await?,
            (None, Some(word)) => self.of(word, session).await?,
            (None, None) => Vec::new(),
        };
        let mut sources = Vec::new();
        for pod in &pods {
            let names = if self.all_containers {
                let all = pods::containers(pod);
                let (init, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, suffix)| *suffix == " (init)");
                init.into_iter().chain(others).map(|(name, _)| name).collect()
            } else {
                vec![self.container_of(pod, session)?]
            };
            let (namespace, name) = (text(&pod["metadata"]["namespace"]), text(&pod["metadata"]["name"]));
            let source = |container| Source { namespace: namespace.clone(), pod: name.clone(), container };
            sources.extend(names.into_iter().map(source));
        }
        Ok(sources)
    }

    /// A name that the pod does not have is the server's to refuse.
    fn container_of(&self, pod: &Value, session: &mut Session<'_>) -> Outcome<String> {
        match self.asked() {
            Some(asked) => Ok(asked.into()),
            None => pods::container(pod, None, session, self.selector.is_some()),
        }
    }

    async fn selected(&self, selector: &str, session: &mut Session<'_>) -> Outcome<Vec<Value>> {
        let namespace = session.namespace().await?;
        let path = format!("/api/v1/namespaces/{namespace}/pods");
        let mut found = session.list(Ask::get(path).with("labelSelector", selector)).await?;
        let pods = found["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
        if pods.is_empty() {
            session.note(format!("No resources found in {namespace} namespace."))?;
        }
        Ok(pods)
    }

    async fn of(&self, word: &str, session: &mut Session<'_>) -> Outcome<Vec<Value>> {
        let namespace = session.namespace().await?;
        let info = pods::object(word, session).await.map_err(|failure| match failure.is_not_found() {
            true => Failure::error(format!(
                "error from server (NotFound): {} in namespace {namespace:?}",
                failure.message()
            )),
            false => failure,
        })?;
        let mut pods = pods::of(&info, session).await?;
        if self.all_pods {
            return Ok(pods);
        }
        if pods.len() > 1 {
            let first = text(&pods[0]["metadata"]["name"]);
            session.note(format!("Found {} pods, using pod/{first}", pods.len()))?;
        }
        pods.truncate(1);
        Ok(pods)
    }

    fn ask(&self, source: &Source) -> Ask {
        let tail = if self.tail < 0 && self.selector.is_some() { 10 } else { self.tail };
        let path = format!("/api/v1/namespaces/{}/pods/{}/log", source.namespace, source.pod);
        let said = |flag: bool| flag.then_some("true");
        Ask::get(path)
            .accept("*/*")
            .maybe("container", Some(source.container.clone()))
            .maybe("follow", said(self.follow))
            .maybe("previous", said(self.previous))
            .maybe("timestamps", said(self.timestamps))
            .maybe("tailLines", (tail >= 0).then(|| tail.to_string()))
            .maybe("sinceSeconds", self.since.map(|since| since.as_secs_f64().ceil().to_string()))
            .maybe("sinceTime", self.since_time.clone())
            .maybe("limitBytes", self.limit_bytes.map(|limit| limit.to_string()))
    }

    fn before(&self, source: &Source) -> String {
        if self.prefix { format!("[pod/{}/{}] ", source.pod, source.container) } else { String::new() }
    }

    async fn one(&self, source: &Source, session: &mut Session<'_>) -> Outcome {
        let response = session.open(self.ask(source)).await?;
        let before = self.before(source);
        if !before.is_empty() {
            let mut lines = std::pin::pin!(rest::lines(response));
            while let Some(line) = lines.next().await {
                session.print([before.as_bytes(), &line?, b"\n"].concat())?;
            }
            return Ok(());
        }
        let mut pieces = response.into_body().into_data_stream();
        while let Some(piece) = pieces.next().await {
            session.print(piece.map_err(rest::unreachable)?)?;
        }
        Ok(())
    }

    /// Several at once, line by line as they come.
    async fn together(&self, sources: Vec<Source>, session: &mut Session<'_>) -> Outcome {
        let mut all: Vec<BoxStream<'static, Outcome<Vec<u8>>>> = Vec::new();
        for source in &sources {
            let before = self.before(source);
            let lines = rest::lines(session.open(self.ask(source)).await?);
            all.push(lines.map(move |line| Ok([before.as_bytes(), &line?, b"\n"].concat())).boxed());
        }
        let mut lines = select_all(all);
        while let Some(line) = lines.next().await {
            session.print(line?)?;
        }
        Ok(())
    }
}
