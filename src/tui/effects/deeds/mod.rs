//! Changes of the cluster, each with what would take it back. Must not decide: the views did.

mod drain;
mod rollout;
mod submit;

use http::{Request, header};
use serde_json::{Value, json};

use super::Shared;
use crate::tui::model::catalog::Target;
use crate::tui::model::failure::Failure;
use crate::tui::model::kubectl;
use crate::tui::model::undo::{Repair, Undo};
use crate::tui::model::world::{each, number, text};
use crate::tui::msg::{Deed, Msg, Outcome};
pub use submit::submit;

/// Who changed it, for managedFields.
const MANAGER: &str = "fieldManager=timonel";
/// Annotation of `kubectl rollout restart` (kubectl `pkg/polymorphichelpers/objectrestarter.go`).
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
/// Replaces what it names and leaves the rest (RFC 7386).
const MERGE: &str = "application/merge-patch+json";
/// The same, but lists are merged by their keys.
const STRATEGIC: &str = "application/strategic-merge-patch+json";

/// How a change went: what to say, and what takes it back.
type Went = Result<(String, Option<Undo>), Failure>;

/// A change on its way.
struct Change<'a> {
    shared: &'a Shared,
    target: &'a Target,
    command: &'a str,
}

/// Changes one object and says how it went.
pub async fn change(shared: Shared, command: String, target: Target, deed: Deed) {
    let change = Change { shared: &shared, target: &target, command: &command };
    let (result, undo) = match change.go(&deed).await {
        Ok((said, undo)) => (Ok(said), undo),
        Err(failure) => (Err(failure), None),
    };
    shared.send(Msg::Done(Outcome { command, result, undo })).await;
}

/// Takes a change back.
pub async fn undo(shared: Shared, undo: Undo) {
    let result = match &undo.repair {
        Repair::Patch { path, how, body } => patch(&shared, path, how, body).await.map(drop),
        Repair::Create { path, body } => post(&shared, path, body).await.map(drop),
        Repair::Delete { path } => delete(&shared, path).await,
    };
    let result = result.map(|()| format!("deshecho: {}", undo.what));
    shared.send(Msg::Done(Outcome { command: undo.command, result, undo: None })).await;
}

impl Change<'_> {
    async fn go(&self, deed: &Deed) -> Went {
        match deed {
            Deed::Delete => self.delete().await,
            Deed::Scale(replicas) => self.scale(*replicas).await,
            Deed::Restart => self.restart().await,
            Deed::Undo(revision) => rollout::undo(self, *revision).await,
            Deed::Pause(on) => self.toggle("paused", *on, ["en pausa", "sigue"], &Deed::Pause(!on)).await,
            Deed::Cordon(on) => {
                let words = ["no recibe más pods", "vuelve a recibir pods"];
                self.toggle("unschedulable", *on, words, &Deed::Cordon(!on)).await
            }
            Deed::Suspend(on) => self.toggle("suspend", *on, ["suspendido", "en marcha"], &Deed::Suspend(!on)).await,
            Deed::Switch(on) => self.toggle("enabled", *on, ["encendido", "apagado"], &Deed::Switch(!on)).await,
            Deed::Drain => drain::drain(self).await,
            Deed::Trigger => self.trigger().await,
            Deed::Image { container, image } => self.image(container, image).await,
            Deed::Label { key, value } => self.label(key, value.as_deref()).await,
        }
    }

    fn name(&self) -> String {
        self.target.short()
    }

    fn undo(&self, command: String, repair: Repair) -> Undo {
        Undo { what: self.command.to_string(), command, repair }
    }

    async fn now(&self) -> Result<Value, Failure> {
        self.shared.get(&self.target.path()).await
    }

    /// Deletes in the background, as kubectl does: what it owns goes with it.
    async fn delete(&self) -> Went {
        let before = self.now().await?;
        delete(self.shared, &self.target.path()).await?;
        let path = self.target.resource.path(self.target.namespace.as_deref());
        let undo = Undo::recreating(self.command, path, &before, &self.target.resource.kind);
        Ok((format!("{}: borrado pedido", self.name()), undo))
    }

    async fn scale(&self, replicas: i64) -> Went {
        let path = format!("{}/scale", self.target.path());
        let before = self.shared.get(&path).await.ok().and_then(|scale| number(&scale, "/spec/replicas"));
        let body = |replicas: i64| json!({"spec": {"replicas": replicas}});
        patch(self.shared, &path, MERGE, &body(replicas)).await?;
        let undo = before.map(|before| {
            let command = kubectl::deed(self.target, &Deed::Scale(before));
            self.undo(command, Repair::Patch { path, how: MERGE, body: body(before) })
        });
        let asked = if replicas == 1 { "1 réplica pedida".into() } else { format!("{replicas} réplicas pedidas") };
        Ok((format!("{}: {asked}", self.name()), undo))
    }

    async fn restart(&self) -> Went {
        let annotations = json!({RESTARTED_AT: self.shared.clock.now().to_string()});
        let body = json!({"spec": {"template": {"metadata": {"annotations": annotations}}}});
        patch(self.shared, &self.target.path(), STRATEGIC, &body).await?;
        Ok((format!("{}: sus pods se reinician poco a poco", self.name()), None))
    }

    /// A switch in the spec, with what is said once it is on and once it is off; what takes it back is the opposite.
    async fn toggle(&self, field: &str, on: bool, words: [&str; 2], opposite: &Deed) -> Went {
        let path = self.target.path();
        let before = self.now().await?;
        patch(self.shared, &path, MERGE, &json!({"spec": {field: on}})).await?;
        let back = json!({"spec": {field: before["spec"][field]}});
        let undo = self.undo(kubectl::deed(self.target, opposite), Repair::Patch { path, how: MERGE, body: back });
        Ok((format!("{}: {}", self.name(), words[usize::from(!on)]), Some(undo)))
    }

    /// A Job from the template of a `CronJob`, as `kubectl create job --from` makes it.
    async fn trigger(&self) -> Went {
        let cron = self.now().await?;
        let namespace = self.target.namespace.clone().unwrap_or_default();
        let name = format!("{}-manual-{}", self.target.name, self.shared.clock.now().as_second() % 100_000);
        let owner = json!([{"apiVersion": "batch/v1", "kind": "CronJob", "name": self.target.name, "uid": cron["metadata"]["uid"]}]);
        let template = &cron["spec"]["jobTemplate"];
        let job = json!({"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": name, "labels": template["metadata"]["labels"], "ownerReferences": owner,
                "annotations": {"cronjob.kubernetes.io/instantiate": "manual"}},
            "spec": template["spec"]});
        let path = format!("/apis/batch/v1/namespaces/{namespace}/jobs");
        post(self.shared, &path, &job).await?;
        let undo = self.undo(
            format!("kubectl delete job {name} -n {namespace}"),
            Repair::Delete { path: format!("{path}/{name}") },
        );
        Ok((format!("job/{name}: creado"), Some(undo)))
    }

    async fn image(&self, container: &str, image: &str) -> Went {
        let before = self.now().await?;
        let pointer =
            if self.target.resource.kind == "Pod" { "/spec/containers" } else { "/spec/template/spec/containers" };
        let old = each(&before, pointer).find(|it| it["name"] == container).map(|it| text(it, "/image").to_string());
        let body = |image: &str| {
            let spec = json!({"spec": {"containers": [{"name": container, "image": image}]}});
            if self.target.resource.kind == "Pod" { spec } else { json!({"spec": {"template": spec}}) }
        };
        let path = self.target.path();
        patch(self.shared, &path, STRATEGIC, &body(image)).await?;
        let undo = old.map(|old| {
            let deed = Deed::Image { container: container.into(), image: old.clone() };
            let body = body(&old);
            self.undo(kubectl::deed(self.target, &deed), Repair::Patch { path, how: STRATEGIC, body })
        });
        Ok((format!("{}: {container} usará {image}", self.name()), undo))
    }

    async fn label(&self, key: &str, value: Option<&str>) -> Went {
        let before = self.now().await?["metadata"]["labels"][key].as_str().map(String::from);
        let path = self.target.path();
        let body = |value: Option<&str>| json!({"metadata": {"labels": {key: value}}});
        patch(self.shared, &path, MERGE, &body(value)).await?;
        let back = body(before.as_deref());
        let deed = Deed::Label { key: key.into(), value: before };
        let undo = self.undo(kubectl::deed(self.target, &deed), Repair::Patch { path, how: MERGE, body: back });
        Ok((format!("{}: etiqueta cambiada", self.name()), Some(undo)))
    }
}

async fn delete(shared: &Shared, path: &str) -> Result<(), Failure> {
    let body = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"});
    let request = Request::delete(path).header(header::CONTENT_TYPE, "application/json");
    shared.json(request, bytes(&body)).await.map(drop)
}

async fn post(shared: &Shared, path: &str, body: &Value) -> Result<Value, Failure> {
    let request = Request::post(format!("{path}?{MANAGER}")).header(header::CONTENT_TYPE, "application/json");
    shared.json(request, bytes(body)).await
}

async fn patch(shared: &Shared, path: &str, how: &str, body: &Value) -> Result<Value, Failure> {
    let separator = if path.contains('?') { '&' } else { '?' };
    let request = Request::patch(format!("{path}{separator}{MANAGER}")).header(header::CONTENT_TYPE, how);
    shared.json(request, bytes(body)).await
}

fn bytes(body: &Value) -> Vec<u8> {
    body.to_string().into_bytes()
}
