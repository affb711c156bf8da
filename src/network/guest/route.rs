//! `timonel guest route cut|mend RANGE…`: loses what this network namespace sends to a range, or lets it through again.
//! Run in a pod's own namespace, it is the pod's end of a tunnel between workers. Must not touch any other route.

use std::io;
use std::process::ExitCode;

use super::netlink::{Fate, set, unset};
use super::{argument, range};

pub(super) fn run(args: &[String]) -> io::Result<ExitCode> {
    let change = match argument(args, 0, "«cut» o «mend»")? {
        "cut" => set,
        "mend" => unset,
        other => return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("no existe la orden «{other}»"))),
    };
    for text in &args[1..] {
        change(range(text)?, Fate::Lost)?;
    }
    Ok(ExitCode::SUCCESS)
}
