//! Every byte that leaves a process is written here, and every byte that comes in is read here.
//!
//! The lock core's types cannot be serialized, so no format comes about by accident. There are
//! four, each with a version of its own and golden bytes in its tests; FORMATS.md has them byte by
//! byte.
//!
//! # What travels between client and server
//! [`frame`] cuts a stream into messages, which [`proto`] has as the protocol's schema says. On the
//! way in, [`request::read`] makes of a frame what can be served, or the error that answers it:
//! what passes there is checked, and nobody checks it again. On the way out, [`reply`] tells what
//! the core answered, [`listing`] what is in its table, and [`event`] what happened to those whom
//! it concerns. All of it fits a frame, however full the table is: what could be longer is cut, and
//! says that there is more. The client's half is [`ask`] and [`answer`].
//!
//! # What a log and a snapshot hold
//! [`mod@entry`] is a time and the commands applied at that time; [`snapshot`] is a stream of facts
//! in checksummed blocks. Both have the same forms of core's types, declared once as a list of
//! fields, so that a field that core gains does not compile until its place is decided. Whatever
//! value of a type can exist can be written and read again: bounds on requests may become tighter
//! without making an old entry unreadable.
//!
//! [`membership`] stands beside a snapshot: which node of which cluster it is of. [`peer`] is what
//! the members of a cluster tell each other, and [`link`] how they meet.
//! [`backup`] is a snapshot on its way to a cluster of its own.
//!
//! # What an error is
//! [`ErrorCode`] is the one table: its name, whether the request may have happened, the HTTP
//! status, the exit code and a line of meaning. Reference pages are made from it. Contention is not
//! in the way of errors: busy and timed-out answers are replies of their own.
//!
//! # What this crate does not do
//! It reads no socket and no file, keeps no connection, and knows no clock and no randomness: the
//! keys of new sessions and holds are drawn by whoever calls [`request::read`]. Nothing here is
//! believed because a header says so: room is made as bytes arrive, and no bytes make it panic.

pub mod answer;
pub mod ask;
pub mod backup;
mod codec;
pub mod convert;
pub mod entry;
pub mod error;
pub mod event;
mod fact;
pub mod frame;
pub mod json;
pub mod link;
pub mod listing;
pub mod membership;
pub mod peer;
pub mod proto;
mod refusal;
pub mod reply;
pub mod request;
pub mod snapshot;

pub use codec::DecodeError;
pub use error::{Effect, Error, ErrorCode};
