//! Which cluster the flags mean. Must not build clients by itself: the `client` room does.

use async_trait::async_trait;
use kube::config::KubeConfigOptions;

use super::config::Config;
use super::failure::Failure;
use super::globals::Globals;
use crate::client;

/// The kubeconfig and the flags of a command.
#[derive(Debug)]
pub struct Target {
    pub(crate) config: Config,
    pub(crate) globals: Globals,
}

/// Where a kubeconfig leads, and as whom.
#[derive(Debug)]
pub struct Reached {
    /// The server's address.
    pub server: String,
    /// What the kubeconfig holds of the user.
    pub user: serde_json::Value,
}

impl Target {
    /// The server and the user that the flags, or the current context, name.
    ///
    /// # Errors
    /// In kubectl's words, when there is no such context.
    pub fn reached(&self) -> Result<Reached, Unusable> {
        let name = self.globals.context.clone().unwrap_or_else(|| self.config.current_context());
        if self.globals.context.is_some() && !self.config.has_context(&name) {
            return Err(no_context(&name));
        }
        let context = self.config.entry("contexts", &name).unwrap_or_default();
        let named = |flag: &Option<String>, field: &str| {
            flag.clone().or_else(|| context[field].as_str().map(str::to_owned)).unwrap_or_default()
        };
        let cluster = self.config.entry("clusters", &named(&self.globals.cluster, "cluster")).unwrap_or_default();
        let user = self.config.entry("users", &named(&self.globals.user, "user")).unwrap_or_default();
        // Without a kubeconfig, kubectl asks there.
        let server = cluster["server"].as_str().unwrap_or("http://localhost:8080").to_owned();
        Ok(Reached { server, user })
    }
}

/// Clusters by what a command's flags say. A client alone stands for one cluster, whatever they say.
#[async_trait]
pub trait Clusters: Send + Sync {
    /// The client of the cluster.
    ///
    /// # Errors
    /// In kubectl's words, when the kubeconfig does not lead to one.
    async fn client(&self, target: &Target) -> Result<kube::Client, Unusable>;
}

/// Why there is no client; printed as it is.
#[derive(Debug)]
pub struct Unusable(pub String);

impl From<Unusable> for Failure {
    fn from(error: Unusable) -> Self {
        Self::Worded(error.0)
    }
}

#[async_trait]
impl Clusters for kube::Client {
    async fn client(&self, target: &Target) -> Result<kube::Client, Unusable> {
        match target.globals.context.as_deref() {
            Some(name) if !target.config.has_context(name) => Err(no_context(name)),
            _ => Ok(self.clone()),
        }
    }
}

/// The clusters that the kubeconfig names.
#[derive(Debug)]
pub struct Configured {
    /// What to say when there is no kubeconfig at all, in Spanish.
    pub missing: String,
}

#[async_trait]
impl Clusters for Configured {
    async fn client(&self, target: &Target) -> Result<kube::Client, Unusable> {
        let Target { config, globals } = target;
        if config.is_empty() {
            return Err(Unusable(self.missing.clone()));
        }
        if let Some(name) = globals.context.as_deref().filter(|name| !config.has_context(name)) {
            return Err(no_context(name));
        }
        let options = KubeConfigOptions {
            context: globals.context.clone(),
            cluster: globals.cluster.clone(),
            user: globals.user.clone(),
        };
        let built = client::of_kubeconfig(config.typed().map_err(Unusable)?, &options).await;
        built.map_err(|error| Unusable(format!("error: {error}")))
    }
}

fn no_context(name: &str) -> Unusable {
    Unusable(format!("Error in configuration: context was not found for specified context: {name}"))
}
