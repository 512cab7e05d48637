//! The runtime on which commands wait, if there is room for one.

use std::fs::File;
use std::io;

use tokio::runtime::{Builder, Runtime};

use crate::exit::{Exit, Failure};

/// What the runtime opens for timers, sockets and signals, and a little more. It opens some of it
/// at its first use, and panics if that is refused.
const DESCRIPTORS_MIN: usize = 8;

/// One thread is enough: whatever waits, waits for the service or for a command.
///
/// # Errors
/// There are too few file descriptors.
pub(crate) fn start() -> Result<Runtime, Failure> {
    let spare = (0..DESCRIPTORS_MIN).map(|_| File::open("/dev/null"));
    let spare = spare.collect::<io::Result<Vec<File>>>().map(drop);
    spare.and_then(|()| Builder::new_current_thread().enable_all().build()).map_err(|error| {
        Failure::new(
            Exit::UNAVAILABLE,
            format!(
                "could not begin: {error}; at least {DESCRIPTORS_MIN} files must be free to open"
            ),
        )
    })
}
