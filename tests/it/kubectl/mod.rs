//! Timonel's own kubectl in-process, over a whole cluster in memory and virtual time.
//! What it should say was said by kubectl 1.33 (tests/golden and the same commands against this server).

mod reading;
mod running;
mod writing;

use timonel::cluster::Practice;
use timonel::kubectl::{self, Memory};
use timonel::lessons::check::{Cluster, Clusters, Wish};

/// A cluster of three workers and somebody who types.
struct World {
    cluster: Box<dyn Cluster>,
    io: Memory,
}

impl World {
    async fn new() -> Self {
        let cluster = Practice::default().fresh(&Wish { seed: 1, ..Wish::default() }).await.unwrap();
        Self { io: Memory::new(cluster.clock()), cluster }
    }

    fn with_file(mut self, path: &str, text: &str) -> Self {
        self.io = self.io.with_file(path, text);
        self
    }

    /// Types a line; what it printed, and the exit code where it is not 0.
    async fn run(&mut self, line: &str) -> String {
        let code = kubectl::run_line(line, &mut self.io, &self.cluster.client()).await;
        let text = self.io.take();
        if code == 0 { text } else { format!("{text}[{code}]\n") }
    }

    /// A line that must go well.
    #[track_caller]
    fn ok(&mut self, line: &str) -> impl Future<Output = String> {
        let place = std::panic::Location::caller();
        async move {
            let text = self.run(line).await;
            assert!(!text.ends_with("]\n") || !text.contains("\n["), "{place}: {line}: {text}");
            text
        }
    }

    /// A line and what it must print.
    #[track_caller]
    fn says(&mut self, line: &str, expected: &str) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let text = self.run(line).await;
            assert_eq!(text, expected, "{place}: {line}");
        }
    }
}
