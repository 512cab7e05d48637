//! A client as a machine: facts in, orders out, like the node's. It reads no clock and owns no
//! thread. It counts its leases with the library's own [`bramah::lease_keeper`].

use bramah::LocalTime;
use bramah_core::{FencingToken, LockName, Time};
use bramah_node::{Notice, Reply};
use bramah_wire::request::What;

use crate::fact::{ConnectionNo, Fact, Held};

/// A fact for a client.
#[derive(Debug)]
pub enum ClientInput {
    /// Time passed.
    Wake,
    /// The connection that it asked for is there, and this member answers.
    Connected { connection: ConnectionNo, member: u64 },
    /// The connection is gone, or there is none to be had; it may be that what was sent came
    /// through.
    Disconnected(ConnectionNo),
    /// An answer came.
    Reply { connection: ConnectionNo, id: u64, now: Time, reply: Reply },
    /// News came.
    Notice { connection: ConnectionNo, now: Time, notice: Notice },
    /// The faults are over: begin nothing new, let what waits come to its end.
    WindDown,
}

/// An order of a client.
#[derive(Debug)]
pub enum ClientOutput {
    /// Open this connection, to the member at this place among all (modulo their number).
    Connect { connection: ConnectionNo, member: u64 },
    /// Close it.
    Hangup(ConnectionNo),
    /// Send this request.
    Send { connection: ConnectionNo, id: u64, what: What },
    /// Write to the register that this lock protects, with this token.
    Write { name: LockName, token: FencingToken },
}

/// Takes what a client tells the audit, at the moment it happens.
pub type Tell<'a> = dyn FnMut(Fact<'_>) + 'a;

/// What a client believes to hold: asked by the audit at any instant.
pub trait Believes {
    /// The holds on `name` that it believes in, if its clock shows `now`.
    fn believes(&self, now: LocalTime, name: &LockName) -> Vec<Held>;
}
