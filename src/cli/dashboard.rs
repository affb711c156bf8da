//! `timonel`: the dashboard over its own cluster, the one that already runs in the data directory, or any other.
//! Must not draw.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use super::args::{DashboardArgs, StoreArg, TimingArg};
use super::settings;
use crate::base::pipe::Identity;
use crate::cluster::{Cluster, Home, Listen, Opened, Practice};
use crate::lessons::Catalogue;
use crate::lessons::check::{Clusters, Wish};
use crate::{client, tui};

/// How long a Timonel that has the data directory may take to start or to stop, and how often it is looked at.
const PATIENCE: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_millis(200);

pub async fn run(args: DashboardArgs, data_dir: PathBuf) -> anyhow::Result<ExitCode> {
    if args.context.is_some() || args.kubeconfig.is_some() {
        let client = client::remote(args.kubeconfig.as_deref(), args.context.as_deref()).await;
        let client = client.with_context(|| unreachable_cluster(&args))?;
        let name = args.context.clone().unwrap_or_else(|| "kubeconfig".into());
        return show(client, (name, args.kubeconfig.clone()), false, &args, &data_dir).await;
    }
    match settled(&data_dir).await? {
        Opened::Ours(home) => own(home, &args, &data_dir).await,
        Opened::Running { kubeconfig } => {
            let client = client::remote(Some(&kubeconfig), None).await?;
            show(client, ("local".into(), Some(kubeconfig)), false, &args, &data_dir).await
        }
    }
}

/// Who has the data directory, once whoever starts there has started and whoever stops has stopped.
async fn settled(data_dir: &Path) -> anyhow::Result<Opened> {
    let mut left = PATIENCE;
    loop {
        let opened = Home::open(data_dir)?;
        let Opened::Running { kubeconfig } = &opened else { return Ok(opened) };
        if left.is_zero() || answers(kubeconfig).await {
            return Ok(opened);
        }
        tokio::time::sleep(AGAIN).await;
        left = left.saturating_sub(AGAIN);
    }
}

/// Whether the server of a kubeconfig answers; its groups are told also while the API server is switched off.
async fn answers(kubeconfig: &Path) -> bool {
    match client::remote(Some(kubeconfig), None).await {
        Ok(client) => client.list_api_groups().await.is_ok(),
        Err(_) => false,
    }
}

async fn own(home: Home, args: &DashboardArgs, data_dir: &Path) -> anyhow::Result<ExitCode> {
    let mut options = settings::cluster(&args.cluster, timing(args), data_dir.into());
    options.listen = Some(Listen::Anywhere);
    let kubeconfig = home.kubeconfig();
    let cluster = Cluster::start(home, options).await?;
    let outcome =
        show(cluster.client(Identity::admin()), ("local".into(), Some(kubeconfig)), true, args, data_dir).await;
    cluster.stop().await;
    outcome
}

/// Shows a cluster, and in between the clusters that single lessons have for themselves.
async fn show(
    client: kube::Client,
    (context, kubeconfig): (String, Option<PathBuf>),
    ours: bool,
    args: &DashboardArgs,
    data_dir: &Path,
) -> anyhow::Result<ExitCode> {
    let lessons = match &args.lessons {
        Some(folder) => Some(Catalogue::from_dir(folder)?),
        None => None,
    };
    let options = |(client, context, kubeconfig): Place, view| tui::Options {
        client,
        second: None,
        context,
        kubeconfig,
        data_dir: Some(data_dir.to_path_buf()),
        view,
        config: args.config.clone().or_else(settings::config),
        no_color: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
        colours: std::env::var("COLORFGBG").ok(),
        read_only: args.read_only,
        lessons: lessons.clone(),
        fleeting: ours && args.cluster.store == StoreArg::Memory,
        practice: None,
        hints: !args.no_hints,
    };
    let mut view = first_view(args);
    let mut place: Place = (client, context, kubeconfig);
    loop {
        let usual = options(place.clone(), view.clone());
        let left = match own_lesson(&view, lessons.as_ref())? {
            None => tui::run(usual).await?,
            Some((id, wish)) => {
                practise(usual, id, Wish { timing: settings::timing(timing(args)), ..wish }, data_dir).await?
            }
        };
        match left {
            tui::Exit::Left => return Ok(ExitCode::SUCCESS),
            tui::Exit::Elsewhere(next) => match next.strip_prefix("contexto ") {
                Some(name) => (place, view) = elsewhere(place, name, args).await,
                None => view = next,
            },
        }
    }
}

/// A cluster, the name of its context and the kubeconfig that leads to it.
type Place = (kube::Client, String, Option<PathBuf>);

/// Another context of the same kubeconfig, and the bridge; where it leads nowhere one stays, at the list of contexts.
async fn elsewhere(here: Place, name: &str, args: &DashboardArgs) -> (Place, String) {
    let kubeconfig = here.2.clone().or_else(|| args.kubeconfig.clone());
    match client::remote(kubeconfig.as_deref(), Some(name)).await {
        Ok(client) => ((client, name.into(), kubeconfig), "puente".into()),
        Err(error) => {
            tracing::warn!("el contexto {name} no sirve: {error}");
            (here, "contextos".into())
        }
    }
}

/// The lesson that a view opens and the cluster that it wants, if it wants one of its own.
fn own_lesson(view: &str, lessons: Option<&Catalogue>) -> anyhow::Result<Option<(String, Wish)>> {
    let Some(id) = view.strip_prefix("leccion ") else { return Ok(None) };
    let lesson = match lessons {
        Some(given) => given.get(id).cloned(),
        None => Catalogue::embedded()?.get(id).cloned(),
    };
    let wish = lesson.as_ref().map(|lesson| &lesson.setup).and_then(|setup| {
        let (second, namespace) = (setup.second.clone(), setup.namespace.clone());
        Some(Wish { seed: setup.seed, own: setup.cluster.clone()?, second, namespace, ..Wish::default() })
    });
    Ok(wish.map(|wish| (id.into(), wish)))
}

/// Shows a cluster that lives as long as one lesson; a second one of the lesson lives as long and is not shown.
async fn practise(usual: tui::Options, id: String, wish: Wish, data_dir: &Path) -> anyhow::Result<tui::Exit> {
    let kubeconfig = data_dir.join("kubeconfig-leccion");
    let cluster = Practice::reachable(kubeconfig.clone()).fresh(&wish).await.map_err(anyhow::Error::msg)?;
    // Not the bare context: the terminal would take it for the one in use, and which one is used is the lesson's matter.
    let own = wish.second.as_ref().map(|second| format!(" · {}", second.own)).unwrap_or_default();
    let context = format!("lección {id}{own}");
    let (client, second) = (cluster.client(), cluster.second());
    let options =
        tui::Options { client, second, context, kubeconfig: Some(kubeconfig.clone()), practice: Some(id), ..usual };
    let left = tui::run(options).await;
    cluster.stop().await;
    // It leads nowhere any more. If somebody has taken it away already, so much the better.
    let _gone = tokio::fs::remove_file(kubeconfig).await;
    left
}

fn timing(args: &DashboardArgs) -> TimingArg {
    args.timing.unwrap_or(TimingArg::Clase)
}

/// What to open first, as the palette takes it.
fn first_view(args: &DashboardArgs) -> String {
    match (&args.edit, &args.lesson, &args.view) {
        (Some(file), ..) => format!("editar {}", file.display()),
        (None, Some(lesson), _) => format!("leccion {lesson}"),
        (None, None, Some(view)) => view.clone(),
        (None, None, None) => "puente".into(),
    }
}

fn unreachable_cluster(args: &DashboardArgs) -> String {
    let which = args.context.as_deref().map(|name| format!(" (contexto {name})")).unwrap_or_default();
    format!("no se puede usar ese kubeconfig{which}; mira los contextos con «kubectl config get-contexts»")
}
