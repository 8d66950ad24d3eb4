//! The `tidegate` command.

use std::process::ExitCode;

/// Streams of HTTP/2 and TLS sessions allocate where HTTP/1 does not; with this the price is half of what it is with glibc's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tidegate::process::run()
}
