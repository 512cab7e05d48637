//! A server on a thread of its own, for as long as a test runs.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;

use bramah_server::{ClusterConfig, Config, ServeError, Started, Storage, serve};
use tokio::sync::oneshot;

/// A server that listens on a free port of the loopback.
pub(crate) struct Running {
    pub(crate) started: Started,
    stop: Option<oneshot::Sender<()>>,
    kill: Option<oneshot::Sender<()>>,
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
        let (kill, killed) = oneshot::channel::<()>();
        let (ready, is_ready) = sync_channel(1);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let started = move |started| ready.send(started).expect("the test waits");
            let stop = async {
                let _ = stopped.await;
            };
            let runtime = runtime.expect("a runtime");
            let end = runtime.block_on(async {
                tokio::select! {
                    end = serve(config, started, stop) => end,
                    _ = killed => Ok(()),
                }
            });
            runtime.shutdown_background();
            end
        });
        match is_ready.recv() {
            Ok(started) => {
                Ok(Running { started, stop: Some(stop), kill: Some(kill), thread: Some(thread) })
            }
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

    /// Stops it, and starts one in the same folder at the same addresses.
    pub(crate) fn restarted(self, path: &Path) -> Running {
        let again = self.same_addresses(path);
        self.stop().expect("it stops");
        Running::start(again).expect("it starts again")
    }

    /// What starts a server in the same folder at the same addresses.
    pub(crate) fn same_addresses(&self, path: &Path) -> Config {
        let cluster =
            ClusterConfig { peer_listen: self.started.peer_address, ..Default::default() };
        let storage = Storage::Folder(path.to_owned());
        Config { cluster, ..Config::new(self.started.address, storage) }
    }

    /// Ends it as a crash does: its thread's runtime is dropped with all that is in it.
    pub(crate) fn kill(mut self) {
        drop(self.kill.take());
        let _ = self.end();
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(mut self) -> Result<(), ServeError> {
        let thread = self.thread.take().expect("it runs");
        thread.join().expect("no panic")
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
    Config::new(listen, storage)
}
