//! A server on a thread of its own, for as long as a test runs.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;

use bramah_server::{Config, ServeError, Started, Storage, serve};
use tokio::sync::oneshot;

/// A server that listens on a free port of the loopback.
pub(crate) struct Running {
    pub(crate) started: Started,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

impl Running {
    pub(crate) fn in_memory() -> Running {
        Running::start(config(Storage::Memory)).expect("it starts")
    }

    pub(crate) fn in_folder(path: &Path) -> Running {
        Running::start(config(Storage::Folder(path.to_owned()))).expect("it starts")
    }

    pub(crate) fn start(config: Config) -> Result<Running, ServeError> {
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = sync_channel(1);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let started = move |started| ready.send(started).expect("the test waits");
            let stop = async {
                let _ = stopped.await;
            };
            runtime.expect("a runtime").block_on(serve(config, started, stop))
        });
        match is_ready.recv() {
            Ok(started) => Ok(Running { started, stop: Some(stop), thread: Some(thread) }),
            Err(_) => Err(thread.join().expect("no panic").expect_err("it did not start")),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.started.address
    }

    /// Stops it as SIGTERM does.
    pub(crate) fn stop(mut self) -> Result<(), ServeError> {
        self.end().expect("it runs")
    }

    fn end(&mut self) -> Option<Result<(), ServeError>> {
        drop(self.stop.take());
        self.thread.take().map(|thread| thread.join().expect("no panic"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

pub(crate) fn config(storage: Storage) -> Config {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    Config { listen, storage, connections_max: None }
}
