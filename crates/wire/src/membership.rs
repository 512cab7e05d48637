//! Who is a member of a cluster: what stands beside a snapshot.
//!
//! ```text
//! version u8 = 1 · cluster varint · node varint · number of voters varint · voters varint each
//! ```

use crate::codec::{DecodeError, Reader, Writer};

/// The version of the form that is written here.
pub const MEMBERSHIP_VERSION: u8 = 1;
/// Most members of a cluster.
pub const MEMBERS_LEN_MAX: usize = 64;

/// Which node of which cluster a data folder belongs to, and the cluster's voters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The cluster's number.
    pub cluster_id: u64,
    /// This node's number.
    pub node_id: u64,
    /// The numbers of the members that vote.
    pub voters: Vec<u64>,
}

impl Membership {
    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut to = Writer { out: &mut out, owners: None };
        to.byte(MEMBERSHIP_VERSION);
        for number in [self.cluster_id, self.node_id, self.voters.len() as u64] {
            to.varint(number);
        }
        for voter in &self.voters {
            to.varint(*voter);
        }
        out
    }

    /// Reads it again.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are of no membership that this version knows.
    pub fn decode(bytes: &[u8]) -> Result<Membership, DecodeError> {
        let mut from = Reader { rest: bytes, owners: None };
        match from.byte()? {
            MEMBERSHIP_VERSION => {}
            found => return Err(DecodeError::Version { found }),
        }
        let (cluster_id, node_id, len) = (from.varint()?, from.varint()?, from.varint()?);
        if len > MEMBERS_LEN_MAX as u64 {
            return Err(DecodeError::OutOfRange("number of voters"));
        }
        let voters = (0..len).map(|_| from.varint()).collect::<Result<_, _>>()?;
        from.end()?;
        Ok(Membership { cluster_id, node_id, voters })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: &[u8] = &[1, 0xac, 0x02, 7, 3, 5, 6, 7];

    fn membership() -> Membership {
        Membership { cluster_id: 300, node_id: 7, voters: vec![5, 6, 7] }
    }

    #[test]
    fn its_bytes_are_as_they_were_written_once() {
        assert_eq!(membership().encode(), BYTES);
        assert_eq!(Membership::decode(BYTES), Ok(membership()));
    }

    #[test]
    fn another_version_a_cut_and_an_addition_are_refused() {
        assert_eq!(Membership::decode(&[2]), Err(DecodeError::Version { found: 2 }));
        for len in 0..BYTES.len() {
            assert_eq!(Membership::decode(&BYTES[..len]), Err(DecodeError::Truncated));
        }
        let longer = [BYTES, &[0]].concat();
        assert_eq!(Membership::decode(&longer), Err(DecodeError::TrailingBytes { bytes: 1 }));
        let crowd = [1, 1, 1, MEMBERS_LEN_MAX as u8 + 1];
        assert!(matches!(Membership::decode(&crowd), Err(DecodeError::OutOfRange(_))));
    }
}
