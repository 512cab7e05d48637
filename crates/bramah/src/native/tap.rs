//! What a client says and hears over its connections, for the test that records it. Without the
//! feature for that there is nothing here to be called.

use tokio::net::TcpStream;

/// What happens on a connection.
#[derive(Clone, Copy, Debug)]
pub enum Tapped<'a> {
    /// It stands; the other side has this address.
    Connected(std::net::SocketAddr),
    /// These bytes are about to be written.
    Says(&'a [u8]),
    /// These bytes were read.
    Hears(&'a [u8]),
    /// It is over.
    Ended,
}

#[cfg(feature = "sim")]
type Listener = Box<dyn Fn(u64, Tapped<'_>) + Send + Sync>;

#[cfg(feature = "sim")]
static LISTENER: std::sync::OnceLock<Listener> = std::sync::OnceLock::new();
#[cfg(feature = "sim")]
static LAST: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

/// From now on all connections of this process tell what happens on them, each under a number of
/// its own. The first listener stays.
#[cfg(feature = "sim")]
pub fn listen(listener: impl Fn(u64, Tapped<'_>) + Send + Sync + 'static) {
    let _ = LISTENER.set(Box::new(listener));
}

/// The listener's ear on what a connection brings.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ear {
    #[cfg(feature = "sim")]
    connection: u64,
}

/// And on what is said there.
#[derive(Debug, Default)]
pub(super) struct Tap {
    #[cfg(feature = "sim")]
    ear: Ear,
    /// Bytes at the start of what is to be written that were told already.
    #[cfg(feature = "sim")]
    ahead: usize,
}

#[cfg(feature = "sim")]
impl Ear {
    pub(super) fn new(stream: &TcpStream) -> Ear {
        let connection = LAST.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        let ear = Ear { connection };
        if let Ok(address) = stream.peer_addr() {
            ear.tell(Tapped::Connected(address));
        }
        ear
    }

    pub(super) fn tap(self) -> Tap {
        Tap { ear: self, ahead: 0 }
    }

    fn tell(self, what: Tapped<'_>) {
        if let Some(listener) = LISTENER.get() {
            listener(self.connection, what);
        }
    }

    pub(super) fn hears(self, bytes: &[u8]) {
        self.tell(Tapped::Hears(bytes));
    }

    pub(super) fn ended(self) {
        self.tell(Tapped::Ended);
    }
}

#[cfg(feature = "sim")]
impl Tap {
    /// All of this is about to be written.
    pub(super) fn says(&mut self, out: &[u8]) {
        if out.len() > self.ahead {
            self.ear.tell(Tapped::Says(&out[self.ahead..]));
            self.ahead = out.len();
        }
    }

    /// So many bytes of it were.
    pub(super) fn wrote(&mut self, bytes: usize) {
        self.ahead -= bytes;
    }
}

#[cfg(not(feature = "sim"))]
impl Ear {
    pub(super) fn new(_: &TcpStream) -> Ear {
        Ear::default()
    }

    pub(super) fn tap(self) -> Tap {
        Tap::default()
    }

    pub(super) fn hears(self, _: &[u8]) {}

    pub(super) fn ended(self) {}
}

#[cfg(not(feature = "sim"))]
impl Tap {
    pub(super) fn says(&mut self, _: &[u8]) {}

    pub(super) fn wrote(&mut self, _: usize) {}
}
