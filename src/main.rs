//! The `timonel` binary: arguments → mode → exit code. Must not hold logic.

use std::process::ExitCode;

/// Objects come and go as JSON, in many small pieces: glibc's allocator took a third of a busy cluster's time.
/// A debug build keeps the system's, which heap profilers know.
#[cfg(not(debug_assertions))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    timonel::cli::run()
}
