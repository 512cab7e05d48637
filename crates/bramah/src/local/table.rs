//! What stands in a lock file: who holds, who waits, and the one rule by which the queue moves.
//! Pure.

use bramah_core::{FencingToken, LockName, Mode, Owner, Priority, Value};

use super::bytes::{Reader, Writer};
use crate::clock::LocalTime;

/// Fencing tokens that one second of the wall clock has room for.
const TOKENS_PER_SECOND: u64 = 1 << 20;

/// Never.
pub(super) const NEVER: LocalTime = LocalTime(u64::MAX);

/// One lock, as its file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: LockName,
    /// The newest fencing token that was given, 0 before the first.
    pub(super) token_newest: u64,
    /// The newest ticket that was given.
    pub(super) ticket_newest: u64,
    /// Holders and waiters, in the order of their arrival. Whether one still lives, only the kernel
    /// knows.
    pub(super) seats: Vec<Seat>,
}

/// One who holds or waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    /// Its number by arrival, never given twice. Its owner keeps the byte of this number locked.
    pub(super) ticket: u64,
    /// Of a holder: its fencing token. None while it waits.
    pub(super) token: Option<FencingToken>,
    pub(super) mode: Mode,
    pub(super) priority: Priority,
    /// The ticket of the shared hold that its exclusive one replaces.
    pub(super) upgrades: Option<u64>,
    /// Of a holder: when it was granted. Of a waiter: when it came.
    pub(super) since: LocalTime,
    /// Of a holder: when its maximum hold is over. Of a waiter: when it gives up.
    pub(super) until: LocalTime,
    /// How often it is held, with re-entries.
    pub(super) entries: u32,
    pub(super) owner: Owner,
    pub(super) value: Option<Value>,
}

impl Seat {
    /// Its time is over: it holds or waits no more, whatever its owner does. It may be stopped.
    pub(super) fn is_over(&self, now: LocalTime) -> bool {
        now >= self.until
    }

    /// The order of waiters: an upgrade is first, for nobody else can be granted while its shared
    /// hold stays; then the more urgent; then the earlier. Who waits for several locks comes to
    /// each queue with the time at which it came to the first.
    pub(super) fn rank(&self) -> (bool, i16, LocalTime, u64) {
        (self.upgrades.is_none(), -i16::from(self.priority.0), self.since, self.ticket)
    }
}

impl Table {
    /// A lock that nobody has used yet.
    pub(super) fn new(name: LockName) -> Table {
        Table { name, token_newest: 0, ticket_newest: 0, seats: Vec::new() }
    }

    pub(super) fn seat(&self, ticket: u64) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.ticket == ticket)
    }

    pub(super) fn seat_mut(&mut self, ticket: u64) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.ticket == ticket)
    }

    /// Takes a seat out, if it is there.
    pub(super) fn remove(&mut self, ticket: u64) -> Option<Seat> {
        let at = self.seats.iter().position(|seat| seat.ticket == ticket)?;
        Some(self.seats.remove(at))
    }

    /// When time itself changes something next: a maximum hold is over, or somebody's wait.
    pub(super) fn changes_at(&self, now: LocalTime) -> LocalTime {
        // What is over may stand here until somebody else changes the table.
        let to_come = self.seats.iter().map(|seat| seat.until).filter(|until| *until > now);
        to_come.fold(NEVER, LocalTime::min)
    }

    pub(super) fn holders(&self) -> impl Iterator<Item = &Seat> {
        self.seats.iter().filter(|seat| seat.token.is_some())
    }

    /// Those who wait, the next one first.
    pub(super) fn queue(&self) -> Vec<&Seat> {
        let mut queue: Vec<&Seat> = self.seats.iter().filter(|seat| seat.token.is_none()).collect();
        queue.sort_by_key(|seat| seat.rank());
        queue
    }

    /// The rule: `me` is granted as soon as it is compatible with all who hold and with all who
    /// wait before it. Names one who is in the way.
    ///
    /// Those before `me` count as if they held already: so each can take its grant by itself, in
    /// any order, and none passes another. `lives` is asked only where the answer matters.
    pub(super) fn in_the_way(&self, me: &Seat, lives: impl Fn(&Seat) -> bool) -> Option<&Seat> {
        let mut room = match me.mode {
            Mode::Permits { count, limit } => limit.saturating_sub(count),
            Mode::Exclusive | Mode::Shared => 0,
        };
        self.seats.iter().find(|seat| {
            let is_self = seat.ticket == me.ticket || Some(seat.ticket) == me.upgrades;
            if is_self || (seat.token.is_none() && seat.rank() > me.rank()) {
                return false;
            }
            let weight = match (me.mode, seat.mode) {
                (Mode::Shared, Mode::Shared) => return false,
                // Whoever names another limit waits for all who named this one.
                (Mode::Permits { limit, .. }, Mode::Permits { count, limit: theirs })
                    if limit == theirs =>
                {
                    count
                }
                _ => u32::MAX,
            };
            if !lives(seat) {
                return false;
            }
            let fits = weight <= room;
            room = room.saturating_sub(weight);
            !fits
        })
    }

    /// The next fencing token, and whether it must be on the disk before it is used.
    ///
    /// It is the wall clock's second, or one more than the last token, whichever is greater. So a
    /// file that was emptied by a reboot or deleted starts above everything it gave before, and as
    /// long as the clock is not behind the counter nothing needs to be synced. A counter that is
    /// ahead of the clock (it was set back) is all that is left to remember.
    pub(super) fn next_token(&self, wall_seconds: u64) -> (FencingToken, bool) {
        let clock = wall_seconds.saturating_mul(TOKENS_PER_SECOND);
        let token = clock.max(self.token_newest.saturating_add(1));
        (FencingToken(token), token - clock >= TOKENS_PER_SECOND)
    }

    /// The name and the seats; the two counters stand in the file's header.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut to = Writer::default();
        to.text(self.name.as_str());
        to.u32(u32::try_from(self.seats.len()).unwrap_or(u32::MAX));
        for seat in &self.seats {
            to.u64(seat.ticket);
            to.u64(seat.token.map_or(0, |token| token.0));
            let (mode, count, limit) = match seat.mode {
                Mode::Exclusive => (MODE_EXCLUSIVE, 0, 0),
                Mode::Shared => (MODE_SHARED, 0, 0),
                Mode::Permits { count, limit } => (MODE_PERMITS, count, limit),
            };
            to.u8(mode);
            to.u32(count);
            to.u32(limit);
            to.u8(seat.priority.0.cast_unsigned());
            to.u64(seat.upgrades.unwrap_or(0));
            to.u64(seat.since.0);
            to.u64(seat.until.0);
            to.u32(seat.entries);
            let Owner { host, pid, user, command, reason, url } = &seat.owner;
            to.u32(*pid);
            for text in [host, user, command, reason, url] {
                to.text(text);
            }
            to.u8(u8::from(seat.value.is_some()));
            to.bytes(seat.value.as_ref().map_or(&[], Value::as_bytes));
        }
        to.done()
    }

    /// Reads what [`Table::encode`] wrote. None if it is anything else.
    pub(super) fn decode(bytes: &[u8]) -> Option<Table> {
        let mut from = Reader(bytes);
        let mut table = Table::new(LockName::new(from.text()?).ok()?);
        for _ in 0..from.u32()? {
            let (ticket, token) = (from.u64()?, from.u64()?);
            let (mode, count, limit) = (from.u8()?, from.u32()?, from.u32()?);
            let mode = match mode {
                MODE_EXCLUSIVE => Mode::Exclusive,
                MODE_SHARED => Mode::Shared,
                MODE_PERMITS => Mode::Permits { count, limit },
                _ => return None,
            };
            let priority = Priority(from.u8()?.cast_signed());
            let (upgrades, since, until) = (from.u64()?, from.u64()?, from.u64()?);
            let (entries, pid) = (from.u32()?, from.u32()?);
            let mut text = || from.text().map(str::to_owned);
            let owner = Owner {
                pid,
                host: text()?,
                user: text()?,
                command: text()?,
                reason: text()?,
                url: text()?,
            };
            let has_value = from.u8()? != 0;
            let value = Value::new(from.bytes()?).ok()?;
            table.seats.push(Seat {
                ticket,
                token: (token != 0).then_some(FencingToken(token)),
                mode,
                priority,
                upgrades: (upgrades != 0).then_some(upgrades),
                since: LocalTime(since),
                until: LocalTime(until),
                entries,
                owner,
                value: has_value.then_some(value),
            });
        }
        from.0.is_empty().then_some(table)
    }
}

const MODE_EXCLUSIVE: u8 = 1;
const MODE_SHARED: u8 = 2;
const MODE_PERMITS: u8 = 3;
