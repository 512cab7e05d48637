//! Members that lie: no message stops a node.

use bramah_node::Input;
use bramah_wire::membership::Membership;
use bramah_wire::peer::{
    Entry, Forward, Forwarded, Message, Raft, RaftKind, Refused, SnapshotHead,
};

use crate::cluster::Cluster;

const KINDS: [RaftKind; 12] = [
    RaftKind::Append,
    RaftKind::AppendResponse,
    RaftKind::Vote,
    RaftKind::VoteResponse,
    RaftKind::Snapshot,
    RaftKind::Heartbeat,
    RaftKind::HeartbeatResponse,
    RaftKind::TimeoutNow,
    RaftKind::ReadIndex,
    RaftKind::ReadIndexResponse,
    RaftKind::PreVote,
    RaftKind::PreVoteResponse,
];

struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    /// A number near one that means something, or one that means nothing.
    fn number(&mut self, near: u64) -> u64 {
        match self.below(12) {
            0 => 0,
            1 => u64::MAX - self.below(3),
            2 => self.0,
            3..6 => near,
            _ => near.saturating_add(self.below(5)).saturating_sub(2),
        }
    }

    fn message(&mut self, term: u64, last: u64) -> Message {
        match self.below(8) {
            0 => Message::Forward(Forward {
                term: self.number(term),
                incarnation: self.number(103),
                floor: self.number(1),
                first: self.number(1),
                commands: Vec::new(),
            }),
            1 => Message::Forwarded(Forwarded {
                term: self.number(term),
                incarnation: self.number(103),
                taken_below: self.number(3),
                refused: vec![(self.number(1), Refused::DiskFull)],
            }),
            _ => {
                let kind = KINDS[self.below(12) as usize];
                let index = self.number(last);
                let entries = (1..=self.below(3)).map(|at| {
                    let kind = self.below(4) as u32;
                    // A leader's commands are believed.
                    let data = if kind > 0 && self.below(2) == 0 { vec![1, 3, 9] } else { vec![] };
                    let index = index.wrapping_add(if self.below(5) == 0 { 2 } else { at });
                    Entry { term: self.number(term), index, kind, data: data.into() }
                });
                let entries: Vec<Entry> = entries.collect();
                let is_append = kind == RaftKind::Append || self.below(20) == 0;
                Message::Raft(Box::new(Raft {
                    kind,
                    term: if kind == RaftKind::ReadIndex { 0 } else { self.number(term) },
                    log_term: self.number(term),
                    index,
                    commit: self.number(last),
                    commit_term: self.number(term),
                    reject: self.below(2) == 0,
                    reject_hint: self.number(last),
                    context: vec![7; self.below(3) as usize * 16].into(),
                    entries: if is_append { entries } else { Vec::new() },
                    snapshot: (kind == RaftKind::Snapshot || self.below(20) == 0)
                        .then_some(SnapshotHead { index, term }),
                }))
            }
        }
    }
}

#[test]
fn no_message_of_another_member_stops_a_node() {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let runs = std::env::var("BRAMAH_TROUBLE_RUNS").ok().and_then(|text| text.parse().ok());
    for _ in 0..runs.unwrap_or(150) {
        let mut cluster = Cluster::new(3);
        cluster.connect(1, 1);
        cluster.open(1, 1, 60_000);
        for _ in 0..60 {
            let to = chance.below(3) + 1;
            let from = chance.below(5);
            let (_, last, _) = cluster.node(to).applied();
            let term = cluster.node(to).term();
            let message = chance.message(term, last);
            let lie = match chance.below(6) {
                0 => {
                    let voters = vec![1, chance.below(4), 3];
                    let learners = vec![chance.below(5); chance.below(2) as usize];
                    let (cluster_id, node_id) = (9, from);
                    let membership = Membership { cluster_id, node_id, voters, learners };
                    let state = Box::new(cluster.node(to).applied().0.clone());
                    Input::SnapshotReceived { from, message, membership, state }
                }
                _ => Input::Peer { from, message },
            };
            cluster.lie(to, lie);
            if chance.below(3) == 0 {
                cluster.run(30);
            }
        }
    }
}
