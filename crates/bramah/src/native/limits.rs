//! Every bound of the client of a server.

use std::time::Duration;

/// Most requests that are sent and not answered on one connection; the server allows 1,024. What
/// waits in a queue has been answered. Keepalives go beyond it.
pub(super) const REQUESTS_SENT_MAX: usize = 512;
/// Most requests of one [`crate::Locker`] that have no answer, sent or not, waits included.
pub(super) const REQUESTS_MAX: usize = 65_536;
/// Most changes that a watch keeps for a slow reader; past it the watch starts again.
pub(super) const WATCH_CHANGES_MAX: usize = 4_096;
/// Longest time for one attempt to connect; of several servers, of the first attempts to all of
/// them together.
pub(super) const DIAL_MAX: Duration = Duration::from_secs(3);
/// Shortest time after which an attempt to connect is given up, however many servers there are.
pub(super) const DIAL_MIN: Duration = Duration::from_millis(250);
/// Longest head start of one address of a server before the next is called beside it (RFC 8305).
pub(super) const DIAL_HEAD_START_MAX: Duration = Duration::from_millis(250);
/// Most addresses of one name that are called.
pub(super) const ADDRESSES_DIALED_MAX: usize = 16;
/// Longest silence of a server that owes an answer; or the connect time-out, or a third of the
/// shortest TTL, if that is less. With other servers to turn to it is a sixth of the TTL, and less
/// until the first word; a keepalive has no more time than that, whatever else the server answers.
/// The only server of a session that answered before has half of the TTL. After half of the
/// silence the server is asked for a sign of life.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(10);
/// Shortest silence for which a server is left, unless the shortest TTL asks for less.
pub(super) const SILENCE_MIN: Duration = Duration::from_millis(250);
/// Most servers that are learned from others, besides those of the URL.
pub(super) const SERVERS_LEARNED_MAX: usize = 16;
/// How often a server is asked who the members of its cluster are.
pub(super) const MEMBERS_ASKED_EVERY: Duration = Duration::from_secs(60);
/// The same after it said that it knows of no leader. If it says so again, it is left.
pub(super) const LEADER_ASKED_AFTER: Duration = Duration::from_millis(500);
/// Longest time in which a server that is to be left may answer what cannot be asked again.
pub(super) const LEAVING_MAX: Duration = Duration::from_secs(2);
/// Bounds of the random pause before another attempt to connect, or to ask a server that said "not
/// now".
pub(super) const PAUSE_MIN: Duration = Duration::from_millis(20);
/// See [`PAUSE_MIN`]; a twentieth of the shortest TTL if that is less.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(1);
/// A connection that lasted this long was a good one: the next pause is short again.
pub(super) const PAUSE_RESET: Duration = Duration::from_secs(5);
/// Longest sleep while there is a lease to look after: a timer stands still while the machine is
/// suspended, the lease does not.
pub(super) const SLEEP_MAX: Duration = Duration::from_secs(1);
/// Longest time to say goodbye to the server after the last handle was dropped.
pub(super) const GOODBYE_MAX: Duration = Duration::from_secs(2);
/// First size of the buffer for what the server sends.
pub(super) const READ_BUFFER_BYTES: usize = 8 * 1024;
