//! One suite of scenarios, whole clusters, both runtimes: what a learner does with pods and services works the same in
//! memory and in Docker.
//!
//! A scenario is a function over a [`World`] and a line in [`SCENARIOS`]; each has a namespace of its own. Those that
//! switch parts of the cluster come last, alone.

mod access;
mod lifecycle;
mod services;
mod shell;
mod switches;
mod world;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::future::{FutureExt, LocalBoxFuture};
use futures::{StreamExt, stream};
use timonel::base::clock::{Clock, Timing};
use timonel::cluster::RuntimeChoice;

use world::{Place, World};

type Scenario = (&'static str, for<'a> fn(&'a World) -> LocalBoxFuture<'a, ()>);

/// What may run beside others.
const SCENARIOS: &[Scenario] = &[
    ("dos-contenedores", |world| lifecycle::two_containers_share_localhost(world).boxed_local()),
    ("caida", |world| lifecycle::a_crash_changes_neither_address_nor_names(world).boxed_local()),
    ("init", |world| lifecycle::init_containers_run_in_order(world).boxed_local()),
    ("sondas", |world| lifecycle::probes_decide_who_is_ready_and_who_restarts(world).boxed_local()),
    ("configuracion", |world| lifecycle::a_config_change_reaches_the_file(world).boxed_local()),
    ("expulsado", |world| lifecycle::a_full_volume_evicts_its_pod(world).boxed_local()),
    ("ganchos", |world| lifecycle::hooks_run_and_sigterm_may_be_ignored(world).boxed_local()),
    ("imagen", |world| lifecycle::an_image_that_does_not_exist_says_so(world).boxed_local()),
    ("registros", |world| access::logs_are_followed_and_the_previous_ones_kept(world).boxed_local()),
    ("ordenes", |world| access::commands_end_with_their_code(world).boxed_local()),
    ("copias", |world| access::files_are_copied_both_ways(world).boxed_local()),
    ("puertos", |world| access::a_port_is_forwarded(world).boxed_local()),
    ("consola", |world| access::a_console_is_attached(world).boxed_local()),
    ("shell", |world| shell::the_demo_has_a_shell(world).boxed_local()),
    ("terminal", |world| shell::a_shell_in_a_terminal_outlives_control_c(world).boxed_local()),
    ("conocidas", |world| shell::known_images_need_no_registry(world).boxed_local()),
    ("overlay", |world| services::pods_reach_each_other_across_workers(world).boxed_local()),
    ("nombres", |world| services::names_lead_to_services(world).boxed_local()),
    ("puertas", |world| services::every_kind_of_service_answers(world).boxed_local()),
    ("matado", |world| services::a_killed_pod_is_skipped(world).boxed_local()),
    ("relevo", |world| services::a_rolling_update_loses_nothing(world).boxed_local()),
];

/// What must run alone.
const ALONE: &[Scenario] = &[
    ("caudal", |world| services::the_proxy_is_fast_and_leaks_nothing(world).boxed_local()),
    ("tunel", |world| switches::a_tunnel_is_cut_and_mended(world).boxed_local()),
    ("apagado", |world| switches::the_pods_of_a_dead_worker_run_elsewhere(world).boxed_local()),
];

/// Scenarios at the same time: two processors, one engine.
const AT_ONCE: usize = 4;
/// Longest that a scenario may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(150);

#[test]
fn everything_works_in_memory() {
    play(RuntimeChoice::Embedded);
}

#[test]
#[ignore = "needs Docker"]
fn everything_works_in_docker() {
    play(RuntimeChoice::Docker);
}

#[track_caller]
fn play(runtime: RuntimeChoice) {
    let only = std::env::var("SCENARIO").ok();
    let wanted = |list: &[Scenario]| -> Vec<Scenario> {
        list.iter().copied().filter(|(name, _)| only.as_deref().is_none_or(|only| only == *name)).collect()
    };
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let failed = threads.block_on(async {
        let place = Place::open(runtime).await;
        let beside = stream::iter(wanted(SCENARIOS)).map(|scenario| run(&place, scenario)).buffer_unordered(AT_ONCE);
        let mut outcomes: Vec<Option<String>> = beside.collect().await;
        for scenario in wanted(ALONE) {
            outcomes.push(run(&place, scenario).await);
        }
        place.close().await;
        outcomes.into_iter().flatten().collect::<Vec<_>>()
    });
    assert!(failed.is_empty(), "failed:\n{}", failed.join("\n"));
}

/// Runs one scenario; why it failed.
async fn run(place: &Place, (name, play): Scenario) -> Option<String> {
    let begun = Clock::new(Timing::Real);
    let world = place.world(name).await;
    let outcome = AssertUnwindSafe(tokio::time::timeout(PATIENCE, play(&world))).catch_unwind().await;
    world.leave().await;
    println!("{name}: {:?}", begun.elapsed());
    match outcome {
        Ok(Ok(())) => None,
        Ok(Err(_)) => Some(format!("{name}: not in time")),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            Some(format!(
                "{name}: {}",
                text.or(panic.downcast_ref::<&str>().map(|it| (*it).into())).unwrap_or_default()
            ))
        }
    }
}
