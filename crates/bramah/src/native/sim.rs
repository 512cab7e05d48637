//! The client of a server without a socket and without a clock, for the simulator: it moves the
//! bytes and says what time it is. Everything above and below is what everybody uses.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bramah_core::{FencingToken, Owner};
use bytes::BytesMut;

use super::client::{Client, Flush};
use super::dice::Dice;
use super::machine::{Link, Machine};
use super::session::SessionTerms;
use super::{Native, Remote};
use crate::clock::LocalTime;
use crate::info::LostReason;
use crate::locker::Locker;

/// How it is connected.
#[derive(Clone, Debug)]
pub struct SimulatedTerms {
    /// Of the session that holds share.
    pub ttl: Duration,
    /// Who holds.
    pub owner: Owner,
    /// The end of a connection is the end of all holds.
    pub on_disconnect_release: bool,
    /// How long the service may be out of reach before a request gives up.
    pub connect_timeout: Duration,
    /// There are other servers to turn to.
    pub has_other_servers: bool,
    /// Decides the pauses.
    pub seed: u64,
}

/// The other side of a [`Locker`]: what its task would do.
#[derive(Debug)]
pub struct Simulated {
    client: Arc<Client>,
    input: BytesMut,
}

impl Simulated {
    /// A locker, and what serves it. The clock shows 0.
    #[must_use]
    pub fn new(terms: SimulatedTerms) -> (Locker, Simulated) {
        let shared_terms = SessionTerms {
            ttl: terms.ttl,
            owner: terms.owner,
            release_on_disconnect: terms.on_disconnect_release,
            kept_alive: true,
            of_one_hold: false,
        };
        let mut servers = vec!["here".to_owned()];
        servers.extend(terms.has_other_servers.then(|| "there".to_owned()));
        let mut machine = Machine::new(shared_terms, terms.connect_timeout, servers);
        machine.dice = Dice::of_seed(terms.seed);
        let mut client = Client::new(machine);
        client.simulated = Some(AtomicU64::new(0));
        let client = Arc::new(client);
        let remote = Arc::new(Remote { client: client.clone() });
        (Locker::on(Arc::new(Native { remote })), Simulated { client, input: BytesMut::new() })
    }

    /// From here on the clock shows `now`.
    pub fn set_clock(&self, now: LocalTime) {
        if let Some(shown_us) = &self.client.simulated {
            shown_us.store(now.0, Ordering::Relaxed);
        }
    }

    /// A connection stands.
    pub fn handle_connected(&mut self) {
        self.input.clear();
        self.client.step(Flush::Usual, |machine, now| machine.handle_connected(now));
    }

    /// There is no connection any more, or none came about. Tells the pause before the next
    /// `attempt`, counted from 0.
    pub fn handle_disconnected(&mut self, why: &str, attempt: u32) -> Duration {
        self.client.step(Flush::Usual, |machine, now| {
            machine.handle_disconnected(now, why);
            let pause_max = machine.pause_max();
            machine.dice.pause(attempt, pause_max)
        })
    }

    /// Bytes came. The buffer for them; then call [`Simulated::handle_bytes`].
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// # Errors
    /// Says why the peer cannot be understood; then the connection must end.
    pub fn handle_bytes(&mut self) -> Result<(), String> {
        let input = &mut self.input;
        self.client.step(Flush::Usual, |machine, now| machine.handle_bytes(now, input))
    }

    /// Does what is due; tells why the connection must end, if it must.
    #[must_use]
    pub fn look(&self) -> Option<String> {
        self.client.step(Flush::Usual, |machine, now| {
            machine.handle_time(now);
            if machine.link == Link::Down {
                return None;
            }
            let is_done = machine.is_done(now);
            machine.hang_up.take().or_else(|| is_done.then(|| "closed".to_owned()))
        })
    }

    /// Bytes for the connection.
    #[must_use]
    pub fn take_output(&self) -> BytesMut {
        self.client.lock().machine.out.split()
    }

    /// [`Simulated::look`] has nothing to do before this.
    #[must_use]
    pub fn next_due(&self) -> LocalTime {
        self.client.lock().machine.next_due
    }

    /// Every handle is gone or closed, and nothing is left to be said.
    #[must_use]
    pub fn is_over(&self, now: LocalTime) -> bool {
        self.client.lock().machine.is_over(now)
    }

    /// Nobody serves the connection any more.
    pub fn end(&self) {
        self.client.step(Flush::Usual, |machine, now| machine.end(now, "this Locker is closed"));
    }

    /// A request with this id is still under way, whether it was sent or not.
    #[must_use]
    pub fn has_call(&self, id: u64) -> bool {
        self.client.lock().machine.calls.contains_key(&id)
    }

    /// Nothing is under way.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.client.lock().machine.calls.is_empty()
    }

    /// The numbers of the living sessions that are kept alive.
    #[must_use]
    pub fn kept_sessions(&self) -> Vec<u64> {
        let shared = self.client.lock();
        let sessions = shared.machine.sessions.values();
        let kept = sessions.filter(|session| session.terms.kept_alive && session.lost.is_none());
        kept.filter_map(|session| Some(session.opened.as_ref()?.handle.number)).collect()
    }

    /// A session with this number is open and not lost, as far as was seen.
    #[must_use]
    pub fn has_session(&self, number: u64) -> bool {
        self.client.lock().machine.by_number.contains_key(&number)
    }

    /// What a guard with this token would say at `now` of being held, without looking: a look may
    /// be the first to see that it is lost.
    #[must_use]
    pub fn is_held(&self, token: FencingToken, now: LocalTime) -> bool {
        let shared = self.client.lock();
        let mut sessions = shared.machine.sessions.values();
        let Some(session) = sessions.find(|session| session.holds.contains_key(&token.0)) else {
            return false;
        };
        let is_lost = session.holds.get(&token.0).is_some_and(|hold| hold.lost.is_some());
        session.lost.is_none() && !is_lost && now < session.deadline(token.0)
    }

    /// Why a hold is lost, as far as was seen.
    #[must_use]
    pub fn lost_reason(&self, token: FencingToken) -> Option<LostReason> {
        let shared = self.client.lock();
        let holds = shared.machine.sessions.values().filter_map(|session| {
            session.holds.get(&token.0).map(|hold| hold.lost.as_ref().or(session.lost.as_ref()))
        });
        holds.flatten().next().cloned()
    }
}
