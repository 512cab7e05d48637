//! A client as a machine: facts in, orders out, like the node's. It reads no clock and owns no
//! thread. It counts its leases with the library's own [`bramah::lease_keeper`].

mod habits;
mod library;
mod plain;

use bramah::LocalTime;
use bramah_core::{FencingToken, LockName, Time};
use bramah_node::{Notice, Reply};
use bramah_wire::request::What;

use crate::fact::{ClientNo, ConnectionNo, Fact, Held};
use crate::plan::WorkloadTerms;
use crate::random::Random;

use self::library::Library;
use self::plain::Plain;

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

/// Every so manieth client is one over the library, the others are plain.
const LIBRARY_EVERY: ClientNo = 3;

/// A client's process, of either kind.
#[derive(Debug)]
pub struct Client(Kind);

#[derive(Debug)]
enum Kind {
    Plain(Box<Plain>),
    Library(Box<Library>),
}

impl Client {
    /// The `life`th process of this client, counted from 0: after each death another takes its
    /// place. It wants to be woken at once.
    #[must_use]
    pub fn new(
        no: ClientNo,
        life: u32,
        random: Random,
        terms: &WorkloadTerms,
        members: u64,
    ) -> Client {
        Client(match no % LIBRARY_EVERY {
            0 => Kind::Library(Box::new(Library::new(no, life, random, terms, members))),
            _ => Kind::Plain(Box::new(Plain::new(no, life, random, terms, members))),
        })
    }

    /// Takes a fact when the clock of its machine shows `now`, and gives orders.
    pub fn handle(
        &mut self,
        now: LocalTime,
        input: ClientInput,
        out: &mut Vec<ClientOutput>,
        tell: &mut Tell<'_>,
    ) {
        match &mut self.0 {
            Kind::Plain(client) => client.handle(now, input, out, tell),
            Kind::Library(client) => client.handle(now, input, out, tell),
        }
    }

    /// When [`ClientInput::Wake`] has something to do, by the clock of its machine.
    #[must_use]
    pub fn next_wake(&self) -> Option<LocalTime> {
        match &self.0 {
            Kind::Plain(client) => client.next_wake(),
            Kind::Library(client) => client.next_wake(),
        }
    }

    /// It winds down, and everything has come to its end.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        match &self.0 {
            Kind::Plain(client) => client.is_idle(),
            Kind::Library(client) => client.is_idle(),
        }
    }
}

impl Believes for Client {
    fn believes(&self, now: LocalTime, name: &LockName) -> Vec<Held> {
        match &self.0 {
            Kind::Plain(client) => client.believes(now, name),
            Kind::Library(client) => client.believes(now, name),
        }
    }
}

/// The first of the numbers that belong to a client's process alone, for its calls and connections.
fn first_number(no: ClientNo, life: u32) -> u64 {
    const CALLS_OF_A_LIFE_MAX: u64 = 10_000_000;
    const LIVES_MAX: u64 = 1_000;
    (u64::from(no) * LIVES_MAX + u64::from(life)) * CALLS_OF_A_LIFE_MAX
}
