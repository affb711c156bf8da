//! Ground floor: what every room needs and what knows no room. Must not know Kubernetes' kinds, nor do IO except in `files`.

pub mod clock;
pub mod cron;
pub mod files;
pub mod hints;
pub mod mark;
pub mod names;
pub mod net;
pub mod pipe;
pub mod quantity;
pub mod selector;
pub mod syntax;
pub mod tasks;
