//! `timonel lessons`: check, write, teach. Must not know how a lesson is played.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use super::args::{CheckArgs, LessonsCommand, RuntimeArg};
use crate::base::clock::{Clock, Timing};
use crate::cluster::{Practice, Visit};
use crate::lessons::certificate::Certificate;
use crate::lessons::check::{Clusters, Plan, Report, check};
use crate::lessons::progress::Progress;
use crate::lessons::{Catalogue, scaffold, teacher};

/// Runs one of the commands about lessons; playing is the dashboard's.
pub fn run(command: LessonsCommand, data_dir: &Path) -> anyhow::Result<ExitCode> {
    match command {
        LessonsCommand::Check(args) => return check_all(&args),
        LessonsCommand::Verify { file } => return verify(&file),
        LessonsCommand::New { name, folder } => create(&folder, &name)?,
        LessonsCommand::Script { lesson } => script(lesson.as_deref())?,
        LessonsCommand::Report { student, progress } => report(&student, progress.as_deref(), data_dir)?,
        LessonsCommand::Export { file } => Progress::load(data_dir)?.export(&file)?,
        LessonsCommand::Import { file } => import(&file, data_dir)?,
        LessonsCommand::Certificate { file, student } => certify(&file, student, data_dir)?,
        LessonsCommand::Play { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Each play runs on a runtime of its own, with the clock paused: a lesson's minute passes in milliseconds.
fn check_all(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let catalogue = match &args.folder {
        Some(folder) => Catalogue::from_dir(folder)?,
        None => Catalogue::embedded()?,
    };
    let threads = args.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, usize::from);
    let (clusters, plan): (Box<dyn Clusters>, Plan) = match (&args.kubeconfig, args.runtime) {
        (Some(kubeconfig), _) => (Box::new(Visit::to(kubeconfig.clone())), Plan::live()),
        (None, RuntimeArg::Docker) => (Box::new(Practice::in_docker()), Plan::live()),
        (None, _) => (Box::new(Practice::default()), Plan { seeds: args.seeds, ..Plan::whole(threads) }),
    };
    let report = check(&catalogue, &*clusters, &plan, &|what| {
        if args.verbose {
            println!("  {what}");
        }
    });
    tell(&catalogue, &report, args.verbose);
    Ok(if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(catalogue: &Catalogue, report: &Report, verbose: bool) {
    for finding in &report.findings {
        println!("✕ {} {}", finding.lesson, finding.what);
    }
    if verbose {
        for (lesson, took) in &report.took {
            println!("  {lesson}: {:.1} s", took.as_secs_f64());
        }
    }
    let pending = catalogue.course().map_or(0, |course| course.pending.len());
    let rest = if pending == 0 { String::new() } else { format!(", {pending} del plan por escribir") };
    let counted = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let lessons = counted(catalogue.lessons().len(), "lección", "lecciones");
    let plays = counted(report.plays, "partida jugada", "partidas jugadas");
    println!("{lessons}{rest}, {plays}, {}", counted(report.findings.len(), "problema", "problemas"));
}

fn create(folder: &Path, name: &str) -> anyhow::Result<()> {
    let place = scaffold::write(folder, name).with_context(|| format!("no se puede crear la lección {name}"))?;
    println!("creada {0}\n  edita {0}/leccion.yaml\n  comprueba: timonel lessons check {0}", place.display());
    println!("  pruébala:  timonel lessons play {}", place.display());
    Ok(())
}

fn script(lesson: Option<&str>) -> anyhow::Result<()> {
    let catalogue = Catalogue::embedded()?;
    if let Some(id) = lesson {
        let lesson = catalogue.get(id).with_context(|| format!("no hay lección {id}"))?;
        println!("{}", teacher::script(lesson));
        return Ok(());
    }
    let all: Vec<String> = catalogue.lessons().iter().map(|lesson| teacher::script(lesson)).collect();
    println!("{}", all.join("\n---\n\n"));
    Ok(())
}

fn report(student: &str, progress: Option<&Path>, data_dir: &Path) -> anyhow::Result<()> {
    let progress = match progress {
        Some(file) => Progress::import(file)?,
        None => Progress::load(data_dir)?,
    };
    print!("{}", teacher::report(&Catalogue::embedded()?, &progress, student));
    Ok(())
}

fn import(file: &Path, data_dir: &Path) -> anyhow::Result<()> {
    let mut progress = Progress::load(data_dir)?;
    progress.merge(Progress::import(file)?);
    progress.save(data_dir)?;
    println!("sumado a tu progreso");
    Ok(())
}

fn certify(file: &Path, student: String, data_dir: &Path) -> anyhow::Result<()> {
    let now = Clock::new(Timing::Real).now();
    let made = Certificate::of(&Catalogue::embedded()?, data_dir, student, now);
    let certificate = made.context("no se pueden leer los registros de las lecciones")?;
    anyhow::ensure!(!certificate.passed.is_empty(), "aún no hay ninguna lección aprobada: termina una y vuelve");
    certificate.save(file).with_context(|| format!("no se puede escribir {}", file.display()))?;
    println!("{}: {} lecciones aprobadas", file.display(), certificate.passed.len());
    Ok(())
}

fn verify(file: &Path) -> anyhow::Result<ExitCode> {
    let certificate = Certificate::load(file);
    let certificate = certificate.with_context(|| format!("{} no es un certificado de Timonel", file.display()))?;
    println!("{}, {}", certificate.student, certificate.issued.strftime("%Y-%m-%d"));
    let verified = certificate.verify(&Catalogue::embedded()?);
    for each in &verified {
        match &each.outcome {
            Ok(()) => println!("✓ {} se aprueba al repetirla  {:.12}", each.lesson, each.hash),
            Err(why) => println!("✕ {} {why}", each.lesson),
        }
    }
    Ok(if verified.iter().all(|each| each.outcome.is_ok()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
