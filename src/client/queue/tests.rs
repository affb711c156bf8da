//! The work queue in virtual time.

use super::*;
use crate::base::clock::Timing;

fn queue() -> Queue<&'static str> {
    Queue::new(Clock::new(Timing::Real))
}

#[tokio::test(start_paused = true)]
async fn a_key_is_queued_once_and_again_when_added_while_busy() {
    let queue = queue();
    queue.add("a");
    queue.add("a");
    assert_eq!(queue.len(), 1);
    assert_eq!(queue.get().await, "a");
    queue.add("a");
    assert!(queue.is_empty(), "never two workers at one key");
    queue.done(&"a");
    assert_eq!(queue.get().await, "a");
    queue.done(&"a");
    assert!(queue.is_empty());
}

#[tokio::test(start_paused = true)]
async fn delays_are_kept_in_order_and_the_sooner_wins() {
    let queue = queue();
    let clock = queue.shared.clock;
    queue.add_after("late", Duration::from_secs(60));
    queue.add_after("soon", Duration::from_secs(40));
    queue.add_after("late", Duration::from_secs(50));
    queue.add_after("late", Duration::from_secs(300));
    assert_eq!((queue.get().await, clock.elapsed().as_secs()), ("soon", 40));
    assert_eq!((queue.get().await, clock.elapsed().as_secs()), ("late", 50));
    queue.done(&"late");
    assert_eq!(queue.try_get(), Err(None), "the longer delay was dropped");
}

#[tokio::test(start_paused = true)]
async fn failures_back_off_from_5_ms_to_1000_s() {
    let queue = queue();
    let clock = queue.shared.clock;
    let mut waits = Vec::new();
    for _ in 0..20 {
        let start = clock.elapsed();
        queue.retry("a");
        let key = queue.get().await;
        queue.done(&key);
        waits.push(clock.elapsed().saturating_sub(start).as_millis());
    }
    assert_eq!(waits[..4], [5, 10, 20, 40]);
    assert_eq!(waits[19], 1_000_000);
    queue.forget(&"a");
    let start = clock.elapsed();
    queue.retry("a");
    queue.get().await;
    assert_eq!(clock.elapsed().saturating_sub(start).as_millis(), 5);
}

#[tokio::test(start_paused = true)]
async fn run_keeps_keys_apart_and_retries_failures() {
    let queue = Queue::new(Clock::new(Timing::Real));
    let seen = Mutex::new(Vec::new());
    for number in 0..6 {
        queue.add(number);
    }
    let work = queue.run(3, |number: i32| {
        let seen = &seen;
        async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let first = !seen.lock().contains(&number);
            seen.lock().push(number);
            if number == 0 && first { Err("once") } else { Ok(Next::Done) }
        }
    });
    let _ = tokio::time::timeout(Duration::from_secs(10), work).await;
    let mut seen = seen.into_inner();
    seen.sort_unstable();
    assert_eq!(seen, [0, 0, 1, 2, 3, 4, 5]);
}
