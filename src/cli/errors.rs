//! clap's complaints in Spanish. Must not parse anything itself.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The complaint as a learner reads it; help and version come through as they are.
pub fn explain(error: &clap::Error) -> String {
    let arg = context(error, ContextKind::InvalidArg);
    let value = context(error, ContextKind::InvalidValue);
    let what = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            format!("no existe el comando «{}»", context(error, ContextKind::InvalidSubcommand))
        }
        ErrorKind::UnknownArgument => format!("no se esperaba «{arg}»"),
        ErrorKind::MissingRequiredArgument => format!("falta {arg}"),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "falta el comando".into(),
        ErrorKind::InvalidValue if value.is_empty() => format!("falta el valor de {arg}"),
        ErrorKind::InvalidValue => {
            format!("«{value}» no vale para {arg}: puede ser {}", context(error, ContextKind::ValidValue))
        }
        ErrorKind::ValueValidation => format!("«{value}» no vale para {arg}{}", source(error)),
        ErrorKind::ArgumentConflict => {
            format!("{arg} no va junto a {}", context(error, ContextKind::PriorArg))
        }
        _ => error.to_string().trim_start_matches("error: ").lines().next().unwrap_or_default().into(),
    };
    format!("Error: {what}.\n  qué hacer: mira las opciones con «timonel --help» (o «timonel COMANDO --help»).")
}

fn source(error: &clap::Error) -> String {
    std::error::Error::source(error).map(|cause| format!(" ({cause})")).unwrap_or_default()
}

fn context(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}
