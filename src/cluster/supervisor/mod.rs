//! The switchboard's hands: runs every part of the cluster as its Component says, and says on it how the part fares.
//! Must not know how a part works: `plant` starts it, its tasks stop it.
//!
//! It is a client of the API like any other. Components live in a store of their own, and their requests are answered
//! also while etcd or the API server is switched off; so whatever is off can be switched on again.

mod board;
mod plant;
mod report;
mod restorer;
mod units;

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::board::{Board, News};
pub use self::plant::Plant;
use self::report::{Health, Rates};
use self::restorer::Errand;
pub use self::restorer::Restorer;
use self::units::{Lever, MANAGER, Unit};
use crate::base::tasks::Tasks;
use crate::client::queue::Gauge;
use crate::client::timonel::ComponentStatus;
use crate::controllers::ControllerManager;

/// The running supervisor. Dropping it stops the parts, without waiting.
pub struct Supervisor {
    closing: DropGuard,
    done: JoinHandle<()>,
    published: watch::Receiver<bool>,
    restorer: Restorer,
}

impl Supervisor {
    /// Starts every part that is to run, publishes their Components, and switches them from then on.
    pub fn start(plant: Arc<Plant>) -> Self {
        let closing = CancellationToken::new();
        let (publish, published) = watch::channel(false);
        let (restorer, errands) = Restorer::new();
        let hall = Hall::new(plant, errands);
        let done = Tasks::new().spawn(hall.run(closing.clone(), publish));
        Self { closing: closing.drop_guard(), done, published, restorer }
    }

    /// Who goes back to photos of the store.
    pub fn restorer(&self) -> Restorer {
        self.restorer.clone()
    }

    /// Waits until every part has its Component.
    pub async fn published(&self) {
        // Who ends first has published nothing any more.
        let mut published = self.published.clone();
        let _ended = published.wait_for(|published| *published).await;
    }

    /// Stops the parts, those who ask before those who answer, and waits for the last one.
    pub async fn stop(self) {
        drop(self.closing);
        // It does not panic, and nobody aborts it.
        let _ended = self.done.await;
    }
}

/// A part with its switch and what it does now.
struct Post {
    unit: Unit,
    wanted: bool,
    run: Option<Run>,
    health: Health,
    /// What its Component says already.
    told: Option<ComponentStatus>,
}

/// A part that runs.
struct Run {
    tasks: Tasks,
    gauge: Gauge,
    number: u64,
}

/// A part that panicked: its place, which run of it, and the panic's words.
type Crash = (usize, u64, String);

/// Every part at its post.
struct Hall {
    plant: Arc<Plant>,
    posts: Vec<Post>,
    manager: Option<ControllerManager>,
    rates: Rates,
    runs: u64,
    alarm: mpsc::UnboundedSender<Crash>,
    crashes: mpsc::UnboundedReceiver<Crash>,
    errands: mpsc::UnboundedReceiver<Errand>,
}

impl Hall {
    fn new(plant: Arc<Plant>, errands: mpsc::UnboundedReceiver<Errand>) -> Self {
        let post = |unit: Unit| Post { wanted: unit.starts, unit, run: None, health: Health::default(), told: None };
        let units = units::all(&plant.options, plant.engine.dns_server.is_none());
        let (alarm, crashes) = mpsc::unbounded_channel();
        Self {
            posts: units.into_iter().map(post).collect(),
            manager: None,
            rates: Rates::default(),
            runs: 0,
            alarm,
            crashes,
            errands,
            plant,
        }
    }

    async fn run(mut self, closing: CancellationToken, published: watch::Sender<bool>) {
        self.settle().await;
        let tasks = Tasks::new();
        tokio::select! {
            biased;
            () = closing.cancelled() => {}
            () = self.serve(tasks.clone(), published) => {}
        }
        self.posts.iter_mut().for_each(|post| post.wanted = false);
        self.stop_unwanted(true).await;
        tasks.stop().await;
    }

    async fn serve(&mut self, tasks: Tasks, published: watch::Sender<bool>) {
        let mut board = Board::open(&self.plant);
        board.publish(self.posts.iter().map(|post| post.unit.component()).collect()).await;
        published.send_replace(true);
        board.follow(&tasks);
        let mut tick = tokio::time::interval(report::EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                Some(news) = board.news.recv() => self.hear(&board, news).await,
                Some(crash) = self.crashes.recv() => self.crashed(crash).await,
                Some(errand) = self.errands.recv() => self.restore(errand).await,
                _ = tick.tick() => self.measure(),
            }
            if board.news.is_empty() {
                self.settle().await;
                self.tell(&board).await;
            }
        }
    }

    async fn hear(&mut self, board: &Board, news: News) {
        let News { name, enabled } = news;
        let Some(post) = self.posts.iter_mut().find(|post| post.unit.name == name) else {
            if enabled.is_some() {
                board.disown(&name).await;
            }
            return;
        };
        if enabled.is_none() {
            post.told = None;
            board.publish(vec![post.unit.component()]).await;
        }
        post.wanted = enabled.unwrap_or(post.unit.starts);
    }

    async fn crashed(&mut self, (place, number, words): Crash) {
        let post = &mut self.posts[place];
        let Some(run) = post.run.take_if(|run| run.number == number) else { return };
        tracing::error!(component = post.unit.name, "a part of the cluster panicked: {words}");
        run.tasks.stop().await;
        post.health.failed(format!("Falló por sí mismo: {words}"), self.plant.clock.now());
        if post.unit.lever == Lever::Manager {
            self.manager = None;
        }
    }

    /// Who acts on what it remembers rests meanwhile and begins anew, as etcd's disaster recovery guide asks.
    async fn restore(&mut self, Errand { photo, answer }: Errand) {
        let now = self.plant.clock.now();
        for post in self.posts.iter_mut().rev().filter(|post| post.unit.lever.remembers()) {
            let Some(run) = post.run.take() else { continue };
            run.tasks.stop().await;
            post.health.restarted(now);
        }
        self.manager = None;
        let restored = self.plant.api.restore(&photo).await;
        // Who asked may have gone; the parts start again when the hall settles.
        let _gone = answer.send(restored.ok());
    }

    fn measure(&mut self) {
        self.rates.measure(self.plant.clock.elapsed(), self.plant.api.audit().requests_by_user());
    }

    /// Makes what runs what is to run.
    async fn settle(&mut self) {
        self.stop_unwanted(false).await;
        let now = self.plant.clock.now();
        for place in 0..self.posts.len() {
            let post = &self.posts[place];
            let due = post.health.again.is_none_or(|again| again <= now);
            if post.run.is_none() && post.wanted && due && self.may_run(&post.unit) {
                self.start(place);
            }
        }
        self.explain_idle();
    }

    /// Those who ask end before those who answer. At the end of all, etcd and the API server need not play dead.
    async fn stop_unwanted(&mut self, for_good: bool) {
        let manager_goes =
            self.posts.iter().any(|post| post.unit.lever == Lever::Manager && !post.wanted) || self.manager.is_none();
        for post in self.posts.iter_mut().rev() {
            let goes = !post.wanted || (manager_goes && matches!(post.unit.lever, Lever::Controller(_)));
            let Some(run) = post.run.take_if(|_| goes) else { continue };
            run.tasks.stop().await;
            if !for_good {
                self.plant.stop(&post.unit.lever);
            }
            if post.unit.lever == Lever::Manager {
                self.manager = None;
            }
        }
    }

    /// A controller lives in the manager.
    fn may_run(&self, unit: &Unit) -> bool {
        !matches!(unit.lever, Lever::Controller(_)) || self.manager.is_some()
    }

    fn start(&mut self, place: usize) {
        self.runs += 1;
        let (number, alarm) = (self.runs, self.alarm.clone());
        // The hall is gone: so is the part.
        let tasks = Tasks::new().alarmed(move |words| drop(alarm.send((place, number, words))));
        let post = &mut self.posts[place];
        if post.unit.lever == Lever::Manager {
            self.manager = Some(self.plant.start_manager(&tasks));
        }
        let now = self.plant.clock.now();
        match self.plant.start(&post.unit.lever, self.manager.as_ref(), &tasks) {
            Ok(gauge) => {
                post.run = Some(Run { tasks, gauge, number });
                post.health.running(now);
            }
            Err(why) => {
                tasks.cancel();
                post.health.failed(why, now);
            }
        }
    }

    /// Says of those that do not run why not.
    fn explain_idle(&mut self) {
        let (now, manager) = (self.plant.clock.now(), self.manager.is_some());
        for post in self.posts.iter_mut().filter(|post| post.run.is_none()) {
            let orphan = matches!(post.unit.lever, Lever::Controller(_)) && !manager;
            match (post.wanted, orphan) {
                (false, _) => post.health.stopped("", now),
                (true, true) => post.health.stopped(&format!("Vive dentro de {MANAGER}, que está apagado."), now),
                // It failed, and will be tried again.
                (true, false) => {}
            }
        }
    }

    /// Writes on the Components what is new about the parts.
    async fn tell(&mut self, board: &Board) {
        let mut fresh = Vec::new();
        for (place, post) in self.posts.iter().enumerate() {
            let queue = post.run.as_ref().and_then(|run| run.gauge.total());
            let status = post.health.status(&post.unit, self.rates.of(&post.unit), queue);
            if post.told.as_ref() != Some(&status) {
                fresh.push((place, post.unit.name.clone(), status));
            }
        }
        for (place, status) in board.write(fresh).await {
            self.posts[place].told = Some(status);
        }
    }
}
