//! Bounds of the shell, with their units last.

use std::time::Duration;

/// Requests of one connection that may be without an answer. Past it nothing more is read from it.
pub const CONNECTION_REQUESTS_MAX: usize = 1024;
/// Bytes of such requests. Past it nothing more is read before all of them are answered.
pub const CONNECTION_REQUEST_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Bytes that may wait to be sent on one connection before nothing more is read from it.
pub const OUT_BYTES_SOFT_MAX: usize = 256 * 1024;
/// Bytes that may wait to be sent on one connection before its watches end.
pub const OUT_BYTES_LAGGING: usize = 2 * 1024 * 1024;
/// Bytes that may wait to be sent on one connection before it is closed.
pub const OUT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of a connection's buffer that are kept when it is empty. One that was larger goes.
pub const BUFFER_BYTES_KEPT: usize = 64 * 1024;
/// Bytes that a connection is counted as, whatever it does: its task, and what it has in its
/// buffers up to [`CONNECTION_BUFFER_BYTES`] each.
pub const CONNECTION_BYTES: usize = 32 * 1024;
/// Bytes of each of a connection's two buffers that are not counted for themselves.
pub const CONNECTION_BUFFER_BYTES: usize = 12 * 1024;
/// Bytes that an HTTP request is counted as while it is under way: its head, its task, and a short
/// body and answer.
pub const HTTP_REQUEST_BYTES: usize = 4 * 1024;
/// How long the client of an HTTP/2 connection may take nothing of the answers that wait for it.
/// The kernel sees to that where a client does not even read.
pub const HTTP2_UNTAKEN_TIME_MAX: Duration = Duration::from_secs(30);
/// Bytes that may come over an HTTP/2 connection, or one of its streams, before a handler takes
/// them.
pub const HTTP2_WINDOW_BYTES: u32 = 64 * 1024;
/// How long a new connection may take to say what it speaks.
pub const OPENING_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a frame may take from its first byte to its last.
pub const FRAME_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a connection that is to be closed may take to read what was said to it last.
pub const GOODBYE_TIME_MAX: Duration = Duration::from_secs(5);
/// Bytes of the head of an HTTP request: its first line and all its headers.
pub const HTTP_HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long the head of an HTTP request may take from its first byte to its last.
pub const HTTP_HEAD_TIME_MAX: Duration = Duration::from_secs(10);
/// Bytes of the body of an HTTP request: of the longest value in JSON, with room for escapes.
pub const HTTP_BODY_BYTES_MAX: usize = 256 * 1024;
/// How long the body of an HTTP request may take.
pub const HTTP_BODY_TIME_MAX: Duration = Duration::from_secs(15);
/// How deep objects and lists of a JSON body may stand in each other.
pub const JSON_DEPTH_MAX: usize = 8;
/// How long an HTTP connection may be silent between two requests, at least.
pub const HTTP_IDLE_TIME_MAX: Duration = Duration::from_secs(90);
/// How long a request may still take whose client has ended its connection, or its sending half,
/// behind something that was not read yet.
pub const HTTP_LEFT_TIME_MAX: Duration = Duration::from_secs(1);
/// Bytes that may come over HTTP/1.1 behind a request that is under way, and are not read before it
/// is answered: so many fit into any socket, and the end of the connection behind them.
pub const HTTP_UNREAD_BYTES_MAX: u64 = 32 * 1024;
/// How long there may be more of them, at least, while no request is answered.
pub const HTTP_UNREAD_TIME_MAX: Duration = Duration::from_secs(10);
/// How long an acquire over HTTP may wait: longer waits are asked for again.
pub const HTTP_WAIT_TIME_MAX: Duration = Duration::from_secs(600);
/// How much longer than its wait an acquire may be without news before it is given up.
pub const HTTP_WAIT_SLACK: Duration = Duration::from_secs(15);
/// How long a hold or session lives without being renewed, when the request does not say.
pub const HTTP_TTL_DEFAULT: Duration = Duration::from_secs(15);
/// Longest id that a client gives its request, in bytes.
pub const REQUEST_ID_BYTES_MAX: usize = 128;
/// Shortest such id where it is all that a hold's holder must know.
pub const REQUEST_ID_BYTES_MIN: usize = 16;
/// Ended holds of a lock among which an earlier request of the same id is looked for.
pub const REPEATS_LOOKED_AT_MAX: usize = 1_000;
/// Pages of the table that one filtered listing over HTTP goes through; then it says that there may
/// be more.
pub const FILTERED_PAGES_MAX: usize = 16;
/// Bytes of names and values that one filtered listing has, but for its last lock; an unfiltered
/// one is a page, and ends at a frame.
pub const FILTERED_BYTES_MAX: usize = 1024 * 1024;
/// How long a conditional read waits for a change when the request does not say.
pub const HTTP_WATCH_WAIT_DEFAULT: Duration = Duration::from_secs(30);
/// Names and prefixes that are followed over HTTP at a time, by any number of clients each.
pub const TOPICS_MAX: usize = 4_096;
/// Changes of one of them that are kept for those who follow it. Whoever is further behind gets a
/// new snapshot.
pub const TOPIC_CHANGES_MAX: usize = 1_024;
/// Bytes of such changes.
pub const TOPIC_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of the changes of all of them, or less where there is less memory; beyond, the next
/// to change loses its oldest.
pub const TOPICS_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long changes are kept when nobody follows, for those who come back.
pub const TOPIC_LINGER: Duration = Duration::from_secs(60);
/// Bytes of events that are given to a connection at once.
pub const EVENTS_BYTES_AT_ONCE: usize = 64 * 1024;
/// How long a stream of events is silent before a comment keeps it open.
pub const EVENTS_COMMENT_INTERVAL: Duration = Duration::from_secs(15);
/// Requests of one HTTP/2 connection that may be under way; over HTTP/1.1 it is one.
pub const HTTP_STREAMS_MAX: u32 = 64;
/// Bytes of one HTTP/2 stream that may wait to be sent.
pub const HTTP_SEND_BYTES_MAX: usize = 64 * 1024;
/// How often an HTTP/2 connection is asked whether it is there.
pub const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(20);
/// How long it may take to answer that.
pub const HTTP2_PING_TIME_MAX: Duration = Duration::from_secs(20);
/// File descriptors that are kept for the log, the listeners, other members and the like.
pub const FILES_RESERVED: u64 = 128;
/// Connections that are being told that there are too many, beside those that are served. With the
/// one that is being accepted they stay within [`FILES_RESERVED`], half of which is the log's.
pub const REFUSALS_MAX: usize = 31;
/// Silence after which the kernel begins to probe a connection.
pub const TCP_IDLE: Duration = Duration::from_secs(10);
/// Time between two probes.
pub const TCP_PROBE_INTERVAL: Duration = Duration::from_secs(5);
/// Probes without an answer after which a connection is dead.
pub const TCP_PROBES: u32 = 3;
/// How long sent bytes may go without an acknowledgement before a connection is dead.
pub const TCP_USER_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes that may wait to be said to another member. What comes then is dropped, and said again by
/// consensus.
pub const PEER_OUT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Messages that may wait to be said to another member, likewise.
pub const PEER_OUT_LEN_MAX: usize = 65_536;
/// Bytes of messages of other members that may wait for the node. Then nothing more is read from
/// them.
pub const PEER_IN_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Connections of other members at a time, those for snapshots included.
pub const PEER_CALLS_MAX: usize = 12;
/// Connections at the port for members that have not said who they are, or are told that they do
/// not belong there. The oldest makes room for the next.
pub const PEER_STRANGERS_MAX: usize = 12;
/// How long two members may take to know each other.
pub const PEER_HELLO_TIME_MAX: Duration = Duration::from_secs(3);
/// How long what was said to a member may go without an acknowledgement before the connection is
/// dead. Something is said at least every second.
pub const PEER_SILENCE_TIME_MAX: Duration = Duration::from_secs(3);
/// The shortest and the longest pause before a member is called again.
pub const PEER_RETRY_TIME_MIN: Duration = Duration::from_millis(20);
/// See [`PEER_RETRY_TIME_MIN`].
pub const PEER_RETRY_TIME_MAX: Duration = Duration::from_millis(250);
/// Snapshots that are sent to other members at a time.
pub const SNAPSHOTS_SENT_MAX: usize = 2;
/// Bytes of a snapshot in one frame.
pub const SNAPSHOT_PART_BYTES: usize = 256 * 1024;
/// How long a snapshot's sender or receiver may say nothing.
pub const SNAPSHOT_SILENCE_TIME_MAX: Duration = Duration::from_secs(20);
/// How long after a snapshot was not taken to its end it is sent again, all of it: a receiver whose
/// disk is full takes none before there is room.
pub const SNAPSHOT_RETRY_TIME: Duration = Duration::from_secs(5);
/// Backups that are under way at a time.
pub const BACKUPS_MAX: usize = 4;
/// How long the reader of one may ask for nothing before it makes room for another.
pub const BACKUP_IDLE_TIME_MAX: Duration = Duration::from_secs(60);
/// Bytes of a backup in one reply.
pub const BACKUP_PART_BYTES: usize = 256 * 1024;
/// How long a WebSocket's client may be silent before it is sent a ping.
pub const WEBSOCKET_PING_AFTER: Duration = Duration::from_secs(15);
/// How long it may be silent before its connection ends, the sessions that are bound to it too. A
/// message must come whole within it.
pub const WEBSOCKET_SILENCE_TIME_MAX: Duration = Duration::from_secs(30);
