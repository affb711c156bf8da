//! The only place that spawns. Every background task belongs to a group that is told to stop and then awaited.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A group of background tasks with one stop signal. Clones share the group.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    token: CancellationToken,
    alarm: Alarm,
}

/// Who hears of a panic in a group, with its words.
#[derive(Clone, Default)]
struct Alarm(Option<Arc<dyn Fn(String) + Send + Sync>>);

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Alarm" } else { "-" })
    }
}

impl Tasks {
    /// A group of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A group inside this one: stopping the parent stops it, stopping it leaves the parent running.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { tracker: TaskTracker::new(), token: self.token.child_token(), alarm: self.alarm.clone() }
    }

    /// As [`Tasks::child`]; a panic in one of its tasks, or in those of its children, is told to the alarm.
    #[must_use]
    pub fn alarmed(&self, alarm: impl Fn(String) + Send + Sync + 'static) -> Self {
        Self { alarm: Alarm(Some(Arc::new(alarm))), ..self.child() }
    }

    /// Runs a task until it ends or the group stops; at a stop the future is dropped at its next await.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let token = self.token.clone();
        // Boxed: each wrapper would keep a place for a task before and after it begins, and there are tens of thousands.
        let task = Box::pin(task);
        let stoppable = async move {
            tokio::select! {
                biased;
                () = token.cancelled() => {}
                () = task => {}
            }
        };
        let Alarm(Some(alarm)) = self.alarm.clone() else { return self.tracker.spawn(stoppable) };
        self.tracker.spawn(async move {
            // What the task leaves behind is given up with its group: the alarm's owner stops it.
            if let Err(panic) = AssertUnwindSafe(stoppable).catch_unwind().await {
                alarm(words(&*panic));
            }
        })
    }

    /// Runs blocking work (disk, compression) off the async threads.
    ///
    /// # Panics
    /// If the work panics, as the panic is passed on.
    pub async fn blocking<T, F>(work: F) -> T
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        #[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
        match tokio::task::spawn_blocking(work).await {
            Ok(value) => value,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Runs work that never yields on a thread of its own, which ends with the process.
    pub fn thread(work: impl FnOnce() + Send + 'static) -> std::thread::JoinHandle<()> {
        #[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
        std::thread::spawn(work)
    }

    /// The stop signal, for a task that must tidy up by itself.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Tells every task to stop, without waiting.
    pub fn cancel(&self) {
        self.token.cancel();
    }

    /// Tells every task to stop and waits for the last one.
    pub async fn stop(&self) {
        self.token.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("panic").to_owned()
}

/// Does blocking jobs on so many threads; the answers come in the order of the jobs.
///
/// # Panics
/// If a job panics, once the others are done.
pub fn across<J: Sync, T: Send>(threads: usize, jobs: &[J], work: impl Fn(&J) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        let worker = || {
            let turn = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|number| *number < jobs.len());
            std::iter::from_fn(turn).map(|number| (number, work(&jobs[number]))).collect::<Vec<_>>()
        };
        let workers: Vec<_> = (0..threads.clamp(1, jobs.len().max(1))).map(|_| scope.spawn(worker)).collect();
        let finished = workers.into_iter().map(std::thread::ScopedJoinHandle::join);
        finished.flat_map(|done| done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use super::Tasks;

    #[tokio::test]
    async fn a_panic_is_told_and_the_group_lives_on() {
        let (sender, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let parent = Tasks::new();
        let tasks = parent.alarmed(move |words| sender.send(words).unwrap_or_default());
        tasks.child().spawn(async { panic!("se rompe") });
        assert_eq!(heard.recv().await.as_deref(), Some("se rompe"));
        assert!(!tasks.token().is_cancelled() && !parent.token().is_cancelled());
        tasks.stop().await;
    }

    #[test]
    fn jobs_are_answered_in_their_order() {
        let jobs: Vec<u32> = (0..50).collect();
        assert_eq!(super::across(3, &jobs, |job| job * 2), jobs.iter().map(|job| job * 2).collect::<Vec<_>>());
        assert_eq!(super::across(3, &[], |job: &u32| *job), Vec::<u32>::new());
    }
}
