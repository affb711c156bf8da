//! `kubectl set image`. Must not check that an image exists.

use clap::Args;

use super::{containers, each, fits};
use crate::kubectl::commands::change::{self, Change};
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::select;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `set image`.
#[derive(Args, Debug)]
pub(crate) struct Image {
    /// Objetos, y después CONTENEDOR=IMAGEN.
    #[arg(value_name = "TIPO", hide = true)]
    args: Vec<String>,
    #[command(flatten)]
    change: Change,
}

impl Verb for Image {
    const NAME: &'static str = "image";
    const ABOUT: &'static str = "Cambia la imagen de los contenedores";
    const USAGE: &'static str = "TIPO NOMBRE CONTENEDOR=IMAGEN…";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let (words, pairs) = change::split(&self.args, "image")?;
        let pairs: Vec<(&str, &str)> = pairs.iter().filter_map(|pair| pair.split_once('=')).collect();
        if words.is_empty() && self.change.files.is_empty() {
            return Err(select::nothing_named());
        }
        if pairs.is_empty() {
            return Err(Failure::error("at least one image update is required"));
        }
        if pairs.len() > 1 && pairs.iter().any(|(name, _)| *name == "*") {
            return Err(Failure::error(
                "all containers are already specified by *, but saw more than one container_name=container_image pairs",
            ));
        }
        let alter = |spec: &mut serde_json::Value| {
            let mut missing = Vec::new();
            for (name, image) in &pairs {
                let mut found = false;
                for container in containers(spec, true).filter(|container| *name == "*" || fits(name, container)) {
                    container["image"] = (*image).into();
                    found = true;
                }
                if !found {
                    missing.push(Failure::error(format!("error: unable to find container named {name:?}")));
                }
            }
            Failure::all(missing)
        };
        each(&self.change, &words, "image", alter, session).await
    }
}
