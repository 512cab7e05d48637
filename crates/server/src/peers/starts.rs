//! Which start of each other node speaks here. Of two that run at once, which have copies of one
//! data folder, one is refused: both would vote as one member.
//!
//! The one that has run longer stays: so all members decide alike, whoever called them first. One
//! that was silent for [`START_SILENCE_TIME_MAX`] is taken for dead and gives way to the next, for
//! ever: what it stood for has gone on without it. A connection that ended gives way at once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bramah_wire::link::{PLACES_LEN_MAX, Start};
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long a start of a node may say nothing before another start of it takes its place. Each says
/// something every [`super::link::ALIVE_EVERY`].
pub(crate) const START_SILENCE_TIME_MAX: Duration = Duration::from_secs(3);

/// How many starts of a node that were replaced are remembered, the newest. Each was silent for
/// [`START_SILENCE_TIME_MAX`], and its process would have to be there still.
const REPLACED_LEN_MAX: usize = 64;

/// Of how many nodes it is known which start spoke last. Beyond, the one is forgotten that has been
/// gone for longest: members are few, and the others came to join and were never taken.
const SEATS_LEN_MAX: usize = PLACES_LEN_MAX;

/// A connection on which another member speaks.
pub(crate) struct Call {
    /// It is to end.
    pub(crate) over: Notify,
    begun: Instant,
    /// When something was last heard on it, in milliseconds from its beginning.
    heard_ms: AtomicU64,
}

impl Call {
    fn new(now: Instant) -> Call {
        Call { over: Notify::new(), begun: now, heard_ms: AtomicU64::new(0) }
    }

    /// Something was said.
    pub(crate) fn hear(&self, now: Instant) {
        let ms = u64::try_from((now - self.begun).as_millis()).unwrap_or(u64::MAX);
        self.heard_ms.store(ms, Ordering::Relaxed);
    }

    fn heard(&self) -> Instant {
        self.begun + Duration::from_millis(self.heard_ms.load(Ordering::Relaxed))
    }
}

/// Why a start of a node is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartRefused {
    /// Another one is there, heard of so long ago.
    AnotherIsThere(Duration),
    /// It was silent, and another one took its place.
    Replaced,
}

/// The start of a node that spoke here last.
struct Seat {
    /// Not told by an older release.
    start: Option<Told>,
    call: Arc<Call>,
    /// The connection ended by itself.
    has_ended: bool,
    /// The starts that were silent when others took their place: their incarnations.
    replaced: VecDeque<u64>,
    /// How many those were.
    takeovers: u64,
}

/// What a start told of itself, and since when it runs, on the clock of this process.
#[derive(Clone, Copy)]
struct Told {
    incarnation: u64,
    /// In milliseconds from [`Starts::epoch`]; most began before it.
    began_ms: i64,
}

/// What follows for a start that calls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It is the one that was there, or one of two that are told apart by their ages.
    Taken,
    /// It is, and the one before it is dead.
    TakenOver,
    Refused(StartRefused),
}

/// All of them, one for each node that is a member.
pub(crate) struct Starts {
    epoch: Instant,
    seats: BTreeMap<u64, Seat>,
}

impl Starts {
    pub(crate) fn new(now: Instant) -> Starts {
        Starts { epoch: now, seats: BTreeMap::new() }
    }

    /// Whether this start of a node may speak.
    pub(crate) fn check(
        &self,
        node: u64,
        start: Option<Start>,
        now: Instant,
    ) -> Result<(), StartRefused> {
        match self.judge(node, self.told(start, now), now) {
            Verdict::Refused(why) => Err(why),
            Verdict::Taken | Verdict::TakenOver => Ok(()),
        }
    }

    /// Another start of this node is here, and was silent for so long that this one takes its
    /// place. Unless it spoke, and this process was kept from reading it.
    pub(crate) fn is_to_be_replaced(&self, node: u64, start: Option<Start>, now: Instant) -> bool {
        self.judge(node, self.told(start, now), now) == Verdict::TakenOver
    }

    /// A start that may speak does so on a new connection; the one before that ends.
    pub(crate) fn begin(&mut self, node: u64, start: Option<Start>, now: Instant) -> Arc<Call> {
        let told = self.told(start, now);
        let verdict = self.judge(node, told, now);
        let call = Arc::new(Call::new(now));
        let (replaced, takeovers) = (VecDeque::new(), 0);
        let mut seat =
            Seat { start: told, call: call.clone(), has_ended: false, replaced, takeovers };
        if let Some(before) = self.seats.remove(&node) {
            before.call.over.notify_one();
            (seat.replaced, seat.takeovers) = (before.replaced, before.takeovers);
            seat.takeovers += u64::from(verdict == Verdict::TakenOver);
            let silent = before.start.filter(|_| verdict == Verdict::TakenOver);
            seat.replaced.extend(silent.map(|start| start.incarnation));
            if seat.replaced.len() > REPLACED_LEN_MAX {
                seat.replaced.pop_front();
            }
        }
        if self.seats.len() >= SEATS_LEN_MAX {
            let gone = self.seats.iter().filter(|(_, seat)| seat.has_ended);
            let longest = gone.min_by_key(|(_, seat)| seat.call.heard()).map(|(node, _)| *node);
            longest.map(|node| self.seats.remove(&node));
        }
        self.seats.insert(node, seat);
        call
    }

    /// How often a start of a node took the place of one that was silent: whoever speaks to that
    /// one speaks to nobody.
    pub(crate) fn takeovers(&self, node: u64) -> u64 {
        self.seats.get(&node).map_or(0, |seat| seat.takeovers)
    }

    /// A connection ended by itself. Tells whether that node spoke on it last.
    pub(crate) fn end(&mut self, node: u64, call: &Arc<Call>) -> bool {
        let seat = self.seats.get_mut(&node).filter(|seat| Arc::ptr_eq(&seat.call, call));
        seat.map(|seat| seat.has_ended = true).is_some()
    }

    /// Ends the connection on which a node speaks, which is a member no more.
    pub(crate) fn forget(&mut self, node: u64) {
        if let Some(seat) = self.seats.remove(&node) {
            seat.call.over.notify_one();
        }
    }

    fn told(&self, start: Option<Start>, now: Instant) -> Option<Told> {
        let Start { incarnation, age_ms } = start?;
        let now_ms = i64::try_from((now - self.epoch).as_millis()).unwrap_or(i64::MAX);
        let age_ms = i64::try_from(age_ms).unwrap_or(i64::MAX);
        Some(Told { incarnation, began_ms: now_ms.saturating_sub(age_ms) })
    }

    fn judge(&self, node: u64, told: Option<Told>, now: Instant) -> Verdict {
        let (Some(seat), Some(told)) = (self.seats.get(&node), told) else { return Verdict::Taken };
        if seat.replaced.contains(&told.incarnation) {
            return Verdict::Refused(StartRefused::Replaced);
        }
        let Some(there) = seat.start else { return Verdict::Taken };
        if there.incarnation == told.incarnation {
            return Verdict::Taken;
        }
        let silence = now.saturating_duration_since(seat.call.heard());
        if silence >= START_SILENCE_TIME_MAX {
            return Verdict::TakenOver;
        }
        let is_older = (told.began_ms, told.incarnation) < (there.began_ms, there.incarnation);
        match seat.has_ended || is_older {
            true => Verdict::Taken,
            false => Verdict::Refused(StartRefused::AnotherIsThere(silence)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: u64 = 7;

    /// A start that began so many seconds after the first, if that is positive.
    fn start(incarnation: u64, age_s: u64) -> Option<Start> {
        Some(Start { incarnation, age_ms: age_s * 1_000 })
    }

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    /// One that has run for a minute is there.
    fn with_one() -> (Starts, Arc<Call>, Instant) {
        let now = Instant::now();
        let mut starts = Starts::new(now);
        assert_eq!(starts.check(NODE, start(1, 60), now), Ok(()));
        let call = starts.begin(NODE, start(1, 60), now);
        (starts, call, now)
    }

    fn refused_for(silence: Duration) -> Result<(), StartRefused> {
        Err(StartRefused::AnotherIsThere(silence))
    }

    #[test]
    fn a_second_start_is_refused_for_as_long_as_the_first_is_heard() {
        let (starts, call, mut now) = with_one();
        for _ in 0..5 {
            now += seconds(2);
            assert_eq!(starts.check(NODE, start(2, 0), now), refused_for(seconds(2)));
            assert!(!starts.is_to_be_replaced(NODE, start(2, 0), now));
            call.hear(now);
        }
        assert_eq!(starts.check(8, start(2, 0), now), Ok(()), "of another node");
        assert_eq!(starts.check(NODE, start(1, 70), now), Ok(()), "the same, once more");
    }

    #[test]
    fn a_restart_takes_the_place_of_one_that_is_silent_or_whose_connection_ended() {
        let (mut starts, call, now) = with_one();
        let later = now + START_SILENCE_TIME_MAX;
        assert!(starts.is_to_be_replaced(NODE, start(2, 0), later));
        assert_eq!(starts.check(NODE, start(2, 0), later), Ok(()));
        starts.end(NODE, &call);
        assert_eq!(starts.check(NODE, start(2, 0), now), Ok(()));
        assert!(!starts.is_to_be_replaced(NODE, start(2, 0), now));
    }

    #[test]
    fn the_end_of_a_connection_that_was_replaced_frees_nothing() {
        let (mut starts, first, now) = with_one();
        let _second = starts.begin(NODE, start(1, 61), now);
        starts.end(NODE, &first);
        assert_eq!(starts.check(NODE, start(2, 0), now), refused_for(Duration::ZERO));
    }

    #[test]
    fn who_was_silent_and_was_replaced_does_not_come_back() {
        let (mut starts, _, now) = with_one();
        let later = now + START_SILENCE_TIME_MAX;
        assert_eq!(starts.takeovers(NODE), 0);
        let second = starts.begin(NODE, start(2, 0), later);
        assert_eq!(starts.takeovers(NODE), 1);
        assert_eq!(starts.check(NODE, start(1, 63), later), Err(StartRefused::Replaced));
        // Nor when the second is gone, or has called again.
        starts.end(NODE, &second);
        let _again = starts.begin(NODE, start(2, 1), later);
        assert_eq!(starts.takeovers(NODE), 1, "the same, once more");
        let later = later + seconds(100);
        assert_eq!(starts.check(NODE, start(1, 163), later), Err(StartRefused::Replaced));
        assert_eq!(starts.check(NODE, start(3, 0), later), Ok(()));
    }

    #[test]
    fn who_was_replaced_does_not_come_back_when_that_one_was_replaced_too() {
        let (mut starts, _, mut now) = with_one();
        for incarnation in 2..=REPLACED_LEN_MAX as u64 + 1 {
            now += START_SILENCE_TIME_MAX;
            let call = starts.begin(NODE, start(incarnation, 0), now);
            // Killed, so its connection ends; the next one comes later than silence may last.
            starts.end(NODE, &call);
        }
        for incarnation in 1..=REPLACED_LEN_MAX as u64 {
            let why = starts.check(NODE, start(incarnation, 1_000), now);
            assert_eq!(why, Err(StartRefused::Replaced), "{incarnation}");
        }
        now += START_SILENCE_TIME_MAX;
        starts.begin(NODE, start(1_000, 0), now);
        assert_eq!(starts.seats[&NODE].replaced.len(), REPLACED_LEN_MAX, "no more are remembered");
        assert_eq!(starts.check(NODE, start(2, 1_000), now), Err(StartRefused::Replaced));
    }

    #[test]
    fn those_that_came_once_and_never_again_are_forgotten_before_those_that_are_there() {
        let (mut starts, _there, mut now) = with_one();
        let first = NODE + 1;
        for node in first..first + 2 * SEATS_LEN_MAX as u64 {
            now += seconds(1);
            let call = starts.begin(node, start(node, 0), now);
            starts.end(node, &call);
        }
        assert_eq!(starts.seats.len(), SEATS_LEN_MAX);
        assert!(starts.seats.contains_key(&NODE), "it speaks");
        assert!(!starts.seats.contains_key(&first));
    }

    #[test]
    fn of_two_that_are_there_the_older_one_stays_whoever_came_first() {
        let now = Instant::now();
        let mut starts = Starts::new(now);
        let copy = starts.begin(NODE, start(2, 5), now);
        assert_eq!(starts.check(NODE, start(1, 60), now), Ok(()));
        starts.begin(NODE, start(1, 60), now);
        assert_eq!(starts.check(NODE, start(2, 5), now), refused_for(Duration::ZERO));
        starts.end(NODE, &copy);
        assert_eq!(starts.check(NODE, start(2, 5), now), refused_for(Duration::ZERO));
        // While the connection of the older one is away for a moment, it has not lost its place.
        let (mut starts, call, now) = with_one();
        starts.end(NODE, &call);
        starts.begin(NODE, start(2, 5), now);
        assert_eq!(starts.check(NODE, start(1, 60), now), Ok(()));
    }

    #[test]
    fn an_older_release_that_tells_no_start_is_taken_as_ever() {
        let (mut starts, _, now) = with_one();
        assert_eq!(starts.check(NODE, None, now), Ok(()));
        starts.begin(NODE, None, now);
        assert_eq!(starts.check(NODE, start(1, 60), now), Ok(()));
        assert_eq!(starts.check(NODE, start(2, 0), now), Ok(()));
    }

    #[test]
    fn no_age_that_is_told_makes_it_panic() {
        let (mut starts, _, now) = with_one();
        let told = Some(Start { incarnation: 2, age_ms: u64::MAX });
        assert_eq!(starts.check(NODE, told, now), Ok(()));
        starts.begin(NODE, told, now);
        starts.forget(NODE);
        assert_eq!(starts.check(NODE, start(3, 0), now), Ok(()));
    }
}
