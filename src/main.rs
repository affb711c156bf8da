//! The `timonel` binary: arguments → mode → exit code. Must not hold logic.

use std::process::ExitCode;

fn main() -> ExitCode {
    timonel::cli::run()
}
