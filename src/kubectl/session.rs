//! One run of a command: its streams, its cluster, its namespace. Must not know any command.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::clusters::{Clusters, Target};
use super::config::Config;
use super::discovery::{Discovery, Resource};
use super::failure::{Failure, Outcome};
use super::globals::Globals;
use super::io::Io;
use super::rest::{self, Answer, Ask};

/// A run of a command.
pub(crate) struct Session<'a> {
    pub io: &'a mut dyn Io,
    pub globals: Globals,
    /// The command as it was typed: `kubectl create deployment`.
    pub path: String,
    clusters: &'a dyn Clusters,
    config: Option<Config>,
    client: Option<kube::Client>,
    discovery: Option<Arc<Discovery>>,
    warned: BTreeSet<String>,
}

impl<'a> Session<'a> {
    pub fn new(io: &'a mut dyn Io, globals: Globals, path: String, clusters: &'a dyn Clusters) -> Self {
        Self { io, globals, path, clusters, config: None, client: None, discovery: None, warned: BTreeSet::new() }
    }

    /// Writes to standard output as it is.
    pub fn print(&mut self, text: impl AsRef<[u8]>) -> Outcome {
        Ok(self.io.out(text.as_ref())?)
    }

    /// Writes a line to standard output.
    pub fn line(&mut self, text: impl AsRef<str>) -> Outcome {
        Ok(self.io.out(format!("{}\n", text.as_ref()).as_bytes())?)
    }

    /// Writes a line to standard error.
    pub fn note(&mut self, text: impl AsRef<str>) -> Outcome {
        Ok(self.io.err(format!("{}\n", text.as_ref()).as_bytes())?)
    }

    /// Writes a warning to standard error, once.
    pub fn warn(&mut self, text: impl AsRef<str>) -> Outcome {
        let text = text.as_ref();
        if self.warned.insert(text.to_string()) { self.note(format!("Warning: {text}")) } else { Ok(()) }
    }

    /// A mistake in the arguments.
    pub fn usage(&self, text: impl AsRef<str>) -> Failure {
        Failure::usage(&self.path, text)
    }

    /// The kubeconfig that holds.
    pub fn config(&mut self) -> Outcome<&Config> {
        if self.config.is_none() {
            self.config = Some(Config::load(self.io, self.globals.kubeconfig.as_deref())?);
        }
        self.config.as_ref().ok_or(Failure::Exit(1))
    }

    /// The namespace that the flags name, else the context's, else the client's own.
    pub async fn namespace(&mut self) -> Outcome<String> {
        if let Some(namespace) = &self.globals.namespace {
            return Ok(namespace.clone());
        }
        let context = self.globals.context.clone();
        if let Some(namespace) = self.config()?.namespace(context.as_deref()) {
            return Ok(namespace);
        }
        Ok(self.client().await?.default_namespace().to_string())
    }

    /// The client of the cluster that the flags name.
    pub async fn client(&mut self) -> Outcome<kube::Client> {
        if self.client.is_none() {
            let config = self.config()?.clone();
            let client = self.clusters.client(&Target { config, globals: self.globals.clone() }).await?;
            self.client = Some(self.globals.impersonate(client));
        }
        self.client.clone().ok_or(Failure::Exit(1))
    }

    /// The address of the server, as far as a kubeconfig says it.
    pub fn server(&mut self) -> String {
        let context = self.globals.context.clone();
        let server = self.config().ok().and_then(|config| config.server(context.as_deref()));
        server.unwrap_or_else(|| "https://127.0.0.1".into())
    }

    /// Sends a request whose answer is read by the caller; warnings are printed.
    pub async fn open(&mut self, ask: Ask) -> Outcome<http::Response<kube::client::Body>> {
        let client = self.client().await?;
        let sent = rest::send(&client, ask);
        let Answer { response, warnings } = match self.globals.request_timeout {
            Some(limit) => tokio::time::timeout(limit, sent).await.map_err(|_| timed_out())??,
            None => sent.await.map_err(|failure| self.with_server(failure))?,
        };
        for warning in warnings {
            self.warn(warning)?;
        }
        response
    }

    /// Which server could not be reached.
    fn with_server(&mut self, failure: Failure) -> Failure {
        match failure {
            Failure::Worded(text) if text.starts_with(rest::REFUSED) => {
                let server = self.server();
                let host = server.split("//").last().unwrap_or_default();
                Failure::Worded(text.replacen("the server", &format!("the server {host}"), 1))
            }
            other => other,
        }
    }

    /// Sends a request and reads all of its answer.
    pub async fn bytes(&mut self, ask: Ask) -> Outcome<Bytes> {
        rest::whole(self.open(ask).await?).await
    }

    /// Sends a request with a JSON answer.
    pub async fn ask(&mut self, ask: Ask) -> Outcome<Value> {
        let bytes = self.bytes(ask).await?;
        serde_json::from_slice(&bytes).map_err(|error| Failure::error(error.to_string()))
    }

    /// A list, page by page put together.
    pub async fn list(&mut self, ask: Ask) -> Outcome<Value> {
        let mut whole = self.ask(ask.clone().with("limit", rest::PAGE)).await?;
        while let Some(next) = whole["metadata"]["continue"].as_str().filter(|next| !next.is_empty()) {
            let next = ask.clone().with("limit", rest::PAGE).with("continue", next);
            let mut page = self.ask(next).await?;
            for part in ["items", "rows"] {
                if let (Some(all), Some(more)) = (whole[part].as_array_mut(), page[part].as_array_mut()) {
                    all.append(more);
                }
            }
            whole["metadata"] = page["metadata"].take();
        }
        Ok(whole)
    }

    /// What the server serves, asked once.
    pub async fn discovery(&mut self) -> Outcome<Arc<Discovery>> {
        if self.discovery.is_none() {
            self.discovery = Some(Arc::new(Discovery::ask(self).await?));
        }
        self.discovery.clone().ok_or(Failure::Exit(1))
    }

    /// The resource that a word means.
    pub async fn resource(&mut self, word: &str) -> Outcome<Arc<Resource>> {
        self.discovery().await?.named(word)
    }
}

fn timed_out() -> Failure {
    Failure::Worded(
        "Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded while awaiting headers)"
            .into(),
    )
}
