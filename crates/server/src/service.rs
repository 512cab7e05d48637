//! The seam between the fronts, which know connections and encodings, and what answers them.

use std::sync::Arc;

use bramah_core::Time;
use bramah_node::{ClientId, Notice, Reply};
use bramah_wire::request::What;

/// What answers the requests of all fronts.
pub trait Service: Send + Sync + 'static {
    /// A connection begins. What is for it will come through `outlet`.
    fn connect(&self, outlet: Arc<dyn Outlet>) -> ClientId;

    /// A connection asks. There will be exactly one reply with this id, unless the connection ends
    /// before. Never blocks.
    fn ask(&self, client: ClientId, id: u64, what: What);

    /// A connection ended.
    fn disconnect(&self, client: ClientId);
}

/// Where a connection's replies and notices go. No method blocks.
pub trait Outlet: Send + Sync {
    /// Takes the reply to a request.
    fn reply(&self, id: u64, now: Time, reply: Reply);

    /// Takes news.
    fn notice(&self, now: Time, notice: Notice);

    /// Sends what was taken; called once after a batch of replies and notices.
    fn flush(&self) -> Flow;
}

/// How well a connection's reader keeps up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Well.
    Open,
    /// It is so far behind that its watches should end.
    Lagging,
}
