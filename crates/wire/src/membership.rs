//! Who is a member of a cluster: what stands beside a snapshot, and a change of it in the log.
//!
//! ```text
//! membership  version u8 = 2 · cluster varint · node varint
//!             · number of voters varint · voters varint each, rising
//!             · number of learners varint · learners varint each, rising
//! change      version u8 = 1 · 1 add a learner, 2 promote, 3 remove u8 · node varint
//! ```
//! Version 1 of a membership had no learners, and its voters in any order.

use crate::codec::{Code, DecodeError, Reader, Writer, code_enum};

/// The version of the form of a membership that is written here.
pub const MEMBERSHIP_VERSION: u8 = 2;
/// The version of the form of a change that is written here.
pub const CHANGE_VERSION: u8 = 1;
/// Most members of a cluster.
pub const MEMBERS_LEN_MAX: usize = 64;

/// Which node of which cluster a data folder belongs to, and the cluster's members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The cluster's number.
    pub cluster_id: u64,
    /// The number of the node whose folder it is.
    pub node_id: u64,
    /// The numbers of the members that vote.
    pub voters: Vec<u64>,
    /// The numbers of the members that get the log and do not vote yet.
    pub learners: Vec<u64>,
}

/// One step from a membership to the next. Any majority of the voters before a step has a member in
/// common with any majority after it, so a single step needs nothing between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// A new member gets the log, and does not vote.
    AddLearner(u64),
    /// A learner votes from now on.
    Promote(u64),
    /// A member is one no more.
    Remove(u64),
}

code_enum!(MemberChange, "change of the membership" {
    1 => AddLearner(node),
    2 => Promote(node),
    3 => Remove(node),
});

impl MemberChange {
    /// Which member it is about.
    #[must_use]
    pub fn node(self) -> u64 {
        let (MemberChange::AddLearner(node)
        | MemberChange::Promote(node)
        | MemberChange::Remove(node)) = self;
        node
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut to = Writer { out: &mut out, owners: None };
        to.byte(CHANGE_VERSION);
        self.put(&mut to);
        out
    }

    /// Reads it again.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are of no change that this version knows.
    pub fn decode(bytes: &[u8]) -> Result<MemberChange, DecodeError> {
        let mut from = Reader { rest: bytes, owners: None };
        match from.byte()? {
            CHANGE_VERSION => {}
            found => return Err(DecodeError::Version { found }),
        }
        let change = MemberChange::take(&mut from)?;
        from.end()?;
        Ok(change)
    }
}

impl Membership {
    /// This node votes, and there is no other member.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.voters[..] == [self.node_id] && self.learners.is_empty()
    }

    /// It has this member.
    #[must_use]
    pub fn contains(&self, node: u64) -> bool {
        self.voters.contains(&node) || self.learners.contains(&node)
    }

    /// The membership after a change. One that cannot be leaves it as it is.
    pub fn change(&mut self, change: MemberChange) {
        let node = change.node();
        let contains = self.contains(node);
        let list = match change {
            MemberChange::AddLearner(_) if !contains => &mut self.learners,
            MemberChange::Promote(_) if self.learners.contains(&node) => {
                self.learners.retain(|learner| *learner != node);
                &mut self.voters
            }
            MemberChange::Remove(_) if self.voters[..] != [node] => {
                self.learners.retain(|learner| *learner != node);
                self.voters.retain(|voter| *voter != node);
                return;
            }
            _ => return,
        };
        list.push(node);
        list.sort_unstable();
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut to = Writer { out: &mut out, owners: None };
        to.byte(MEMBERSHIP_VERSION);
        self.put(&mut to);
        out
    }

    /// Reads it again.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are of no membership that this version knows.
    pub fn decode(bytes: &[u8]) -> Result<Membership, DecodeError> {
        let mut from = Reader { rest: bytes, owners: None };
        let membership = match from.byte()? {
            1 => Membership {
                cluster_id: from.varint()?,
                node_id: from.varint()?,
                voters: members(&mut from)?,
                learners: Vec::new(),
            },
            MEMBERSHIP_VERSION => Membership::take(&mut from)?,
            found => return Err(DecodeError::Version { found }),
        };
        from.end()?;
        Ok(membership)
    }
}

impl Code for Membership {
    fn put(&self, to: &mut Writer<'_>) {
        let Membership { cluster_id, node_id, voters, learners } = self;
        to.varint(*cluster_id);
        to.varint(*node_id);
        voters.put(to);
        learners.put(to);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Membership {
            cluster_id: from.varint()?,
            node_id: from.varint()?,
            voters: members(from)?,
            learners: members(from)?,
        })
    }
}

fn members(from: &mut Reader<'_>) -> Result<Vec<u64>, DecodeError> {
    let len = from.varint()?;
    if len > MEMBERS_LEN_MAX as u64 {
        return Err(DecodeError::OutOfRange("number of members"));
    }
    (0..len).map(|_| from.varint()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES_OF_1: &[u8] = &[1, 0xac, 0x02, 7, 3, 5, 6, 7];
    const BYTES: &[u8] = &[2, 0xac, 0x02, 7, 3, 5, 6, 7, 1, 8];

    fn membership() -> Membership {
        Membership { cluster_id: 300, node_id: 7, voters: vec![5, 6, 7], learners: vec![8] }
    }

    #[test]
    fn its_bytes_are_as_they_were_written_once() {
        assert_eq!(membership().encode(), BYTES);
        assert_eq!(Membership::decode(BYTES), Ok(membership()));
        assert_eq!(MemberChange::Promote(300).encode(), [1, 2, 0xac, 0x02]);
        assert_eq!(MemberChange::decode(&[1, 3, 9]), Ok(MemberChange::Remove(9)));
        assert_eq!(MemberChange::decode(&[1, 1, 9]), Ok(MemberChange::AddLearner(9)));
    }

    #[test]
    fn one_of_version_1_is_read_and_has_no_learners() {
        let before = Membership { learners: Vec::new(), ..membership() };
        assert_eq!(Membership::decode(BYTES_OF_1), Ok(before));
    }

    #[test]
    fn another_version_a_cut_and_an_addition_are_refused() {
        assert_eq!(Membership::decode(&[3]), Err(DecodeError::Version { found: 3 }));
        assert_eq!(MemberChange::decode(&[2]), Err(DecodeError::Version { found: 2 }));
        for len in 0..BYTES.len() {
            assert_eq!(Membership::decode(&BYTES[..len]), Err(DecodeError::Truncated));
        }
        let longer = [BYTES, &[0]].concat();
        assert_eq!(Membership::decode(&longer), Err(DecodeError::TrailingBytes { bytes: 1 }));
        let crowd = [2, 1, 1, MEMBERS_LEN_MAX as u8 + 1];
        assert!(matches!(Membership::decode(&crowd), Err(DecodeError::OutOfRange(_))));
    }

    #[test]
    fn a_member_comes_as_a_learner_votes_and_goes() {
        let mut now = membership();
        now.change(MemberChange::AddLearner(4));
        assert_eq!(now.learners, [4, 8]);
        now.change(MemberChange::AddLearner(5));
        now.change(MemberChange::Promote(9));
        assert_eq!((&now.voters[..], &now.learners[..]), (&[5, 6, 7][..], &[4, 8][..]));
        now.change(MemberChange::Promote(4));
        now.change(MemberChange::Remove(8));
        now.change(MemberChange::Remove(6));
        assert_eq!((&now.voters[..], &now.learners[..]), (&[4, 5, 7][..], &[][..]));
    }
}
