//! How members of a cluster meet: what they say first on a connection, the addresses that they tell
//! each other, and how a connection is cut into frames.
//!
//! ```text
//! opening   "BRAMPEER" · oldest u8 · newest u8 version of the messages that the sender speaks
//! then, both ways, frames: length u32 big-endian · kind u8 · content
//!
//! hello     cluster varint · from varint · to varint · purpose u8 · release text · places
//!           · then, if it is told, start: incarnation varint · age in ms varint
//!           · then, if it is told, end of the log: term varint · index varint
//! welcome   version u8 that both speak · release text · places
//! farewell  reason u8 · text
//! places    number varint · node varint, stamp varint, removed u8, peer text, client text each
//! folder    version u8 = 1 · cluster varint · node varint · wish u8 · places
//! ```
//! The caller sends an opening and a hello; the answer is a welcome or a farewell. These never
//! change but by fields at their end, which a reader that does not know them skips, so that two
//! releases can always tell each other what they have in common. Frames of an unknown kind are
//! skipped too.

use std::collections::BTreeMap;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::codec::{Code, DecodeError, Reader, Writer, code_enum, code_struct};
use crate::peer::{MESSAGE_BYTES_MAX, PEER_VERSION};
use crate::request::Address;

/// What a member sends first to another.
pub const LINK_MAGIC: &[u8; 8] = b"BRAMPEER";
/// Bytes of the opening.
pub const OPENING_BYTES: usize = LINK_MAGIC.len() + 2;
/// The oldest and the newest version of a member's messages that are spoken here.
pub const VERSIONS: (u8, u8) = (PEER_VERSION, PEER_VERSION);
/// The version of the form of what stands in a data folder.
pub const FOLDER_VERSION: u8 = 1;
/// Most addresses that are remembered, those of removed members too.
pub const PLACES_LEN_MAX: usize = 1_024;
/// Longest content of a frame, in bytes: a message, or a part of a snapshot.
pub const LINK_FRAME_BYTES_MAX: usize = MESSAGE_BYTES_MAX + 1;
/// Longest hello or answer, in bytes.
pub const HELLO_BYTES_MAX: usize = 1024 * 1024;

/// The first bytes of a connection between members.
#[must_use]
pub fn opening() -> [u8; OPENING_BYTES] {
    let mut bytes = [0; OPENING_BYTES];
    bytes[..LINK_MAGIC.len()].copy_from_slice(LINK_MAGIC);
    bytes[LINK_MAGIC.len()..].copy_from_slice(&[VERSIONS.0, VERSIONS.1]);
    bytes
}

/// The newest version that is spoken here and by who opened so.
///
/// # Errors
/// [`Farewell`] says what is wrong.
pub fn check_opening(bytes: &[u8; OPENING_BYTES]) -> Result<u8, Farewell> {
    let (magic, versions) = bytes.split_at(LINK_MAGIC.len());
    if magic != LINK_MAGIC {
        let text = "this is the port for members of a cluster; clients use another".to_owned();
        return Err(Farewell { reason: Reason::NotAMember, text });
    }
    let common = versions[1].min(VERSIONS.1);
    if common < versions[0].max(VERSIONS.0) {
        let text = format!(
            "no version of the messages in common: {} to {} there, {} to {} here; \
             upgrade one release at a time",
            versions[0], versions[1], VERSIONS.0, VERSIONS.1
        );
        return Err(Farewell { reason: Reason::VersionsApart, text });
    }
    Ok(common)
}

/// What the caller says of itself, and whom it wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Its cluster.
    pub cluster_id: u64,
    /// Its number.
    pub from: u64,
    /// Whom it takes the other for.
    pub to: u64,
    /// What the connection is for.
    pub purpose: Purpose,
    /// The release that it runs.
    pub release: String,
    /// The addresses that it knows.
    pub places: Places,
    /// Which start of the node it is; an older release does not tell.
    pub start: Option<Start>,
    /// How much it knows; an older release does not tell, nor who tells no start.
    pub log_end: Option<LogEnd>,
}

/// One start of a node: two that run at once are two processes with copies of one data folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Drawn at the start; of another start it is another.
    pub incarnation: u64,
    /// How long it has been running, in milliseconds.
    pub age_ms: u64,
}

code_struct!(Start { incarnation, age_ms });

/// Where the log of a member ends: never before what it said that it has, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogEnd {
    /// The last term that it heard of.
    pub term: u64,
    /// The last entry.
    pub index: u64,
}

code_struct!(LogEnd { term, index });

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Messages of the caller.
    Messages,
    /// One snapshot of the caller.
    Snapshot,
}

code_enum!(Purpose, "purpose of a connection" {
    1 => Messages,
    2 => Snapshot,
});

/// The answer of a member that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The version of the messages that both speak.
    pub version: u8,
    /// The release that it runs.
    pub release: String,
    /// The addresses that it knows.
    pub places: Places,
}

/// The answer of a server that does not, before it closes the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// Why, for a program.
    pub reason: Reason,
    /// Why, for people.
    pub text: String,
}

/// Why a connection between members cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The first bytes are not those of a member.
    NotAMember,
    /// There is no version of the messages that both speak.
    VersionsApart,
    /// They belong to different clusters.
    OtherCluster,
    /// The caller wanted another node.
    OtherNode,
    /// The caller was removed from the cluster.
    Removed,
    /// There are as many connections as may be.
    TooMany,
    /// Another start of the caller's node is there.
    AnotherStart,
    /// The caller's log lacks what the caller said that it has.
    SetBack,
    /// A reason that is not known here.
    Other,
}

impl Code for Reason {
    fn put(&self, to: &mut Writer<'_>) {
        to.byte(match self {
            Reason::Other => 0,
            Reason::NotAMember => 1,
            Reason::VersionsApart => 2,
            Reason::OtherCluster => 3,
            Reason::OtherNode => 4,
            Reason::Removed => 5,
            Reason::TooMany => 6,
            Reason::AnotherStart => 7,
            Reason::SetBack => 8,
        });
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match from.byte()? {
            1 => Reason::NotAMember,
            2 => Reason::VersionsApart,
            3 => Reason::OtherCluster,
            4 => Reason::OtherNode,
            5 => Reason::Removed,
            6 => Reason::TooMany,
            7 => Reason::AnotherStart,
            8 => Reason::SetBack,
            _ => Reason::Other,
        })
    }
}

/// Where a node is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Rises when the node tells other addresses; 0 while others told them for it.
    pub stamp: u64,
    /// It was a member and is one no more. For ever.
    pub removed: bool,
    /// By other members; empty if not known.
    pub peer: String,
    /// By clients; empty if not known.
    pub client: String,
}

code_struct!(Place { stamp, removed, peer, client });

/// Where the nodes of a cluster are reached, and which of them are gone for ever. Everybody tells
/// everybody all that he knows, and of two that differ all choose the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(BTreeMap<u64, Place>);

impl Places {
    /// The place of a node.
    #[must_use]
    pub fn get(&self, node: u64) -> Option<&Place> {
        self.0.get(&node)
    }

    /// All of them, in the order of numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Place)> {
        self.0.iter().map(|(node, place)| (*node, place))
    }

    /// This node is one no more.
    #[must_use]
    pub fn is_removed(&self, node: u64) -> bool {
        self.get(node).is_some_and(|place| place.removed)
    }

    /// Which node of those that are not removed has this address for members.
    #[must_use]
    pub fn at_peer_address(&self, address: &str) -> Option<u64> {
        let mut there = self.iter().filter(|(_, place)| !place.removed && place.peer == address);
        there.next().map(|(node, _)| node)
    }

    /// Takes note of one place. Tells whether that is news.
    pub fn note(&mut self, node: u64, new: Place) -> bool {
        let is_full = self.0.len() >= PLACES_LEN_MAX;
        let Some(old) = self.0.get_mut(&node) else {
            if !is_full {
                self.0.insert(node, new);
            }
            return !is_full;
        };
        let removed = new.removed && !old.removed;
        old.removed |= removed;
        // The order of texts decides where nothing else does.
        let is_newer = (new.stamp, &new.peer, &new.client) > (old.stamp, &old.peer, &old.client);
        if is_newer {
            *old = Place { removed: old.removed, ..new };
        }
        removed || is_newer
    }

    /// A node is gone for ever. Tells whether that is news.
    pub fn remove(&mut self, node: u64) -> bool {
        let (peer, client) = (String::new(), String::new());
        self.note(node, Place { stamp: 0, removed: true, peer, client })
    }

    /// Takes note of all that somebody else knows. Tells whether any of it is news.
    pub fn merge(&mut self, others: Places) -> bool {
        let mut is_news = false;
        for (node, place) in others.0 {
            is_news |= self.note(node, place);
        }
        is_news
    }
}

impl Code for Places {
    fn put(&self, to: &mut Writer<'_>) {
        to.varint(self.0.len() as u64);
        for (node, place) in &self.0 {
            to.varint(*node);
            place.put(to);
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let len = from.varint()?;
        if len > PLACES_LEN_MAX as u64 {
            return Err(DecodeError::OutOfRange("number of addresses"));
        }
        let mut places = Places::default();
        for _ in 0..len {
            let node = from.varint()?;
            let place = Place::take(from)?;
            let is_address = |text: &str| text.is_empty() || Address::new(text).is_ok();
            if node == 0 || !is_address(&place.peer) || !is_address(&place.client) {
                return Err(DecodeError::OutOfRange("address"));
            }
            places.0.insert(node, place);
        }
        Ok(places)
    }
}

impl Code for Hello {
    fn put(&self, to: &mut Writer<'_>) {
        let Hello { cluster_id, from, to: wanted, purpose, release, places, start, log_end } = self;
        to.varint(*cluster_id);
        to.varint(*from);
        to.varint(*wanted);
        purpose.put(to);
        release.put(to);
        places.put(to);
        if let Some(start) = start {
            start.put(to);
            if let Some(log_end) = log_end {
                log_end.put(to);
            }
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Hello {
            cluster_id: from.varint()?,
            from: from.varint()?,
            to: from.varint()?,
            purpose: Purpose::take(from)?,
            release: String::take(from)?,
            places: Places::take(from)?,
            start: take_told(from)?,
            log_end: take_told(from)?,
        })
    }
}

impl Code for Welcome {
    fn put(&self, to: &mut Writer<'_>) {
        let Welcome { version, release, places } = self;
        to.byte(*version);
        release.put(to);
        places.put(to);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (version, release) = (from.byte()?, String::take(from)?);
        Ok(Welcome { version, release, places: Places::take(from)? })
    }
}

code_struct!(Farewell { reason, text });

/// What goes over a connection between members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Of the caller, first.
    Hello(Hello),
    /// An answer to it.
    Welcome(Welcome),
    /// Another.
    Farewell(Farewell),
    /// A message, in the form of [`crate::peer`].
    Message(Bytes),
    /// Addresses that changed.
    Places(Places),
    /// What a snapshot is of.
    SnapshotHead(SnapshotHead),
    /// The next bytes of a snapshot.
    SnapshotPart(Bytes),
    /// The receiver of a snapshot has all of it, durable.
    SnapshotTaken,
    /// The sender is there, and may have nothing else to say.
    Alive,
    /// Of a kind that is not known here.
    Unknown(u8),
}

/// What a snapshot is of that follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotHead {
    /// The last entry in it.
    pub index: u64,
    /// That entry's term.
    pub term: u64,
    /// The members as of it, in the form of [`crate::membership`].
    pub members: Bytes,
    /// The message that goes with it, in the form of [`crate::peer`].
    pub message: Bytes,
    /// Bytes that follow.
    pub bytes: u64,
}

code_struct!(SnapshotHead { index, term, members, message, bytes });

const HELLO: u8 = 1;
const WELCOME: u8 = 2;
const FAREWELL: u8 = 3;
const MESSAGE: u8 = 4;
const PLACES: u8 = 5;
const SNAPSHOT_HEAD: u8 = 6;
const SNAPSHOT_PART: u8 = 7;
const SNAPSHOT_TAKEN: u8 = 8;
const ALIVE: u8 = 9;

impl Frame {
    /// Adds its bytes to `out`.
    pub fn put(&self, out: &mut BytesMut) {
        match self {
            Frame::Hello(hello) => put_coded(HELLO, hello, out),
            Frame::Welcome(welcome) => put_coded(WELCOME, welcome, out),
            Frame::Farewell(farewell) => put_coded(FAREWELL, farewell, out),
            Frame::Message(bytes) => put_link_frame(MESSAGE, bytes, out),
            Frame::Places(places) => put_coded(PLACES, places, out),
            Frame::SnapshotHead(head) => put_coded(SNAPSHOT_HEAD, head, out),
            Frame::SnapshotPart(bytes) => put_link_frame(SNAPSHOT_PART, bytes, out),
            Frame::SnapshotTaken => put_link_frame(SNAPSHOT_TAKEN, &[], out),
            Frame::Alive => put_link_frame(ALIVE, &[], out),
            Frame::Unknown(kind) => put_link_frame(*kind, &[], out),
        }
    }

    /// Takes the next whole frame out of `buffer`; none if it has not arrived yet.
    ///
    /// # Errors
    /// [`DecodeError`]: the connection must end.
    pub fn take(buffer: &mut BytesMut, bytes_max: usize) -> Result<Option<Frame>, DecodeError> {
        let Some(header) = buffer.first_chunk::<4>() else { return Ok(None) };
        let bytes = u32::from_be_bytes(*header) as usize;
        if bytes == 0 || bytes > bytes_max {
            return Err(DecodeError::OutOfRange("length of a frame"));
        }
        if buffer.len() - 4 < bytes {
            return Ok(None);
        }
        buffer.advance(4);
        let mut content = buffer.split_to(bytes).freeze();
        let kind = content.get_u8();
        Ok(Some(match kind {
            HELLO => Frame::Hello(take_coded(&content)?),
            WELCOME => Frame::Welcome(take_coded(&content)?),
            FAREWELL => Frame::Farewell(take_coded(&content)?),
            MESSAGE => Frame::Message(content),
            PLACES => Frame::Places(take_coded(&content)?),
            SNAPSHOT_HEAD => Frame::SnapshotHead(take_coded(&content)?),
            SNAPSHOT_PART => Frame::SnapshotPart(content),
            SNAPSHOT_TAKEN => Frame::SnapshotTaken,
            ALIVE => Frame::Alive,
            kind => Frame::Unknown(kind),
        }))
    }
}

fn put_coded(kind: u8, content: &impl Code, out: &mut BytesMut) {
    let mut bytes = Vec::new();
    content.put(&mut Writer { out: &mut bytes, owners: None });
    put_link_frame(kind, &bytes, out);
}

fn put_link_frame(kind: u8, content: &[u8], out: &mut BytesMut) {
    debug_assert!(content.len() < LINK_FRAME_BYTES_MAX);
    out.reserve(5 + content.len());
    out.put_u32(content.len() as u32 + 1);
    out.put_u8(kind);
    out.put_slice(content);
}

/// A field that an older release ends before.
fn take_told<T: Code>(from: &mut Reader<'_>) -> Result<Option<T>, DecodeError> {
    (!from.rest.is_empty()).then(|| T::take(from)).transpose()
}

/// What follows after the fields that are known here is skipped.
fn take_coded<T: Code>(content: &[u8]) -> Result<T, DecodeError> {
    T::take(&mut Reader { rest: content, owners: None })
}

/// Which node a data folder is of, beside its log: known before there is a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// The cluster's number.
    pub cluster_id: u64,
    /// The node's.
    pub node_id: u64,
    /// What it wants to become.
    pub wish: Wish,
    /// The addresses that it knows.
    pub places: Places,
}

/// What a node wants to become in its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Nothing more.
    None,
    /// A member that votes.
    Voter,
    /// A member that does not.
    Learner,
}

code_enum!(Wish, "wish of a node" {
    0 => None,
    1 => Voter,
    2 => Learner,
});

code_struct!(Folder { cluster_id, node_id, wish, places });

impl Folder {
    /// Its bytes, checked by a checksum at their end.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![FOLDER_VERSION];
        self.put(&mut Writer { out: &mut out, owners: None });
        out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
        out
    }

    /// Reads it again.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are not those of a folder that this version knows.
    pub fn decode(bytes: &[u8]) -> Result<Folder, DecodeError> {
        let (content, checksum) = bytes.split_last_chunk::<4>().ok_or(DecodeError::Truncated)?;
        if crc32c::crc32c(content).to_le_bytes() != *checksum {
            return Err(DecodeError::OutOfRange("checksum"));
        }
        let mut from = Reader { rest: content, owners: None };
        match from.byte()? {
            FOLDER_VERSION => {}
            found => return Err(DecodeError::Version { found }),
        }
        let folder = Folder::take(&mut from)?;
        from.end()?;
        Ok(folder)
    }
}

#[cfg(test)]
mod tests;
