//! Does through the API what a learner does: a key's stroke in the dashboard, a script's action in the check.
//! Must not reach around the API, and knows nothing of sessions.

use http::Request;
use http::header::CONTENT_TYPE;
use kube::api::AttachParams;
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use super::apply::{self, ApplyError};
use super::fill;
use super::format::{Action, Lesson, Target};
use super::traffic::Rates;
use crate::client::pod::Pod;
use crate::kinds::{self, Kind};

/// Who does it, where.
#[derive(Clone, Copy)]
pub struct Hands<'a> {
    /// An administrator's client.
    pub client: &'a Client,
    /// The lesson: its namespace and its files.
    pub lesson: &'a Lesson,
    /// How many requests are sent.
    pub rates: &'a Rates,
}

/// How the server took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// Everything was as wanted already.
    Same,
    /// A manifest was refused: the `reason` of the server's Status, and the text.
    Refused {
        /// Empty when it was never sent.
        reason: String,
        /// As it came.
        text: String,
    },
}

impl Hands<'_> {
    /// Does an action on the cluster.
    ///
    /// # Errors
    /// Why it could not be done, in words; also when the action is not one on the cluster.
    pub async fn perform(&self, action: &Action) -> Result<Outcome, String> {
        match action {
            Action::Apply(file) => return self.apply(file).await,
            Action::Delete(target) => self.delete(target, 1).await?,
            Action::DeleteAll(target) => self.delete(target, usize::MAX).await?,
            Action::Scale { deployment, replicas } => {
                return self.patch("Deployment", deployment, None, &json!({"spec": {"replicas": replicas}})).await;
            }
            Action::Patch { object, with } => {
                let (kind, name) = object.split_once('/').ok_or_else(|| format!("«{object}» no es Kind/nombre"))?;
                return self.patch(kind, name, None, with).await;
            }
            Action::Label { on, most, set } => {
                self.label(on, most.unwrap_or(usize::MAX), &json!({"metadata": {"labels": set}})).await?;
            }
            Action::Switch { component, on } => {
                return self.patch("Component", component, None, &json!({"spec": {"enabled": on}})).await;
            }
            Action::Exec { pod, command } => self.exec(pod, command).await?,
            Action::Rate { to, rate } => self.rates.set(to, *rate)?,
            other => return Err(format!("no es una acción sobre el clúster: {other:?}")),
        }
        Ok(Outcome::Done)
    }

    async fn apply(&self, file: &str) -> Result<Outcome, String> {
        let text = self.lesson.files.get(file);
        let text = text.ok_or_else(|| format!("la carpeta de la lección no tiene {file}"))?;
        match apply::apply(self.client, &self.lesson.setup.namespace, text).await {
            Ok(true) => Ok(Outcome::Done),
            Ok(false) => Ok(Outcome::Same),
            Err(ApplyError::Refused { reason, text }) => Ok(Outcome::Refused { reason, text }),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn delete(&self, target: &Target, most: usize) -> Result<(), String> {
        let kind = known(&target.of)?;
        let found = self.found(kind, target).await?;
        if found.is_empty() {
            return Err(nothing(target));
        }
        for name in named(&found).into_iter().take(most) {
            let path = self.path(kind, target.namespace.as_deref(), &name);
            self.send("DELETE", &path, Vec::new()).await?;
        }
        Ok(())
    }

    async fn label(&self, target: &Target, most: usize, patch: &Value) -> Result<(), String> {
        let kind = known(&target.of)?;
        for name in self.names(kind, target).await?.into_iter().take(most) {
            self.patch(&target.of, &name, target.namespace.as_deref(), patch).await?;
        }
        Ok(())
    }

    /// A text with its gaps filled from the cluster as it is now.
    ///
    /// # Errors
    /// That a gap is not one, or that nothing fills it.
    pub async fn fill(&self, text: &str) -> Result<String, String> {
        let mut text = text.to_owned();
        while let Some((before, gap, behind)) = fill::first(&text)? {
            let matching = self.matching(known(&gap.of.of)?, &gap.of).await?;
            let found = gap.path.of(&matching[0]).ok_or_else(|| format!("no hay nada en {gap:?}"))?;
            let found = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
            text = format!("{before}{found}{behind}");
        }
        Ok(text)
    }

    async fn exec(&self, target: &Target, command: &str) -> Result<(), String> {
        let command = self.fill(command).await?;
        let names = self.names(known("Pod")?, target).await?;
        let namespace = target.namespace.as_deref().unwrap_or(&self.lesson.setup.namespace);
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let asked = AttachParams::default().stdout(true).stderr(true);
        let running = pods.exec(&names[0], ["sh", "-c", &command], &asked).await;
        let mut running = running.map_err(|error| error.to_string())?;
        let status = running.take_status().ok_or("exec sin estado")?;
        let mut told = String::new();
        if let Some(mut errors) = running.stderr() {
            errors.read_to_string(&mut told).await.map_err(|error| error.to_string())?;
        }
        let status = status.await.unwrap_or_default();
        if status.status.as_deref() == Some("Success") {
            return Ok(());
        }
        // What the program said is clearer than its exit code.
        let said = told.lines().next().map(str::to_owned).or(status.message).unwrap_or_default();
        Err(format!("«{command}» falla: {said}"))
    }

    /// The names of those that match and stay, in order; none is an error.
    async fn names(&self, kind: &Kind, target: &Target) -> Result<Vec<String>, String> {
        Ok(named(&self.matching(kind, target).await?))
    }

    /// Those that match and stay, by name; none is an error.
    async fn matching(&self, kind: &Kind, target: &Target) -> Result<Vec<Value>, String> {
        let found = self.found(kind, target).await?;
        if found.is_empty() { Err(missing(target)) } else { Ok(found) }
    }

    /// Those that match and stay, by name; there may be none.
    async fn found(&self, kind: &Kind, target: &Target) -> Result<Vec<Value>, String> {
        let labels: Vec<_> = target.labels.iter().map(|(name, value)| format!("{name}%3D{value}")).collect();
        let path = self.path(kind, target.namespace.as_deref(), "");
        let mut list = self.send("GET", &format!("{path}?labelSelector={}", labels.join("%2C")), Vec::new()).await?;
        let mut items = list["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
        items.retain(|item| {
            let metadata = &item["metadata"];
            metadata.get("deletionTimestamp").is_none()
                && target.name.as_ref().is_none_or(|wanted| metadata["name"] == wanted.as_str())
        });
        items.sort_by(|one, other| one["metadata"]["name"].as_str().cmp(&other["metadata"]["name"].as_str()));
        Ok(items)
    }

    async fn patch(&self, kind: &str, name: &str, namespace: Option<&str>, with: &Value) -> Result<Outcome, String> {
        let path = self.path(known(kind)?, namespace, name);
        let body = self.fill(&with.to_string()).await?;
        let before = self.send("GET", &path, Vec::new()).await?;
        let after = self.send("PATCH", &path, body.into_bytes()).await?;
        Ok(if apply::same_version(&before, &after) { Outcome::Same } else { Outcome::Done })
    }

    fn path(&self, kind: &Kind, namespace: Option<&str>, name: &str) -> String {
        let path = kind.path(namespace.unwrap_or(&self.lesson.setup.namespace));
        if name.is_empty() { path } else { format!("{path}/{name}") }
    }

    async fn send(&self, method: &str, path: &str, body: Vec<u8>) -> Result<Value, String> {
        let request = Request::builder().method(method).uri(path).header(CONTENT_TYPE, "application/merge-patch+json");
        let request = request.body(body).map_err(|error| error.to_string())?;
        self.client.request::<Value>(request).await.map_err(|error| match error {
            kube::Error::Api(status) if status.code == 404 => absent(path),
            error => format!("{method} {path}: {error}"),
        })
    }
}

fn named(objects: &[Value]) -> Vec<String> {
    objects.iter().filter_map(|object| object["metadata"]["name"].as_str()).map(str::to_owned).collect()
}

/// That an object is not there, as a learner reads it.
fn absent(path: &str) -> String {
    let mut parts = path.rsplit('/');
    let (name, plural) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("ahora no existe {name} ({plural})")
}

/// That nothing matches, as a learner reads it.
fn missing(target: &Target) -> String {
    format!("no hay ningún {}: créalo antes", told(target))
}

/// That there is nothing to delete, as a learner reads it.
fn nothing(target: &Target) -> String {
    format!("no hay nada que borrar: ahora no existe ningún {}", told(target))
}

/// `Pod con la etiqueta app=web`.
fn told(target: &Target) -> String {
    let named = target.name.iter().map(|name| format!(" que se llame {name}"));
    let labelled = target.labels.iter().map(|(key, value)| format!(" con la etiqueta {key}={value}"));
    format!("{}{}", target.of, named.chain(labelled).collect::<String>())
}

/// A kind by its name.
pub(super) fn known(kind: &str) -> Result<&'static Kind, String> {
    kinds::ALL.iter().copied().find(|known| known.kind == kind).ok_or_else(|| format!("no conozco el kind {kind}"))
}
