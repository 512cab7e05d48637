//! What carries messages: between members anything may happen to each, one by one; between a client
//! and a member there are connections, which bring all in order or break.

use std::collections::BTreeMap;

use bramah_core::Time;
use bramah_node::{Notice, Reply};
use bramah_wire::request::What;

use crate::fact::{ClientNo, ConnectionNo};
use crate::plan::{MEMBERS_MAX, NetworkTerms};
use crate::random::Random;
use crate::time::SimTime;

/// A set of members: a bit for each, the first for member 1.
pub type Members = u64;

/// The bit of a member.
#[must_use]
pub fn bit(member: u64) -> Members {
    1 << (member - 1)
}

/// Messages of some members do not reach some others.
#[derive(Clone, Copy, Debug)]
struct Cut {
    from: Members,
    to: Members,
    until: SimTime,
}

/// Links and connections.
#[derive(Debug)]
pub struct Network {
    terms: NetworkTerms,
    random: Random,
    cuts: Vec<Cut>,
    clients_cut: BTreeMap<ClientNo, SimTime>,
    /// Clients that hear, and nobody hears them.
    clients_mute: BTreeMap<ClientNo, SimTime>,
    connections: BTreeMap<ConnectionNo, Connection>,
}

/// A connection of a client's process to a member's.
#[derive(Debug)]
pub struct Connection {
    /// Whose it is.
    pub client: ClientNo,
    /// To whom it goes.
    pub member: u64,
    /// Which of the member's processes took it; none before that.
    pub life: Option<u64>,
    /// The client has not closed it, and was not told that it is over.
    pub client_has_it: bool,
    /// It broke: nothing that is under way arrives any more.
    broken: bool,
    to_member: Pipe<ToMember>,
    to_client: Pipe<ToClient>,
}

/// One direction of a connection.
#[derive(Debug)]
pub struct Pipe<T> {
    /// Nothing arrives before this.
    last: SimTime,
    /// What came while the way was cut.
    stalled: Vec<T>,
}

/// What goes from a client to a member.
#[derive(Debug)]
pub enum ToMember {
    /// It asks for a connection.
    Connect,
    /// A request.
    Request { id: u64, what: What },
    /// The client closed the connection, or is gone.
    End,
}

/// What goes from a member to a client.
#[derive(Debug)]
pub enum ToClient {
    /// The connection is there.
    Connected,
    /// An answer.
    Reply { id: u64, now: Time, reply: Reply },
    /// News.
    Notice { now: Time, notice: Notice },
    /// The connection is over.
    End,
}

impl<T> Default for Pipe<T> {
    fn default() -> Pipe<T> {
        Pipe { last: SimTime(0), stalled: Vec::new() }
    }
}

impl Network {
    /// A network without a cut.
    #[must_use]
    pub fn new(terms: NetworkTerms, random: Random) -> Network {
        Network {
            terms,
            random,
            cuts: Vec::new(),
            clients_cut: BTreeMap::new(),
            clients_mute: BTreeMap::new(),
            connections: BTreeMap::new(),
        }
    }

    /// From now on nothing is lost, late or cut.
    pub fn calm(&mut self) {
        let delay_us = self.terms.delay_us;
        self.terms =
            NetworkTerms { delay_us, drop_ppm: 0, duplicate_ppm: 0, late_ppm: 0, break_ppm: 0 };
        self.cuts.clear();
        self.clients_cut.clear();
        self.clients_mute.clear();
    }

    /// Messages of `from` do not reach `to` until then.
    pub fn cut(&mut self, from: Members, to: Members, until: SimTime) {
        self.cuts.push(Cut { from, to, until });
    }

    /// A client reaches nobody until then; nor does anybody reach it, unless it is `one_way`.
    pub fn cut_client(&mut self, client: ClientNo, one_way: bool, until: SimTime) {
        let cut = if one_way { &mut self.clients_mute } else { &mut self.clients_cut };
        let end = cut.entry(client).or_default();
        *end = until.max(*end);
    }

    /// Forgets cuts that are over, and tells whether there were any.
    pub fn heal(&mut self, now: SimTime) -> bool {
        let before = self.cuts_len();
        self.cuts.retain(|cut| cut.until > now);
        self.clients_cut.retain(|_, until| *until > now);
        self.clients_mute.retain(|_, until| *until > now);
        before != self.cuts_len()
    }

    fn cuts_len(&self) -> usize {
        self.cuts.len() + self.clients_cut.len() + self.clients_mute.len()
    }

    /// Messages of one member reach another.
    #[must_use]
    pub fn reaches(&self, from: u64, to: u64) -> bool {
        self.cuts.iter().all(|cut| cut.from & bit(from) == 0 || cut.to & bit(to) == 0)
    }

    /// A client reaches members, and they it.
    #[must_use]
    pub fn client_reaches(&self, client: ClientNo) -> bool {
        !self.clients_cut.contains_key(&client) && !self.clients_mute.contains_key(&client)
    }

    /// How long a message takes.
    pub fn delay(&mut self) -> u64 {
        let (shortest, longest) = self.terms.delay_us;
        let us = self.random.between(shortest, longest);
        let late = self.terms.late_ppm > 0 && self.random.chance(self.terms.late_ppm);
        if late { us * self.random.between(2, 100) } else { us }
    }

    /// How long each copy of a message between members takes: none if it is lost.
    pub fn copies(&mut self) -> [Option<u64>; 2] {
        let NetworkTerms { drop_ppm, duplicate_ppm, .. } = self.terms;
        if drop_ppm > 0 && self.random.chance(drop_ppm) {
            return [None, None];
        }
        let twice = duplicate_ppm > 0 && self.random.chance(duplicate_ppm);
        [Some(self.delay()), twice.then(|| self.delay())]
    }

    /// A client asks for a connection. Gives the time at which that reaches the member.
    pub fn connect(
        &mut self,
        now: SimTime,
        no: ConnectionNo,
        client: ClientNo,
        member: u64,
    ) -> SimTime {
        let connection = Connection {
            client,
            member,
            life: None,
            client_has_it: true,
            broken: false,
            to_member: Pipe::default(),
            to_client: Pipe::default(),
        };
        self.connections.insert(no, connection);
        now.plus_us(self.delay())
    }

    /// A connection, if somebody still has a part in it.
    #[must_use]
    pub fn connection(&self, no: ConnectionNo) -> Option<&Connection> {
        self.connections.get(&no)
    }

    /// The connection was taken by this process of its member.
    pub fn accept(&mut self, no: ConnectionNo, life: u64) {
        if let Some(connection) = self.connections.get_mut(&no) {
            connection.life = Some(life);
        }
    }

    /// The connections to that process of a member.
    #[must_use]
    pub fn of_member(&self, member: u64, life: u64) -> Vec<ConnectionNo> {
        let is_its = |of: &Connection| of.member == member && of.life == Some(life);
        self.connections.iter().filter(|(_, of)| is_its(of)).map(|(no, _)| *no).collect()
    }

    /// The connections that a client has.
    #[must_use]
    pub fn of_client(&self, client: ClientNo) -> Vec<ConnectionNo> {
        let is_its = |of: &Connection| of.client == client && of.client_has_it;
        self.connections.iter().filter(|(_, of)| is_its(of)).map(|(no, _)| *no).collect()
    }

    /// The client closed it, or knows that it is over.
    pub fn client_leaves(&mut self, no: ConnectionNo) {
        if let Some(connection) = self.connections.get_mut(&no) {
            connection.client_has_it = false;
            self.forget_if_over(no);
        }
    }

    /// The member closed it, or knows that it is over, or is gone.
    pub fn member_leaves(&mut self, no: ConnectionNo) {
        if let Some(connection) = self.connections.get_mut(&no) {
            connection.life = None;
            self.forget_if_over(no);
        }
    }

    fn forget_if_over(&mut self, no: ConnectionNo) {
        let is_over = |of: &Connection| !of.client_has_it && of.life.is_none();
        if self.connections.get(&no).is_some_and(is_over) {
            self.connections.remove(&no);
        }
    }

    /// When something that is sent now arrives: behind all that was sent before.
    pub fn way<T>(&mut self, now: SimTime, no: ConnectionNo) -> Option<SimTime>
    where
        Connection: Way<T>,
    {
        let at = now.plus_us(self.delay());
        let connection = self.connections.get_mut(&no)?;
        let pipe = connection.pipe();
        pipe.last = pipe.last.max(at);
        Some(pipe.last)
    }

    /// Something arrives: gives it back if it may be delivered now. While the way is cut, it waits.
    pub fn arrive<T>(&mut self, no: ConnectionNo, what: T) -> Option<T>
    where
        Connection: Way<T>,
    {
        let connection = self.connections.get_mut(&no)?;
        if connection.broken {
            return None;
        }
        let is_cut = self.clients_cut.contains_key(&connection.client)
            || <Connection as Way<T>>::IS_FROM_CLIENT
                && self.clients_mute.contains_key(&connection.client);
        let pipe = connection.pipe();
        if is_cut || !pipe.stalled.is_empty() {
            pipe.stalled.push(what);
            return None;
        }
        Some(what)
    }

    /// Takes what waited for the way to be free again.
    #[must_use]
    pub fn stalled<T>(&mut self) -> Vec<(ConnectionNo, Vec<T>)>
    where
        Connection: Way<T>,
    {
        let (cut, mute) = (&self.clients_cut, &self.clients_mute);
        let is_free = |of: &Connection| {
            let is_mute = <Connection as Way<T>>::IS_FROM_CLIENT && mute.contains_key(&of.client);
            !cut.contains_key(&of.client) && !is_mute
        };
        let free = self.connections.iter_mut().filter(|(_, of)| is_free(of));
        let waits = free.filter_map(|(no, connection)| {
            let pipe = connection.pipe();
            (!pipe.stalled.is_empty()).then(|| (*no, std::mem::take(&mut pipe.stalled)))
        });
        waits.collect()
    }

    /// With this message the connection breaks.
    pub fn breaks(&mut self) -> bool {
        self.terms.break_ppm > 0 && self.random.chance(self.terms.break_ppm)
    }

    /// The connection is broken: what is under way is lost. Gives how long it takes the client and
    /// the member to know.
    pub fn sever(&mut self, no: ConnectionNo) -> Option<(u64, u64)> {
        let connection = self.connections.get_mut(&no)?;
        if std::mem::replace(&mut connection.broken, true) {
            return None;
        }
        Some((self.time_to_know(), self.time_to_know()))
    }

    /// How long it takes one side to see that the other is gone without a word: at once, soon, or
    /// only after a time-out.
    pub fn time_to_know(&mut self) -> u64 {
        let longest = *self.random.pick(&[1_000, 1_000_000, 15_000_000]);
        self.random.between(100, longest)
    }
}

/// The directions of a connection by what goes there.
pub trait Way<T> {
    /// It is the direction to a member.
    const IS_FROM_CLIENT: bool;

    /// That direction.
    fn pipe(&mut self) -> &mut Pipe<T>;
}

impl Way<ToMember> for Connection {
    const IS_FROM_CLIENT: bool = true;

    fn pipe(&mut self) -> &mut Pipe<ToMember> {
        &mut self.to_member
    }
}

impl Way<ToClient> for Connection {
    const IS_FROM_CLIENT: bool = false;

    fn pipe(&mut self) -> &mut Pipe<ToClient> {
        &mut self.to_client
    }
}

/// All members that can be.
pub const ALL: Members = (1 << MEMBERS_MAX) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn network(terms: NetworkTerms) -> Network {
        Network::new(terms, Random::new(1, "network"))
    }

    const TERMS: NetworkTerms = NetworkTerms {
        delay_us: (10, 1_000),
        drop_ppm: 0,
        duplicate_ppm: 0,
        late_ppm: 200_000,
        break_ppm: 0,
    };

    #[test]
    fn what_a_connection_brings_it_brings_in_order() {
        let mut network = network(TERMS);
        network.connect(SimTime(0), 7, 1, 2);
        let mut last = SimTime(0);
        for now in 0..200 {
            let at = Network::way::<ToMember>(&mut network, SimTime(now), 7).expect("it is there");
            assert!(at >= last);
            last = at;
        }
    }

    #[test]
    fn what_comes_to_a_client_that_is_cut_off_waits_and_stays_in_order() {
        let mut network = network(TERMS);
        network.connect(SimTime(0), 7, 1, 2);
        network.cut_client(1, false, SimTime(500));
        assert!(network.arrive(7, ToMember::Request { id: 1, what: What::ServerInfo }).is_none());
        assert!(network.heal(SimTime(500)));
        assert!(network.arrive(7, ToMember::End).is_none(), "the first still waits");
        let stalled = network.stalled::<ToMember>();
        let [(7, packets)] = &stalled[..] else { panic!("{stalled:?}") };
        assert!(matches!(packets[..], [ToMember::Request { id: 1, .. }, ToMember::End]));
        assert!(network.arrive(7, ToMember::End).is_some());
    }

    #[test]
    fn a_client_that_nobody_hears_still_hears() {
        let mut network = network(TERMS);
        network.connect(SimTime(0), 7, 1, 2);
        network.cut_client(1, true, SimTime(500));
        assert!(network.arrive(7, ToMember::Request { id: 1, what: What::ServerInfo }).is_none());
        assert!(network.arrive(7, ToClient::End).is_some() && !network.client_reaches(1));
        assert!(network.stalled::<ToMember>().is_empty());
        assert!(network.heal(SimTime(500)));
        assert_eq!(network.stalled::<ToMember>().len(), 1);
    }

    #[test]
    fn a_cut_of_one_way_lets_the_other_through() {
        let mut network = network(TERMS);
        network.cut(bit(1), ALL & !bit(1), SimTime(10));
        assert!(!network.reaches(1, 2) && network.reaches(2, 1) && network.reaches(2, 3));
        assert!(!network.heal(SimTime(9)) && network.heal(SimTime(10)));
        assert!(network.reaches(1, 2));
    }
}
