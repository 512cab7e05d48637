//! Brings what was recorded and the committed log into one order, and lets the audit look at it.
//!
//! Nobody sees when an entry is committed. It is by the time that somebody hears of it: every
//! answer carries the time of the table that it comes from, and all entries of an earlier time are
//! committed then. The audit is told of an entry at that latest instant, just before the answer.
//! That is never too early for a promise about what may be answered, and never later than the first
//! belief in what it granted, so there is no false alarm; what is missed is a holder that stops to
//! believe between the commit and the first answer behind it, which under load is a few
//! milliseconds. Only the end of a session is judged by the instant when its entry was proposed, as
//! its stamp tells: within a term stamps are apart as the leader's clock was.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use anyhow::ensure;
use bramah::LocalTime;
use bramah_core::{FencingToken, Key, LockName, Time};
use bramah_wal::Entry;
use bramah_wire::entry::decode_entry;
use bramah_wire::frame::{OPENING, take_frame};
use bramah_wire::proto::message::Kind;
use bramah_wire::request::{self, Ask, Parsed, What};
use bramah_wire::{answer, proto};
use bytes::{Buf, BytesMut};

use super::hear;
use super::history::{Whole, whole_log};
use super::installs::installs_in;
use super::logs::Log;
use super::record::{self, Line};
use super::scene::{WITNESS, address, data_of, record_of, records_in, server_name};
use crate::audit::{Audit, Promise, Witness};
use crate::fact::{CallNo, ClientNo, ConnectionNo, Fact, Held};
use crate::plan::{ClockTerms, NetworkTerms, Plan, WorkloadTerms};
use crate::time::SimTime;

/// How many processes one client can have had.
const LIVES_MAX: u32 = 100_000;
/// How long a message may take on a machine that is busy, in microseconds.
const DELAY_US_MAX: u64 = 250_000;
/// One clock counts all, and the kernel may correct it.
const RATE_PPM_MAX: u32 = 500;
/// The kind of an entry with commands.
const ENTRY_COMMANDS: u8 = 0;

/// Something that a client's process saw, or that was done.
struct Seen {
    at: LocalTime,
    client: ClientNo,
    what: Matter,
}

enum Matter {
    Connected { connection: u64, address: String },
    Says { connection: u64, parsed: Box<Parsed> },
    Hears { connection: u64, message: Box<proto::Message> },
    Plain(Line),
}

/// Judges a run that is over, from what is in its folder; gives whether a promise was broken.
pub(super) fn judge(folder: &Path) -> anyhow::Result<bool> {
    let mut seen = Vec::new();
    for (client, life) in records_in(folder)? {
        ensure!(life < LIVES_MAX, "client {client} had more than {LIVES_MAX} processes");
        let lines = record::read(&record_of(folder, client, life))?;
        read(client * LIVES_MAX + life, &lines, &mut seen)?;
    }
    read(ClientNo::MAX, &record::read(&folder.join("run.record"))?, &mut seen)?;
    // Lines of one process keep their order.
    seen.sort_by_key(|seen| seen.at);
    let servers: Vec<_> = (1..=u8::MAX)
        .map(|number| (number, data_of(folder, &server_name(number))))
        .take_while(|(_, data)| data.exists())
        .collect();
    let members = servers.iter().map(|(_, data)| Log::read(data));
    let members = members.collect::<anyhow::Result<Vec<Log>>>()?;
    let Whole { log, conflict } = whole_log(folder, &members)?;
    let end = seen.last().map_or(LocalTime(0), |seen| seen.at);
    let addresses = servers.iter().map(|(number, _)| (address(*number), u64::from(*number)));
    let addresses = addresses.collect();
    let mut judge = Judge::new(log.clone(), &seen, addresses);
    judge.installs = installs_in(folder)?;
    let now = judge.time(end);
    judge.audit.check(now, Promise::OneLog, conflict.is_none(), || conflict.unwrap_or_default());
    for seen in &seen {
        judge.take(seen);
        if judge.audit.broken().is_some() {
            break;
        }
    }
    if judge.audit.broken().is_none() {
        judge.end(end);
    }
    if judge.audit.broken().is_none() {
        judge.compare(now, &log, &members, &Log::read(&data_of(folder, WITNESS))?)?;
    }
    Ok(judge.tell(seen.len()))
}

/// Cuts what one process recorded into messages.
fn read(client: ClientNo, lines: &[(LocalTime, Line)], seen: &mut Vec<Seen>) -> anyhow::Result<()> {
    let mut streams: BTreeMap<u64, (BytesMut, bool, BytesMut)> = BTreeMap::new();
    for (at, line) in lines {
        let at = *at;
        match line {
            Line::Connected { connection, address } => {
                let what = Matter::Connected { connection: *connection, address: address.clone() };
                seen.push(Seen { at, client, what });
            }
            Line::Says { connection, bytes } => {
                let (says, opened, _) = streams.entry(*connection).or_default();
                says.extend_from_slice(bytes);
                if !*opened && says.len() >= OPENING.len() {
                    says.advance(OPENING.len());
                    *opened = true;
                }
                while let Some(frame) = take_frame(says).map_err(|_| anyhow::anyhow!("a frame"))? {
                    let parsed = request::read(frame, &mut || Key(0));
                    let parsed = parsed.map_err(|reply| anyhow::anyhow!("{}", reply.error))?;
                    let (connection, parsed) = (*connection, Box::new(parsed));
                    seen.push(Seen { at, client, what: Matter::Says { connection, parsed } });
                }
            }
            Line::Hears { connection, bytes } => {
                let (_, _, hears) = streams.entry(*connection).or_default();
                hears.extend_from_slice(bytes);
                while let Some(frame) = take_frame(hears).map_err(|_| anyhow::anyhow!("a frame"))? {
                    let message = Box::new(answer::message(frame)?);
                    let connection = *connection;
                    seen.push(Seen { at, client, what: Matter::Hears { connection, message } });
                }
            }
            line => seen.push(Seen { at, client, what: Matter::Plain(line.clone()) }),
        }
    }
    Ok(())
}

/// An entry that the audit does not know of yet.
struct Ahead {
    entry: Entry,
    /// Of which time; none if it is of no command.
    time: Option<Time>,
    /// About when it was proposed.
    proposed: SimTime,
}

/// A client's process.
#[derive(Default)]
struct Speaker {
    connections: BTreeMap<u64, Wire>,
    /// The calls of requests that change something: they stay the same when they are sent again.
    calls: BTreeMap<u64, (CallNo, What)>,
}

#[derive(Default)]
struct Wire {
    no: ConnectionNo,
    member: u64,
    asked: BTreeMap<u64, (CallNo, bool)>,
}

/// Who believes, and whether a leader can do its work.
#[derive(Default)]
struct Eyes {
    believed: BTreeMap<FencingToken, Held>,
    is_whole: bool,
}

impl Witness for Eyes {
    fn believers(&self, name: &LockName) -> Vec<Held> {
        self.believed.values().filter(|held| held.name == *name).cloned().collect()
    }

    fn is_majority_whole(&self) -> bool {
        self.is_whole
    }
}

struct Judge {
    audit: Audit,
    eyes: Eyes,
    start: LocalTime,
    ahead: VecDeque<Ahead>,
    /// What real indexes are more than those of the audit.
    shift: u64,
    /// Snapshots that members got, by their real indexes.
    installs: BTreeSet<u64>,
    last_term: u64,
    speakers: BTreeMap<ClientNo, Speaker>,
    addresses: BTreeMap<String, u64>,
    last_call: CallNo,
    last_connection: ConnectionNo,
    notes: VecDeque<String>,
    /// How often it was looked on how many disks an entry is.
    durable_checks: u64,
}

/// Notes that are shown of what was done before a promise broke.
const NOTES_SHOWN: usize = 12;

impl Judge {
    fn new(log: Log, seen: &[Seen], addresses: BTreeMap<String, u64>) -> Judge {
        let start = seen.first().map_or(LocalTime(0), |seen| seen.at);
        let shift = log.snapshot.0 - 1;
        let timed: Vec<(Entry, Option<Time>)> = log
            .entries
            .iter()
            .map(|entry| {
                let is_timed = entry.kind == ENTRY_COMMANDS && !entry.data.is_empty();
                let time = is_timed.then(|| decode_entry(&entry.data).ok().map(|it| it.now));
                let entry = Entry { index: entry.index - shift, ..entry.clone() };
                (entry, time.flatten())
            })
            .collect();
        let offsets = offsets(&timed, seen);
        let ahead = timed.into_iter().map(|(entry, time)| {
            let offset = offsets.get(&entry.term).copied();
            let proposed = time.zip(offset).map_or(u64::MAX, |(time, offset)| {
                let boot_us = i128::from(time.0) * 1_000 - offset - i128::from(start.0);
                u64::try_from(boot_us).unwrap_or(0)
            });
            Ahead { entry, time, proposed: SimTime(proposed) }
        });
        Judge {
            ahead: ahead.collect(),
            audit: Audit::since(&plan(), log.state, log.membership, log.snapshot.1),
            eyes: Eyes::default(),
            start,
            shift,
            installs: BTreeSet::new(),
            last_term: log.snapshot.1,
            speakers: BTreeMap::new(),
            addresses,
            last_call: 0,
            last_connection: 0,
            notes: VecDeque::new(),
            durable_checks: 0,
        }
    }

    fn time(&self, at: LocalTime) -> SimTime {
        SimTime(at.0.saturating_sub(self.start.0))
    }

    fn fact(&mut self, at: LocalTime, fact: &Fact<'_>) {
        let now = self.time(at);
        self.audit.fact(now, fact, &self.eyes);
    }

    fn take(&mut self, seen: &Seen) {
        let Seen { at, client, what } = seen;
        let (at, client) = (*at, *client);
        match what {
            Matter::Connected { connection, address } => {
                self.last_connection += 1;
                let member = self.addresses.get(address).copied().unwrap_or_default();
                let wire = Wire { no: self.last_connection, member, asked: BTreeMap::new() };
                let speaker = self.speakers.entry(client).or_default();
                speaker.connections.insert(*connection, wire);
            }
            Matter::Says { connection, parsed } => self.says(at, client, *connection, parsed),
            Matter::Hears { connection, message } => match &message.kind {
                Some(Kind::Reply(reply)) => self.hears(at, client, *connection, reply),
                Some(Kind::Event(event)) => self.news(at, client, *connection, event),
                None => {}
            },
            Matter::Plain(line) => self.line(at, client, line),
        }
    }

    fn line(&mut self, at: LocalTime, client: ClientNo, line: &Line) {
        match line {
            Line::Ended { connection } => {
                let speaker = self.speakers.entry(client).or_default();
                let Some(wire) = speaker.connections.remove(connection) else { return };
                // A question that is asked again is another one.
                let questions = wire.asked.values().filter(|(_, is_question)| *is_question);
                for (call, _) in questions {
                    self.fact(at, &Fact::GaveUp { client, call: *call });
                }
            }
            Line::Holds { hold, session, mode, name } => {
                let (session, mode, name) = (*session, *mode, name.clone());
                let held = Held { client, session, hold: *hold, name, mode };
                self.eyes.believed.insert(hold.token, held.clone());
                self.fact(at, &Fact::Holds(held));
            }
            Line::Lets { token, why } => {
                self.eyes.believed.remove(token);
                self.fact(at, &Fact::Lets { client, token: *token, why: *why });
            }
            Line::Dies { client, life } => {
                let client = client * LIVES_MAX + life;
                self.eyes.believed.retain(|_, held| held.client != client);
                self.speakers.remove(&client);
                self.fact(at, &Fact::ClientDied { client });
            }
            Line::Whole(is_whole) => {
                // Until now it was as it was.
                let fact = Fact::Started { member: 0 };
                self.fact(at, &fact);
                self.eyes.is_whole = *is_whole;
                self.fact(at, &fact);
            }
            Line::Note(text) => {
                if self.notes.len() == NOTES_SHOWN {
                    self.notes.pop_front();
                }
                self.notes.push_back(format!("{} {text}", self.time(at)));
            }
            Line::Calm => self.fact(at, &Fact::Calm),
            Line::Connected { .. } | Line::Says { .. } | Line::Hears { .. } => {}
        }
    }

    fn says(&mut self, at: LocalTime, client: ClientNo, connection: u64, parsed: &Parsed) {
        let Ask::Service(what) = &parsed.ask else { return };
        if matches!(what, What::ServerInfo) {
            return;
        }
        let id = parsed.id;
        let is_question = !matches!(what, What::Command(_) | What::KeepAlive(_));
        let speaker = self.speakers.entry(client).or_default();
        let Some(wire) = speaker.connections.get_mut(&connection) else { return };
        let known = speaker.calls.get(&id).filter(|(_, before)| is_same(before, what));
        let (call, is_new) = match known {
            Some((call, _)) if !is_question => (*call, false),
            _ => {
                self.last_call += 1;
                (self.last_call, true)
            }
        };
        let (no, member) = (wire.no, wire.member);
        wire.asked.insert(id, (call, is_question));
        if is_new {
            speaker.calls.insert(id, (call, what.clone()));
            self.fact(at, &Fact::Called { client, call, what });
        }
        self.fact(at, &Fact::Sent { client, call, connection: no, id, member });
    }

    fn hears(&mut self, at: LocalTime, client: ClientNo, connection: u64, told: &proto::Reply) {
        let now = Time(told.now_ms);
        let Some(speaker) = self.speakers.get(&client) else { return };
        let Some(wire) = speaker.connections.get(&connection) else { return };
        let Some((call, is_question)) = wire.asked.get(&told.id).copied() else { return };
        let member = wire.member;
        // What the log has made of a command is told with the log's time; everything else with what
        // a member takes for the time, which may be ahead of what a leader has stamped.
        if !is_question && hear::excuse(told).is_none() {
            self.commit_before(at, now);
        }
        let reply = loop {
            let reply = hear::reply(&self.audit, call, told).or_else(|| hear::excuse(told));
            if reply.is_some() || !self.commit_one(at, now) {
                break reply;
            }
        };
        match reply {
            Some(reply) => {
                self.fact(at, &Fact::Returned { client, call, member, now, reply: &reply });
            }
            None => {
                let possible: Vec<_> = self.audit.possible(call).collect();
                let asked = speaker_call(&self.speakers, client, told.id);
                let time = self.time(at);
                self.audit.check(time, Promise::NoFalseSuccess, false, || {
                    format!(
                        "client {client} is told by member {member} of {asked:?}: {told:?}; \
                         possible is {possible:?}"
                    )
                });
            }
        }
    }

    fn news(&mut self, at: LocalTime, client: ClientNo, connection: u64, told: &proto::Event) {
        let now = Time(told.now_ms);
        let revision = hear::revision(told);
        if revision.is_some() {
            self.commit_before(at, now);
        }
        let Some(speaker) = self.speakers.get(&client) else { return };
        let Some(wire) = speaker.connections.get(&connection) else { return };
        let (no, member) = (wire.no, wire.member);
        while revision.is_some_and(|it| self.audit.state().counters().revision < it)
            && self.commit_one(at, now)
        {}
        let change = revision.and_then(|revision| self.audit.change(revision));
        let mut notice = hear::notice(change, told);
        let happened = format!("{change:?}");
        if let Some(revision) = revision.filter(|_| notice.is_none() && told.watch_id == 0) {
            while !self.audit.is_installed(revision) && self.commit_one(at, now) {}
            if self.audit.is_installed(revision) {
                notice = hear::missed(&self.audit, told);
            }
        }
        match notice {
            Some(notice) => {
                let fact = Fact::Noticed { client, connection: no, member, now, notice: &notice };
                self.fact(at, &fact);
            }
            None if revision.is_none() => {}
            None => {
                let promise = match told.watch_id {
                    0 => Promise::NoFalseSuccess,
                    _ => Promise::WatchOrder,
                };
                let time = self.time(at);
                self.audit.check(time, promise, false, || {
                    format!("client {client} is told {told:?}; what happened is {happened}")
                });
            }
        }
    }

    /// Everything of an earlier time is committed by now.
    fn commit_before(&mut self, at: LocalTime, time: Time) {
        while self.next_time().is_some_and(|next| next < time) {
            self.commit_next(at);
        }
    }

    /// One more entry, if it is of this time at the latest.
    fn commit_one(&mut self, at: LocalTime, time: Time) -> bool {
        let may = self.next_time().is_some_and(|next| next <= time);
        if may {
            self.commit_next(at);
        }
        may
    }

    /// The time of the next entry that has one.
    fn next_time(&self) -> Option<Time> {
        self.ahead.iter().find_map(|ahead| ahead.time)
    }

    /// Up to the next entry that has a time.
    fn commit_next(&mut self, at: LocalTime) {
        let now = self.time(at);
        while let Some(Ahead { entry, time, proposed }) = self.ahead.pop_front() {
            self.audit.committed(now, proposed, &entry, self.last_term, &self.eyes);
            self.last_term = entry.term;
            if self.installs.contains(&(entry.index + self.shift)) {
                self.audit.installed_now();
            }
            if time.is_some() {
                break;
            }
        }
    }

    /// Everything that was committed at all is by the end.
    fn end(&mut self, at: LocalTime) {
        while !self.ahead.is_empty() {
            self.commit_next(at);
        }
        let now = self.time(at);
        self.audit.end(now, &self.eyes);
    }

    /// What is committed is on the disks of a majority, and no disk has anything else.
    fn compare(
        &mut self,
        now: SimTime,
        right: &Log,
        members: &[Log],
        witness: &Log,
    ) -> anyhow::Result<()> {
        for entry in &right.entries {
            self.durable_checks += 1;
            let count = members.iter().filter(|member| member.has(entry)).count();
            self.audit.check(now, Promise::Durable, count * 2 > members.len(), || {
                let (index, term, all) = (entry.index, entry.term, members.len());
                format!("{count} of {all} members have entry {index} of term {term} in the end")
            });
        }
        let members = members.iter().enumerate();
        let members = members.map(|(at, log)| (format!("member {at}"), log));
        for (name, log) in members.chain([(WITNESS.to_owned(), witness)]) {
            let (from, upto) = (log.snapshot.0, log.commit);
            self.audit.check(now, Promise::Durable, log.last() >= upto, || {
                format!("{name} knows that {upto} is committed, and ends at {}", log.last())
            });
            for index in from + 1..=upto {
                let (own, right) = (log.get(index), right.get(index));
                self.audit.check(now, Promise::OneLog, own == right, || {
                    format!("{name} has {own:?} at {index}, where {right:?} is committed")
                });
            }
            if self.audit.broken().is_some() || from < right.snapshot.0 {
                continue;
            }
            let (own, right) = (log.state_at(upto)?, right.state_at(upto)?);
            self.audit.check(now, Promise::OneLog, own == right, || {
                let mut pairs = own.facts().zip(right.facts());
                let differs = pairs.find(|(own, right)| own != right);
                format!("{name} has another table at {upto} than the log makes: {differs:?}")
            });
        }
        Ok(())
    }

    /// Says how it came out, and gives whether a promise was broken.
    fn tell(&self, lines: usize) -> bool {
        let counts = self.audit.counts();
        println!(
            "judged: {} requests, {} grants, {} commands in {} entries, {lines} messages and lines",
            counts.calls, counts.grants, counts.commands, counts.entries
        );
        let checks = self.audit.checks().map(|(name, checks)| match name {
            // The audit takes a commit for being on all disks: nobody sees them meanwhile.
            _ if name == Promise::Durable.name() => format!("{name} {}", self.durable_checks),
            _ => format!("{name} {checks}"),
        });
        println!("checks: {}", checks.collect::<Vec<_>>().join(", "));
        let Some(broken) = self.audit.broken() else {
            println!("every promise was kept");
            return false;
        };
        println!("BROKEN: {broken}");
        println!("entries count from {} on; the last things that were done:", self.shift);
        self.notes.iter().for_each(|note| println!("    {note}"));
        true
    }
}

fn speaker_call(
    speakers: &BTreeMap<ClientNo, Speaker>,
    client: ClientNo,
    id: u64,
) -> Option<&What> {
    Some(&speakers.get(&client)?.calls.get(&id)?.1)
}

/// A request is sent again, or another one under its id.
fn is_same(before: &What, now: &What) -> bool {
    use bramah_core::Command::Request;
    match (before, now) {
        (
            What::Command(Request { session: one, request: old, .. }),
            What::Command(Request { session: other, request: new, .. }),
        ) => (one.id, old.seq) == (other.id, new.seq),
        (before, now) => before == now,
    }
}

/// By how much a leader's stamps are ahead of this machine's clock at most, for each term, in
/// microseconds: what was stamped was proposed before anybody heard of it.
fn offsets(timed: &[(Entry, Option<Time>)], seen: &[Seen]) -> BTreeMap<u64, i128> {
    let stamps: Vec<(u64, u64)> =
        timed.iter().filter_map(|(entry, time)| Some((time.as_ref()?.0, entry.term))).collect();
    let mut offsets = BTreeMap::new();
    for Seen { at, what, .. } in seen {
        let Matter::Hears { message, .. } = what else { continue };
        let now_ms = match &message.kind {
            Some(Kind::Reply(reply)) => reply.now_ms,
            Some(Kind::Event(event)) => event.now_ms,
            None => continue,
        };
        let behind = stamps.partition_point(|(stamp, _)| *stamp <= now_ms);
        let Some((stamp, term)) = behind.checked_sub(1).map(|place| stamps[place]) else {
            continue;
        };
        let ahead = i128::from(stamp) * 1_000 - i128::from(at.0);
        let offset = offsets.entry(term).or_insert(ahead);
        *offset = ahead.max(*offset);
    }
    offsets
}

/// What the audit must know of the run.
fn plan() -> Plan {
    Plan {
        seed: 0,
        members: 1,
        clients: 0,
        calm_at: SimTime(0),
        network: NetworkTerms {
            delay_us: (0, DELAY_US_MAX),
            drop_ppm: 0,
            duplicate_ppm: 0,
            late_ppm: 0,
            break_ppm: 0,
        },
        workload: WorkloadTerms {
            locks: 0,
            sessions_max: 1,
            ttl_ms: (1_000, 5_000),
            think_ms: 1,
            hold_ms: 1,
        },
        clocks: ClockTerms { rate_ppm_max: RATE_PPM_MAX, beyond_bounds: false },
        faults: Vec::new(),
    }
}
