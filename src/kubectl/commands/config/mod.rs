//! `kubectl config`: reads and changes kubeconfig files. Must not talk to a cluster.

mod contexts;
mod lists;
mod property;
mod remove;
mod set;
mod view;

use crate::kubectl::verb::Command;

/// The commands under `config`.
pub(super) const TABLE: &[Command] = &[
    Command::of::<contexts::CurrentContext>(),
    Command::of::<remove::DeleteCluster>(),
    Command::of::<remove::DeleteContext>(),
    Command::of::<remove::DeleteUser>(),
    Command::of::<lists::GetClusters>(),
    Command::of::<lists::GetContexts>(),
    Command::of::<lists::GetUsers>(),
    Command::of::<contexts::RenameContext>(),
    Command::of::<property::Set>(),
    Command::of::<set::SetCluster>(),
    Command::of::<set::SetContext>(),
    Command::of::<set::SetCredentials>(),
    Command::of::<property::Unset>(),
    Command::of::<contexts::UseContext>(),
    Command::of::<view::View>(),
];
