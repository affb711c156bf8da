//! The `timonel` binary: arguments → mode → exit code. Must not hold logic.

use std::process::ExitCode;

/// Objects come and go as JSON, in many small pieces: glibc's allocator took a third of a busy cluster's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    timonel::cli::run()
}
