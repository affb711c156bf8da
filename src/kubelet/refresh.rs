//! Keeps the files of a running pod's volumes as their sources are now: ConfigMaps, Secrets, fields of the pod, tokens.
//! Must not touch volumes that are not made of files.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Volume as Declared;

use super::context::Context;
use super::pod::backoff::signed;
use super::pod::spec;
use super::runtime::{Files, Volume, VolumeSource};
use super::sources::Sources;
use super::volumes;
use crate::client::api_access;
use crate::client::pod::Pod;

/// How often a pod is looked at (kubelet `syncFrequency`).
const PERIOD: Duration = Duration::from_secs(60);
/// Part of a token's life after which it is renewed (kubelet `token_manager.go`), in hundredths.
const RENEWED: i64 = 80;

/// What a pod's volumes of files hold, and when to look again.
#[derive(Debug, Default)]
pub(crate) struct Refresh {
    /// Each volume by its name.
    shown: Vec<(String, Files)>,
    token: Option<(Timestamp, Bytes)>,
    /// When to look again; never for a pod without volumes of files.
    due: Option<Timestamp>,
}

impl Refresh {
    /// What a new sandbox was made with.
    pub(crate) fn made(context: &Context, pod: &Pod, volumes: &[Volume], sources: &Sources) -> Self {
        let now = context.clock.now();
        let mut refresh = Self { token: sources.token.clone().map(|token| (now, token)), ..Self::default() };
        refresh.shown = volumes.iter().filter_map(files).collect();
        refresh.due = refresh.next(context, pod, now);
        refresh
    }

    /// For a sandbox that an earlier kubelet made: what its volumes hold is written anew.
    pub(crate) fn adopted(context: &Context, pod: &Pod) -> Self {
        let due = has_files(pod).then(|| context.clock.now());
        Self { due, ..Self::default() }
    }

    /// When to look again.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// The pod is another now: its fields may be in files, but for the volume that all have.
    pub(crate) fn hasten(&mut self, pod: &Pod, now: Timestamp) {
        self.due = self.due.map(|due| if only_automatic(pod) { due } else { now });
    }

    /// Writes what is another now; an error is the message of `FailedMount`.
    pub(crate) async fn run(&mut self, context: &Context, pod: &Pod) -> Result<(), String> {
        let now = context.clock.now();
        let only = with_files(pod);
        let mut wanted = volumes::wanted(&only);
        let life = wanted.token;
        let kept = self.token.take().filter(|(at, _)| life.is_some_and(|life| *at + renewal(life) > now));
        wanted.token = wanted.token.filter(|_| kept.is_none());
        self.due = self.next(context, pod, now);
        let read = context.reader.read(pod, &wanted).await;
        let mut sources = read.map_err(|error| {
            self.token.clone_from(&kept);
            error.to_string()
        })?;
        self.token = kept.or_else(|| sources.token.clone().map(|token| (now, token)));
        sources.token = self.token.as_ref().map(|(_, token)| token.clone());
        let facts = volumes::Facts {
            pod: &only,
            host_ip: context.host.ip,
            sources: &sources,
            node: &context.allocatable,
            disk: &context.disk,
        };
        let uid = spec::id(pod).uid;
        for (name, files) in volumes::resolve(&facts)?.iter().filter_map(files) {
            if !self.shown.iter().any(|(known, shown)| *known == name && *shown == files) {
                let written = context.runtime.update_volume(&uid, &name, files.clone()).await;
                written.map_err(|error| error.to_string())?;
                self.shown.retain(|(known, _)| *known != name);
                self.shown.push((name, files));
            }
        }
        Ok(())
    }

    fn next(&self, context: &Context, pod: &Pod, now: Timestamp) -> Option<Timestamp> {
        let period = now + signed(context.clock.timing.scale(PERIOD));
        let life = volumes::wanted(pod).token.unwrap_or(3600);
        let renewed = self.token.as_ref().map_or(now, |(at, _)| *at) + renewal(life);
        match (has_files(pod), only_automatic(pod)) {
            (false, _) => None,
            (true, true) => Some(renewed.max(period)),
            (true, false) => Some(period),
        }
    }
}

fn renewal(life: i64) -> jiff::SignedDuration {
    jiff::SignedDuration::from_secs(life * RENEWED / 100)
}

fn files(volume: &Volume) -> Option<(String, Files)> {
    match &volume.source {
        VolumeSource::Files(files) => Some((volume.name.clone(), files.clone())),
        _ => None,
    }
}

fn made_of_files(volume: &Declared) -> bool {
    volume.config_map.is_some()
        || volume.secret.is_some()
        || volume.downward_api.is_some()
        || volume.projected.is_some()
}

fn has_files(pod: &Pod) -> bool {
    api_access::volumes(spec::spec(pod)).any(|volume| made_of_files(&volume))
}

/// The pod with only its volumes of files: nothing else of it is asked for again.
fn with_files(pod: &Pod) -> Pod {
    let mut only = pod.clone();
    // Most have no other volumes: those go on sharing their spec.
    let has_others = spec::spec(pod).volumes.iter().flatten().any(|volume| !made_of_files(volume));
    if let Some(volumes) = only.spec.as_mut().filter(|_| has_others).and_then(|spec| spec.volumes.as_mut()) {
        volumes.retain(made_of_files);
    }
    only
}

/// Whether it has only the volume that admission gives every pod, of which nothing but the token changes.
fn only_automatic(pod: &Pod) -> bool {
    let mut volumes = api_access::volumes(spec::spec(pod)).filter(|volume| made_of_files(volume));
    volumes.all(|volume| volume.name.starts_with(api_access::VOLUME))
}
