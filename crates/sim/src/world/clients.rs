//! What follows from an event for clients and their connections.

use bramah::LocalTime;
use bramah_core::{FencingToken, LockName, Time};
use bramah_node::{ClientId, Input, Notice, Reply};

use crate::client::{Client, ClientInput, ClientOutput};
use crate::fact::{ClientNo, ConnectionNo, Fact};
use crate::network::{ToClient, ToMember};
use crate::plan::Plan;
use crate::random::Random;
use crate::time::SimTime;

use super::told::Told;
use super::{Event, World};

/// News that may wait for a client that stands still; with more, its watches end.
const UNREAD_NOTICES_MAX: usize = 40;

/// A client's machine, and the process on it.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) no: ClientNo,
    pub(super) client: Client,
    pub(super) life: u32,
    is_paused: bool,
    /// What came while it stood still.
    inbox: Vec<ClientInput>,
    wakes_at: Option<SimTime>,
    is_winding_down: bool,
}

impl Host {
    pub(super) fn new(no: ClientNo, plan: &Plan) -> Host {
        let client = process(no, 0, plan);
        let (inbox, wakes_at) = (Vec::new(), None);
        Host { no, client, life: 0, is_paused: false, inbox, wakes_at, is_winding_down: false }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.is_winding_down && self.client.is_idle()
    }
}

fn process(no: ClientNo, life: u32, plan: &Plan) -> Client {
    let random = Random::new(plan.seed, &format!("client {no}, life {life}"));
    Client::new(no, life, random, &plan.workload, plan.members)
}

impl World {
    /// Gives a client a fact, or keeps it while the client stands still.
    fn tell_client(&mut self, no: ClientNo, input: ClientInput) {
        let host = &mut self.clients[no as usize];
        if host.is_paused {
            host.inbox.push(input);
            return;
        }
        let now = LocalTime(self.clock_of_client(no).shows(self.now));
        let mut out = std::mem::take(&mut self.client_outputs);
        let mut told = std::mem::take(&mut self.told);
        let mut tell = |fact: Fact<'_>| told.push(Told::new(fact));
        self.clients[no as usize].client.handle(now, input, &mut out, &mut tell);
        for fact in told.drain(..) {
            fact.with(|fact| self.see(fact));
        }
        self.told = told;
        for order in out.drain(..) {
            self.client_orders(no, order);
        }
        self.client_outputs = out;
        self.plan_client_wake(no);
    }

    fn client_orders(&mut self, client: ClientNo, order: ClientOutput) {
        match order {
            ClientOutput::Connect { connection, member } => {
                let there: Vec<u64> =
                    self.members.iter().filter(|of| !of.is_gone).map(|of| of.no).collect();
                let member = there[(member % there.len() as u64) as usize];
                let at = self.network.connect(self.now, connection, client, member);
                self.queue
                    .push(at, Event::ToMember { connection, what: Box::new(ToMember::Connect) });
            }
            ClientOutput::Hangup(connection) => self.hang_up(connection),
            ClientOutput::Send { connection, id, what } => {
                self.send_to_member(connection, ToMember::Request { id, what });
                if self.network.breaks() {
                    self.sever(connection);
                }
            }
            ClientOutput::Write { name, token } => {
                // Between the look at the lease and the effect anything may pass.
                let longest = *self.random.pick(&[1_000, 10_000, 100_000, 3_000_000]);
                let at = self.now.plus_us(self.random.between(50, longest));
                self.queue.push(at, Event::Register { client, name, token });
            }
        }
    }

    fn hang_up(&mut self, connection: ConnectionNo) {
        self.send_to_member(connection, ToMember::End);
        self.network.client_leaves(connection);
    }

    fn send_to_member(&mut self, connection: ConnectionNo, what: ToMember) {
        if let Some(at) = self.network.way::<ToMember>(self.now, connection) {
            self.queue.push(at, Event::ToMember { connection, what: Box::new(what) });
        }
    }

    pub(super) fn send_to_client(&mut self, connection: ConnectionNo, what: ToClient) {
        if let Some(at) = self.network.way::<ToClient>(self.now, connection) {
            self.queue.push(at, Event::ToClient { connection, what: Box::new(what) });
        }
    }

    /// A member answers.
    pub(super) fn reply(&mut self, client: ClientId, id: u64, now: Time, reply: Reply) {
        let connection = client.0;
        self.send_to_client(connection, ToClient::Reply { id, now, reply });
        if self.network.breaks() {
            self.sever(connection);
        }
    }

    /// A member has news.
    pub(super) fn notify(&mut self, client: ClientId, now: Time, notice: Notice) {
        self.send_to_client(client.0, ToClient::Notice { now, notice });
    }

    /// The connection breaks, and what is under way is lost.
    pub(super) fn sever(&mut self, connection: ConnectionNo) {
        if let Some((client_us, member_us)) = self.network.sever(connection) {
            self.coverage.count("network", "connection broken");
            self.queue.push(self.now.plus_us(client_us), Event::ClientLearns { connection });
            self.queue.push(self.now.plus_us(member_us), Event::MemberLearns { connection });
        }
    }

    pub(super) fn member_gets(&mut self, no: ConnectionNo, what: ToMember) {
        let Some(what) = self.network.arrive(no, what) else { return };
        let Some(connection) = self.network.connection(no) else { return };
        let (number, life) = (connection.member, connection.life);
        let member = &self.members[number as usize - 1];
        match what {
            ToMember::Connect if member.process.is_some() => {
                let life = member.life;
                self.network.accept(no, life);
                self.give(number, Input::Connected(ClientId(no)));
                self.send_to_client(no, ToClient::Connected);
            }
            // A machine without power says nothing; one without the process says so.
            _ if member.is_dark => {
                let at = self.now.plus_us(self.network.time_to_know());
                self.queue.push(at, Event::ClientLearns { connection: no });
            }
            ToMember::Connect => self.send_to_client(no, ToClient::End),
            _ if life.is_none_or(|life| !self.lives(number, life)) => {
                self.send_to_client(no, ToClient::End);
            }
            ToMember::Request { id, what } => {
                self.give(number, Input::Request { client: ClientId(no), id, what });
            }
            ToMember::End => self.member_learns(no),
        }
    }

    /// A member learns that a connection is over.
    pub(super) fn member_learns(&mut self, no: ConnectionNo) {
        let Some(connection) = self.network.connection(no) else { return };
        let (member, life) = (connection.member, connection.life);
        self.network.member_leaves(no);
        if life.is_some_and(|life| self.lives(member, life)) {
            self.give(member, Input::Disconnected(ClientId(no)));
        }
    }

    pub(super) fn client_gets(&mut self, no: ConnectionNo, what: ToClient) {
        let Some(what) = self.network.arrive(no, what) else { return };
        let Some(connection) = self.network.connection(no) else { return };
        if !connection.client_has_it {
            return;
        }
        let (client, member) = (connection.client, connection.member);
        let input = match what {
            ToClient::Connected => ClientInput::Connected { connection: no, member },
            ToClient::Reply { id, now, reply } => {
                ClientInput::Reply { connection: no, id, now, reply }
            }
            ToClient::Notice { now, notice } => {
                self.look_for_lag(client, no);
                ClientInput::Notice { connection: no, now, notice }
            }
            ToClient::End => return self.client_learns(no),
        };
        self.tell_client(client, input);
    }

    /// A client that stands still reads nothing: its member's buffers grow.
    fn look_for_lag(&mut self, client: ClientNo, no: ConnectionNo) {
        let host = &self.clients[client as usize];
        if !host.is_paused || !host.inbox.len().is_multiple_of(UNREAD_NOTICES_MAX) {
            return;
        }
        let unread = host.inbox.iter().filter(|of| matches!(of, ClientInput::Notice { .. }));
        if unread.count() >= UNREAD_NOTICES_MAX
            && let Some(connection) = self.network.connection(no)
            && let Some(life) = connection.life
            && self.lives(connection.member, life)
        {
            self.coverage.count("network", "client lagged");
            self.give(connection.member, Input::Lagged(ClientId(no)));
        }
    }

    /// A client learns that a connection is over, unless it knows.
    pub(super) fn client_learns(&mut self, no: ConnectionNo) {
        let Some(connection) = self.network.connection(no).filter(|of| of.client_has_it) else {
            return;
        };
        let client = connection.client;
        self.network.client_leaves(no);
        self.tell_client(client, ClientInput::Disconnected(no));
    }

    /// What waited for a way that was cut arrives, before what was sent after it.
    pub(super) fn let_through(&mut self) {
        for (connection, packets) in self.network.stalled::<ToMember>() {
            for what in packets {
                self.member_gets(connection, what);
            }
        }
        for (connection, packets) in self.network.stalled::<ToClient>() {
            for what in packets {
                self.client_gets(connection, what);
            }
        }
    }

    pub(super) fn wake_client_at(&mut self, client: ClientNo, at: SimTime) {
        self.clients[client as usize].wakes_at = Some(at);
        self.queue.push(at, Event::ClientWakes { client });
    }

    /// Plans when a client wakes next, if that is not planned yet.
    fn plan_client_wake(&mut self, client: ClientNo) {
        let host = &self.clients[client as usize];
        let Some(wake) = host.client.next_wake() else { return };
        // Timers are never early, and never without end at one instant.
        let at = self.clock_of_client(client).when(wake.0).max(self.now.plus_us(50));
        if host.wakes_at.is_none_or(|planned| at < planned) {
            self.wake_client_at(client, at);
        }
    }

    pub(super) fn client_wakes(&mut self, client: ClientNo) {
        let host = &mut self.clients[client as usize];
        if host.wakes_at != Some(self.now) {
            return;
        }
        host.wakes_at = None;
        if host.is_paused {
            return;
        }
        let is_begun = host.client.next_wake();
        if is_begun.is_some_and(|wake| wake.0 > self.clock_of_client(client).shows(self.now)) {
            return self.plan_client_wake(client);
        }
        self.tell_client(client, ClientInput::Wake);
    }

    /// The clock of the client's machine changed: its timers with it.
    pub(super) fn client_clock_changed(&mut self, client: ClientNo) {
        self.clients[client as usize].wakes_at = None;
        self.plan_client_wake(client);
    }

    pub(super) fn pause_client(&mut self, client: ClientNo, until: SimTime) {
        let host = &mut self.clients[client as usize];
        if !host.is_paused {
            host.is_paused = true;
            let life = host.life;
            self.queue.push(until, Event::ClientResumes { client, life });
        }
    }

    pub(super) fn client_resumes(&mut self, client: ClientNo, life: u32) {
        let host = &mut self.clients[client as usize];
        if host.life != life || !host.is_paused {
            return;
        }
        host.is_paused = false;
        for input in std::mem::take(&mut host.inbox) {
            self.tell_client(client, input);
        }
        self.tell_client(client, ClientInput::Wake);
    }

    /// The client's process is killed, and another takes its place.
    pub(super) fn kill_client(&mut self, client: ClientNo) {
        self.see(&Fact::ClientDied { client });
        for connection in self.network.of_client(client) {
            self.hang_up(connection);
        }
        let host = &mut self.clients[client as usize];
        host.life += 1;
        host.client = process(client, host.life, &self.plan);
        host.is_paused = false;
        host.inbox.clear();
        let at = self.now.plus_us(self.random.between(1_000, 2_000_000));
        self.wake_client_at(client, at);
    }

    pub(super) fn register_written(
        &mut self,
        client: ClientNo,
        name: LockName,
        token: FencingToken,
    ) {
        match self.registers.write(client, &name, token) {
            Ok(written) => {
                let before = written.before;
                self.see(&Fact::Wrote { client, name: &name, token, before });
            }
            Err(what) => self.fail("G2 fencing", what),
        }
    }

    /// Nobody stands still or is cut off any more, and nobody begins anything new.
    pub(super) fn calm_clients(&mut self) {
        for client in 0..self.plan.clients {
            let life = self.clients[client as usize].life;
            self.client_resumes(client, life);
            self.clients[client as usize].is_winding_down = true;
            self.tell_client(client, ClientInput::WindDown);
        }
    }
}
