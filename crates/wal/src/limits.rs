//! Every bound of the log, by name.

/// Bytes of a segment file, unless [`crate::Options`] says otherwise.
pub const SEGMENT_BYTES: u64 = 16 * 1024 * 1024;

/// Smallest segment: room for its header and one batch of some entries.
pub const SEGMENT_BYTES_MIN: u64 = 2 * 1024;

/// Largest segment. Recovery holds one segment in memory at a time.
pub const SEGMENT_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Longest frame, header included. A longer append is cut into several batches; an entry that does
/// not fit into one is refused. A segment smaller than this lowers the bound to what it can hold.
pub const BATCH_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Freed segments kept for the next use; what is freed beyond that is removed.
pub const SPARE_SEGMENTS_MAX: usize = 4;

/// Longest membership that a snapshot carries.
pub const SNAPSHOT_MEMBERS_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a snapshot that share one checksum, and that a reader holds in memory.
pub const SNAPSHOT_BLOCK_BYTES: usize = 256 * 1024;

/// Bytes of a file written aside before they are synced, so that the log's own syncs never wait for
/// a large flush.
pub const UNSYNCED_BYTES_MAX: u64 = 1024 * 1024;
