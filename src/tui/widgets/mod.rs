//! Small things that views draw with. Must not know the cluster.

pub mod input;
pub mod pager;
pub mod panel;
pub mod prose;
pub mod text;
pub mod window;
pub mod yaml;
