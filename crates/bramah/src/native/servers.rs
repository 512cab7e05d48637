//! The servers of one service: which there are, what became of each, and whom to turn to next.

use std::time::Duration;

use super::dice::Dice;
use super::limits::{DIAL_MAX, DIAL_MIN, PAUSE_MIN, PAUSE_RESET, SERVERS_LEARNED_MAX};
use crate::clock::LocalTime;

/// All servers that are known. The first ones are those of the URL, which are never forgotten; the
/// others are what a cluster says of itself.
#[derive(Debug)]
pub(super) struct Servers {
    known: Vec<Server>,
    /// The one that is talked to, or was tried last.
    current: Option<usize>,
    connected_at: Option<LocalTime>,
    /// The members of the cluster by their numbers, as they said last.
    members: Vec<(u64, String)>,
}

/// One address. Several may be of one server.
#[derive(Debug, Default)]
struct Server {
    address: String,
    is_given: bool,
    /// Another server said that this one serves.
    is_hinted: bool,
    /// The member that was reached by it.
    node: Option<u64>,
    /// How often in a row nothing came of it.
    failures: u32,
    /// It is left alone until then.
    rests_until: LocalTime,
    trouble: Option<String>,
}

/// Whom to call next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) address: String,
    /// To be called after this time.
    pub(super) pause: Duration,
    /// How long the call may take.
    pub(super) dial_max: Duration,
}

impl Servers {
    pub(super) fn new(given: Vec<String>) -> Servers {
        let mut servers =
            Servers { known: Vec::new(), current: None, connected_at: None, members: Vec::new() };
        for address in given {
            if !servers.known.iter().any(|server| server.address == address) {
                servers.known.push(Server { address, is_given: true, ..Server::default() });
            }
        }
        servers
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// All addresses that are known.
    pub(super) fn addresses(&self) -> Vec<String> {
        self.known.iter().map(|server| server.address.clone()).collect()
    }

    /// Those of the URL.
    pub(super) fn given(&self) -> Vec<String> {
        let given = self.known.iter().filter(|server| server.is_given);
        given.map(|server| server.address.clone()).collect()
    }

    /// There is somebody else to turn to.
    pub(super) fn has_others(&self) -> bool {
        self.known.len() > 1
    }

    /// Chooses the next to be called: of those that do not rest, one that is said to serve, else
    /// the one that failed the least, else one of the URL; by chance among equals, so that clients
    /// spread.
    pub(super) fn choose(
        &mut self,
        now: LocalTime,
        dice: &mut Dice,
        patience: Duration,
    ) -> Option<Next> {
        let is_failover = self.current.is_some();
        let ranked = self.known.iter().enumerate().map(|(at, server)| {
            let rests_until = server.rests_until.max(now);
            let rank = (rests_until, !server.is_hinted, server.failures, !server.is_given);
            ((rank, dice.number()), at)
        });
        let (_, at) = ranked.min()?;
        let server = &self.known[at];
        // Those who lose the same server do not all come to the next at the same instant.
        let spread = if is_failover { dice.up_to(PAUSE_MIN) } else { Duration::ZERO };
        let rest = server.rests_until.since(now);
        let dial_max = DIAL_MAX.min(patience) / self.known.len() as u32;
        let dial_max = dial_max.max(DIAL_MIN) * (server.failures + 1);
        self.current = Some(at);
        self.connected_at = None;
        Some(Next {
            address: server.address.clone(),
            pause: if rest.is_zero() && self.has_others() { spread } else { rest },
            dial_max: dial_max.min(DIAL_MAX),
        })
    }

    /// The one that was called answers.
    pub(super) fn handle_connected(&mut self, now: LocalTime) {
        self.connected_at = Some(now);
    }

    /// What was called, or talked to, is of no more use.
    pub(super) fn handle_ended(
        &mut self,
        now: LocalTime,
        why: &str,
        dice: &mut Dice,
        pause_max: Duration,
    ) {
        let lasted = self.connected_at.take().map(|since| now.since(since));
        let Some(server) = self.current.and_then(|at| self.known.get_mut(at)) else { return };
        if lasted.is_some_and(|lasted| lasted >= PAUSE_RESET) {
            server.failures = 0;
        }
        server.rests_until = now.plus(dice.pause(server.failures, pause_max));
        server.failures = server.failures.saturating_add(1);
        server.is_hinted = false;
        server.trouble = Some(why.to_owned());
    }

    /// The server that is talked to has something against it.
    pub(super) fn set_trouble(&mut self, why: String) {
        if let Some(server) = self.current.and_then(|at| self.known.get_mut(at)) {
            server.trouble = Some(why);
        }
    }

    /// These are all members of the cluster, by number and address; the one that is talked to is
    /// `node`.
    pub(super) fn learn(&mut self, node: u64, mut members: Vec<(u64, String)>) {
        members.retain(|(_, address)| !address.is_empty());
        members.truncate(SERVERS_LEARNED_MAX);
        let current = self.current.and_then(|at| self.known.get_mut(at));
        if let Some(server) = current.filter(|_| node != 0) {
            server.node = Some(node);
            server.trouble = None;
        }
        // A server that is alone is found where it was found: it may be mistaken about its address.
        self.members = if members.len() > 1 { members } else { Vec::new() };
        let current = self.current.map(|at| self.known[at].address.clone());
        let found: Vec<usize> = (self.members.clone().iter())
            .map(|(node, address)| self.find(*node, address))
            .collect();
        let mut at = 0..;
        self.known.retain(|server| {
            let is_member = at.next().is_some_and(|at| found.contains(&at));
            server.is_given || is_member || current.as_ref() == Some(&server.address)
        });
        self.current =
            current.and_then(|current| self.known.iter().position(|it| it.address == current));
    }

    /// These are said to serve, and no others.
    pub(super) fn hint(&mut self, addresses: &[String]) {
        self.known.iter_mut().for_each(|server| server.is_hinted = false);
        for address in addresses.iter().filter(|it| !it.is_empty()).take(SERVERS_LEARNED_MAX) {
            let node = self.members.iter().find(|(_, known)| known == address);
            let at = self.find(node.map_or(0, |(node, _)| *node), address);
            self.known[at].is_hinted = true;
        }
    }

    /// The place of a member, by an address that it was reached by, or by the one it tells.
    fn find(&mut self, node: u64, address: &str) -> usize {
        let was_reached =
            |server: &Server| server.is_given && node != 0 && server.node == Some(node);
        let by_address = |server: &Server| server.address == address;
        let known = self.known.iter().position(was_reached);
        known.or_else(|| self.known.iter().position(by_address)).unwrap_or_else(|| {
            self.known.push(Server { address: address.to_owned(), ..Server::default() });
            self.known.len() - 1
        })
    }

    /// Whatever there was against them, it is over.
    pub(super) fn forget_troubles(&mut self) {
        self.known.iter_mut().for_each(|server| server.trouble = None);
    }

    /// What keeps each of them from being reached.
    pub(super) fn trouble(&self) -> String {
        let told: Vec<String> = (self.known.iter())
            .filter_map(|it| Some(format!("{}: {}", it.address, it.trouble.as_ref()?)))
            .collect();
        match told.is_empty() {
            true => "no attempt to connect was finished".to_owned(),
            false => told.join("; "),
        }
    }
}
