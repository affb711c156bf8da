//! A lesson set up and followed, and the learner's progress on disk. Must not decide: the session does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::FutureExt;
use tempfile::TempDir;

use super::Shared;
use crate::base::tasks::Tasks;
use crate::lessons::deeds::{self, Hands};
use crate::lessons::format::{Action, Key};
use crate::lessons::progress::{Progress, ProgressError};
use crate::lessons::record::Record;
use crate::lessons::traffic::Rates;
use crate::lessons::{Lesson, Session, clear, shell};
use crate::tui::model::failure::Failure;
use crate::tui::model::lesson::News;
use crate::tui::msg::{Msg, Outcome, Reply, Ticket};

/// Moments put together in one message at most.
const BATCH: usize = 256;

/// A lesson, and where its manifests lie for commands with `-f`.
pub struct Underway {
    lesson: Arc<Lesson>,
    folder: Option<TempDir>,
}

impl Underway {
    /// Where its manifests lie.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_ref().map(TempDir::path)
    }
}

/// Sets a lesson up and tells what happens in it until it is stopped.
pub async fn play(shared: Shared, ticket: Ticket, lesson: Arc<Lesson>, tasks: Tasks) {
    // The one before is taken away first: its end would be ours.
    let _sender_lives = shared.leaving.subscribe().wait_for(|leaving| *leaving == 0).await.is_ok();
    let rates = Rates::of(&lesson.setup.traffic);
    *shared.rates.lock().await = rates.clone();
    let folder = laid_out(&lesson).inspect_err(|error| tracing::warn!(%error, "no files")).ok();
    *shared.lesson.lock().await = Some(Underway { lesson: Arc::clone(&lesson), folder });
    let clients = shell::Clients { own: &shared.client, second: shared.second.as_ref() };
    let mut running = match shell::start(clients, &lesson, &rates, shared.clock, &tasks).await {
        Ok(running) => running,
        Err(error) => return shared.reply(ticket, Reply::Lesson(News::Failed(error.to_string()))).await,
    };
    shared.reply(ticket, Reply::Lesson(News::Started)).await;
    while let Some(first) = running.next().await {
        let mut moments = vec![first];
        while let Some(Some(moment)) = running.next().now_or_never()
            && moments.len() < BATCH
        {
            moments.push(moment);
        }
        shared.reply(ticket, Reply::Lesson(News::Moments(moments))).await;
    }
    shared.reply(ticket, Reply::Lesson(News::Ended)).await;
}

/// A folder with the manifests that the lesson speaks of, so that `kubectl apply -f` finds them in the terminal; those
/// that only solve it stay out of sight.
fn laid_out(lesson: &Lesson) -> std::io::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("timonel-leccion-").tempdir()?;
    let shown = |name: &str| !name.contains(['/', '\\']) && lesson.speaks_of(name);
    for (name, text) in lesson.files.iter().filter(|(name, _)| shown(name)) {
        std::fs::write(folder.path().join(name), text)?;
    }
    Ok(folder)
}

/// Does what a key of a lesson does, and says how it went.
pub async fn stroke(shared: Shared, ticket: Ticket, lesson: Arc<Lesson>, key: Key) {
    let rates = shared.rates.lock().await.clone();
    let hands = Hands { client: &shared.client, lesson: &lesson, rates: &rates };
    let (mut result, mut told) = (Ok(format!("ya estaba así, y nada cambió: {}", key.text)), Vec::new());
    for action in &key.play {
        match hands.perform(action).await {
            Ok(deeds::Outcome::Same) => {}
            Ok(deeds::Outcome::Done) => result = result.map(|_| format!("hecho: {}", key.text)),
            Ok(deeds::Outcome::Refused { reason, text }) => {
                result = Err(Failure { reason: reason.clone(), ..Failure::broken(&text) });
                told.push(News::Refused { reason, text });
            }
            Err(why) => {
                result = Err(Failure::broken(why));
                shared.reply(ticket, Reply::Lesson(News::Tried)).await;
                break;
            }
        }
    }
    let command = key.command.unwrap_or_default();
    shared.send(Msg::Done(Outcome { command, result, undo: None })).await;
    // What the lesson says of it is the last word.
    for news in told {
        shared.reply(ticket, Reply::Lesson(news)).await;
    }
}

/// Does what happens by itself in a step. The cluster is the lesson's own: what cannot happen any more does not matter.
pub async fn happen(shared: Shared, lesson: Arc<Lesson>, step: usize) {
    let rates = shared.rates.lock().await.clone();
    let hands = Hands { client: &shared.client, lesson: &lesson, rates: &rates };
    for action in lesson.steps.get(step).map(|step| &*step.happens).unwrap_or_default() {
        match action {
            Action::Wait(duration) => tokio::time::sleep(*duration).await,
            action => {
                if let Err(why) = hands.perform(action).await {
                    tracing::warn!(lesson = lesson.id, why, "what was to happen did not");
                }
            }
        }
    }
}

/// Ends the lesson under way in a cluster that goes on.
pub async fn finish(shared: Shared) {
    let left = shared.lesson.lock().await.take();
    if let Some(Underway { lesson, .. }) = left {
        clear(&shared, &lesson).await;
    }
}

/// Ends a lesson in a cluster that goes on. By now another one may be under way, which waits for this end; whoever lets
/// this run has counted it in [`Shared::leaving`].
pub async fn leave(shared: Shared, lesson: Arc<Lesson>) {
    shared.lesson.lock().await.take_if(|underway| Arc::ptr_eq(&underway.lesson, &lesson));
    clear(&shared, &lesson).await;
    shared.leaving.send_modify(|leaving| *leaving -= 1);
}

/// Whoever leaves a lesson must find neither parts off nor its pods.
async fn clear(shared: &Shared, lesson: &Lesson) {
    if let Err(error) = clear::leave(&shared.client, lesson).await {
        tracing::warn!(%error, "the lesson was not cleared away");
    }
}

/// Reads what the learner has done.
pub async fn read(shared: Shared, ticket: Ticket, data_dir: PathBuf) {
    let progress = {
        let _alone = shared.progress.lock().await;
        Tasks::blocking(move || Progress::load(&data_dir)).await
    };
    answer(&shared, ticket, progress).await;
}

/// Adds how far a session is to what the learner has done. A file that cannot be read is left alone.
pub async fn keep(shared: Shared, ticket: Ticket, data_dir: PathBuf, session: Box<Session>) {
    let now = shared.clock.now();
    let kept = {
        let _alone = shared.progress.lock().await;
        Tasks::blocking(move || {
            let mut progress = Progress::load(&data_dir)?;
            if session.finished() {
                let record = Record::of(&session, now).save(&data_dir);
                record.map_err(|source| ProgressError::Io { path: data_dir.clone(), source })?;
            }
            progress.record(&session, now);
            progress.save(&data_dir).map(|()| progress)
        })
        .await
    };
    answer(&shared, ticket, kept).await;
}

/// Puts a file that cannot be used aside.
pub async fn set_aside(shared: Shared, ticket: Ticket, data_dir: PathBuf) {
    let now = shared.clock.now();
    let aside = {
        let _alone = shared.progress.lock().await;
        Tasks::blocking(move || Progress::set_aside(&data_dir, now)).await
    };
    shared.reply(ticket, Reply::SetAside(aside.map_err(|error| error.to_string()))).await;
}

async fn answer(shared: &Shared, ticket: Ticket, progress: Result<Progress, ProgressError>) {
    let progress = progress.map(Box::new).map_err(|error| error.to_string());
    shared.reply(ticket, Reply::Progress(progress)).await;
}

#[cfg(test)]
mod tests {
    use http::{Request, Response};
    use kube::Client;
    use kube::client::Body;

    use super::*;
    use crate::base::clock::{Clock, Timing};
    use crate::tui::effects::Runner;
    use crate::tui::model::lesson::catalogue;
    use crate::tui::msg::Effect;

    /// A cluster that has whatever one asks for, and the requests that reach it.
    fn anything() -> (Client, tokio::sync::mpsc::UnboundedReceiver<String>) {
        let (asked, paths) = tokio::sync::mpsc::unbounded_channel();
        let service = tower::service_fn(move |request: Request<Body>| {
            let _nobody = asked.send(format!("{} {}", request.method(), request.uri().path()));
            let found = serde_json::json!({ "metadata": { "name": "leccion-1-3" }, "items": [] });
            std::future::ready(Ok::<_, std::convert::Infallible>(Response::new(Body::from(
                found.to_string().into_bytes(),
            ))))
        });
        (Client::new(service, "default"), paths)
    }

    fn lesson(id: &str) -> Arc<Lesson> {
        Arc::clone(catalogue().unwrap().get(id).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_lesson_that_is_left_with_the_program_is_cleared_away() {
        let (client, mut paths) = anything();
        let (runner, _inbox) = Runner::start(client, None, Clock::new(Timing::Real), Tasks::new());
        *runner.shared.lesson.lock().await = Some(Underway { lesson: lesson("1.3"), folder: None });
        runner.finish().await;
        assert!(runner.shared.lesson.lock().await.is_none());
        let mut told = Vec::new();
        while let Ok(path) = paths.try_recv() {
            told.push(path);
        }
        assert!(told.contains(&"DELETE /api/v1/namespaces/leccion-1-3".to_owned()), "{told:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_lesson_waits_for_the_end_of_the_one_before_and_is_not_ended_with_it() {
        let (client, mut paths) = anything();
        let (mut runner, _inbox) = Runner::start(client, None, Clock::new(Timing::Real), Tasks::new());
        let (before, next) = (lesson("1.3"), lesson("1.4"));
        *runner.shared.lesson.lock().await = Some(Underway { lesson: Arc::clone(&next), folder: None });
        runner.run(Effect::LeaveLesson(before));
        runner.run(Effect::Lesson(Ticket(7), next));
        runner.shared.leaving.subscribe().wait_for(|leaving| *leaving == 0).await.unwrap();
        assert!(runner.shared.lesson.lock().await.is_some());
        let mut told = Vec::new();
        while let Ok(path) = paths.try_recv() {
            told.push(path);
        }
        let first = |what: &str| told.iter().position(|path| path.contains(what));
        let (ended, begun) = (first("DELETE /api/v1/namespaces/leccion-1-3"), first("leccion-1-4"));
        assert!(ended.is_some() && begun.is_none_or(|begun| ended < Some(begun)), "{told:?}");
    }
}
