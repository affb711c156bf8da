//! A real process as what a program runs on. Must not keep output back: what is written is written before the end.

use std::future::pending;
use std::io::{self, Write};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use rustix::time::{ClockId, Timespec, clock_gettime};
use tokio::io::AsyncRead;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::spawn;
use crate::base::clock::{Clock, Timing};
use crate::base::tasks::Tasks;
use crate::kubelet::programs::shell::{Session, Sink};
use crate::kubelet::programs::terminal::Keyboard;
use crate::kubelet::programs::world::Host;

/// One turn of working and resting.
const TURN: Duration = Duration::from_millis(100);

/// This process.
pub(super) struct Process {
    term: CancellationToken,
    taken: Mutex<Vec<Vec<u8>>>,
}

impl Process {
    /// Hears of SIGTERM from now on: process 1 has no default handlers, and unheard it would be lost.
    pub fn new(tasks: &Tasks) -> io::Result<Self> {
        let (term, mut signals) = (CancellationToken::new(), signal(SignalKind::terminate())?);
        let told = term.clone();
        tasks.spawn(async move {
            signals.recv().await;
            told.cancel();
        });
        Ok(Self { term, taken: Mutex::default() })
    }
}

#[async_trait]
impl Host for Process {
    /// A full or closed pipe is no reason to die.
    fn write(&self, stderr: bool, data: &[u8]) {
        let _ = if stderr {
            io::stderr().write_all(data)
        } else {
            let mut out = io::stdout().lock();
            out.write_all(data).and_then(|()| out.flush())
        };
    }

    fn stdin(&self) -> Box<dyn AsyncRead + Send + Unpin> {
        Box::new(tokio::io::stdin())
    }

    /// The system's own terminal shows what is typed, and makes a signal of Ctrl-C.
    fn keyboard(&self, _echo: Option<Sink>, tasks: &Tasks) -> Keyboard {
        let keyboard = Keyboard::new(tokio::io::stdin(), None, tasks);
        if let Ok(mut signals) = signal(SignalKind::interrupt()) {
            let key = keyboard.control_c();
            tasks.spawn(async move {
                while signals.recv().await.is_some() {
                    println!();
                    key.press();
                }
            });
        }
        keyboard
    }

    async fn terminated(&self) {
        self.term.cancelled().await;
    }

    fn signal(&self, process: i32, signal: i32) -> io::Result<()> {
        let process = Some(process).filter(|it| *it > 0).and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
        match Signal::from_named_raw(signal) {
            Some(signal) => kill_process(process, signal)?,
            None if signal == 0 => test_kill_process(process)?,
            None => return Err(io::ErrorKind::InvalidInput.into()),
        }
        Ok(())
    }

    fn process(&self) -> u32 {
        std::process::id()
    }

    fn size(&self) -> Option<(u16, u16)> {
        let size = rustix::termios::tcgetwinsize(io::stdin()).ok()?;
        Some((size.ws_col, size.ws_row))
    }

    async fn run(&self, shell: &Session, words: &[String]) -> Option<i32> {
        spawn::run(shell, words).await
    }

    /// Written to, so that it counts.
    fn allocate(&self, bytes: u64) {
        self.taken.lock().push(vec![1; usize::try_from(bytes).unwrap_or_default()]);
    }

    /// It takes longer where the container's limit holds it back.
    async fn work(&self, time: Duration) {
        Tasks::blocking(move || spin(time)).await;
    }

    async fn burn(&self, milli: u64) {
        let ended = CancellationToken::new();
        let _when_dropped = ended.clone().drop_guard();
        // A thread of its own: the program goes on answering.
        drop(Tasks::thread(move || work_and_rest(milli.min(1_000), &ended)));
        pending::<()>().await;
    }
}

/// Computes until this thread has had so much of a processor.
fn spin(time: Duration) {
    let spent = || clock_gettime(ClockId::ThreadCPUTime);
    let begun = spent();
    let until = begun + Timespec::try_from(time).unwrap_or_default();
    while spent() < until {
        std::hint::spin_loop();
    }
}

/// Burns thousandths of one processor, in turns.
fn work_and_rest(milli: u64, ended: &CancellationToken) {
    let clock = Clock::new(Timing::Real);
    let work = TURN * u32::try_from(milli).unwrap_or_default() / 1_000;
    while !ended.is_cancelled() {
        let until = clock.elapsed() + work;
        while clock.elapsed() < until {
            std::hint::spin_loop();
        }
        std::thread::sleep(TURN.saturating_sub(work));
    }
}
