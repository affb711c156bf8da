//! Groups of flags that several commands share, with what they mean. Must not act.

use clap::Args;

use super::failure::{Failure, Outcome};

/// `-o` and what belongs to it.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Output {
    /// Formato: json, yaml, name, jsonpath=…, go-template=… (y en get: wide, custom-columns=…).
    #[arg(short, long, value_name = "FORMATO")]
    pub output: Option<String>,
    /// Plantilla para go-template o jsonpath.
    #[arg(long, value_name = "PLANTILLA")]
    pub template: Option<String>,
    /// Muestra también metadata.managedFields.
    #[arg(long)]
    pub show_managed_fields: bool,
    /// Se acepta y no cambia nada: lo que falta se muestra vacío.
    #[arg(long, hide = true)]
    pub allow_missing_template_keys: bool,
    #[arg(skip)]
    pub no_headers: bool,
}

/// `-f` and `-R`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Files {
    /// Archivo, carpeta o - (entrada estándar); se puede repetir.
    #[arg(short, long = "filename", value_name = "ARCHIVO", value_delimiter = ',')]
    pub files: Vec<String>,
    /// También las carpetas de dentro.
    #[arg(short = 'R', long)]
    pub recursive: bool,
    /// Kustomize no está en Timonel.
    #[arg(short = 'k', long, value_name = "CARPETA", hide = true)]
    pub kustomize: Option<String>,
}

impl Files {
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.kustomize.is_none()
    }

    /// Commands that need a file say so.
    pub fn required(&self) -> Outcome {
        if self.is_empty() { Err(Failure::error("must specify one of -f and -k")) } else { Ok(()) }
    }
}

/// `--dry-run`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct DryRunFlag {
    /// No cambia nada: none, client o server.
    #[arg(long = "dry-run", value_name = "MODO", num_args = 0..=1, require_equals = true, default_missing_value = "client")]
    dry_run: Option<String>,
}

/// What is only tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DryRun {
    #[default]
    None,
    Client,
    Server,
}

impl DryRunFlag {
    pub fn read(&self) -> Outcome<DryRun> {
        match self.dry_run.as_deref() {
            None | Some("none" | "false") => Ok(DryRun::None),
            Some("client" | "true") => Ok(DryRun::Client),
            Some("server") => Ok(DryRun::Server),
            Some(other) => Err(Failure::error(format!(
                "Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."
            ))),
        }
    }
}

impl DryRun {
    /// `created`, `created (dry run)`, `created (server dry run)`.
    pub fn did(self, done: &str) -> String {
        let only = match self {
            Self::None => "",
            Self::Client => " (dry run)",
            Self::Server => " (server dry run)",
        };
        format!("{done}{only}")
    }

    /// The parameter that asks the server not to keep anything.
    pub fn parameter(self) -> Option<&'static str> {
        (self == Self::Server).then_some("All")
    }

    pub fn is_client(self) -> bool {
        self == Self::Client
    }
}

/// `--validate`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Validate {
    /// Qué hacer con campos desconocidos: strict, warn o ignore.
    #[arg(long, value_name = "MODO", num_args = 0..=1, require_equals = true, default_missing_value = "strict")]
    validate: Option<String>,
}

impl Validate {
    /// The server's parameter.
    pub fn parameter(&self) -> Outcome<&'static str> {
        match self.validate.as_deref() {
            None | Some("strict" | "true") => Ok("Strict"),
            Some("warn") => Ok("Warn"),
            Some("ignore" | "false") => Ok("Ignore"),
            Some(other) => Err(Failure::error(format!(
                "invalid validation option {other:?}; must be one of: strict (or true), warn, ignore (or false)"
            ))),
        }
    }

    /// Whether manifests are looked at before they are sent.
    pub fn is_on(&self) -> bool {
        self.parameter().is_ok_and(|mode| mode != "Ignore")
    }
}

/// Which objects of a kind.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Selectors {
    /// Solo los que tengan estas etiquetas, por ejemplo app=web,capa!=frontal.
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub selector: Option<String>,
    /// Solo los que tengan estos campos, por ejemplo status.phase=Running.
    #[arg(long, value_name = "SELECTOR")]
    pub field_selector: Option<String>,
    /// En todos los espacios de nombres.
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,
}
