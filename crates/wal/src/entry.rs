//! What the log holds. It looks at indexes and terms, and never into the data.

use bytes::Bytes;

/// One entry of the Raft log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The term in which a leader wrote it.
    pub term: u64,
    /// Its place; the first entry of a new log has index 1.
    pub index: u64,
    /// What sort of entry it is: opaque here.
    pub kind: u8,
    /// Its content: opaque here.
    pub data: Bytes,
}

/// What a Raft node must remember besides its entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HardState {
    /// The latest term seen.
    pub term: u64,
    /// Whom this node voted for in that term; 0 is nobody.
    pub vote: u64,
    /// The highest index known to be committed.
    pub commit: u64,
}

/// What a snapshot stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotMeta {
    /// The last entry that the snapshot contains.
    pub index: u64,
    /// The term of that entry.
    pub term: u64,
    /// The membership at that entry: opaque here, at most
    /// [`SNAPSHOT_MEMBERS_BYTES_MAX`](crate::limits::SNAPSHOT_MEMBERS_BYTES_MAX).
    pub members: Vec<u8>,
}
