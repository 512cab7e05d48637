//! What decides a run: drawn from a seed, or made smaller from one that failed.

use crate::time::SimTime;

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Decides whatever is not said below.
    pub seed: u64,
    /// Members at the beginning, all voters; numbered from 1.
    pub members: u64,
    /// Clients, numbered from 0, each on a machine of its own.
    pub clients: u32,
    /// When the faults end and the network heals. Then everything that waits must come to its end.
    pub calm_at: SimTime,
    /// How the network is.
    pub network: NetworkTerms,
    /// How the clients behave.
    pub workload: WorkloadTerms,
    /// How clocks run.
    pub clocks: ClockTerms,
    /// What goes wrong, in the order of time.
    pub faults: Vec<Planned>,
}

/// How the network is while nothing is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkTerms {
    /// Shortest and longest delay of a message, in microseconds.
    pub delay_us: (u64, u64),
    /// Messages between members that are lost, in a million.
    pub drop_ppm: u32,
    /// Messages between members that come twice.
    pub duplicate_ppm: u32,
    /// Messages that take up to a hundred times as long, and so come out of order.
    pub late_ppm: u32,
    /// Connections of clients that break with a message, in a million messages.
    pub break_ppm: u32,
}

/// How clocks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockTerms {
    /// Each machine's rate is within so many parts per million of true.
    pub rate_ppm_max: u32,
    /// Rates beyond the stated bound, and jumps, are part of this plan: promises that depend on
    /// clocks are not checked in it.
    pub beyond_bounds: bool,
}

/// How the clients behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkloadTerms {
    /// Different locks. Few make long queues.
    pub locks: u32,
    /// Most sessions that a client has open.
    pub sessions_max: u32,
    /// TTLs are drawn from this, in milliseconds.
    pub ttl_ms: (u64, u64),
    /// Mean time that a client thinks between two requests, in milliseconds.
    pub think_ms: u64,
    /// Mean time that a hold is kept, in milliseconds.
    pub hold_ms: u64,
}

/// A fault and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// When it begins.
    pub at: SimTime,
    /// What goes wrong.
    pub fault: Fault,
}

/// Something that goes wrong, or that an operator does. Members are named by their place among
/// those that run at the time (modulo their number), so that a smaller plan still makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A member's process is killed; what it wrote stays on its disk.
    Kill { member: u64, back_after_ms: u64 },
    /// A member's machine loses power, perhaps in the middle of a write.
    LosePower { member: u64, back_after_ms: u64 },
    /// All members lose power at once.
    LoseAllPower { back_after_ms: u64 },
    /// A member is told to stop (SIGTERM) and is started again: an upgrade.
    Drain { member: u64, back_after_ms: u64 },
    /// A member's process stands still; its clock goes on.
    Pause { member: u64, for_ms: u64 },
    /// A member cannot be reached by some of the others: by `side`, a bit for each member.
    Partition { side: u64, one_way: bool, for_ms: u64 },
    /// The leader, whoever it is then, is cut off from the other members.
    IsolateLeader { one_way: bool, for_ms: u64 },
    /// Writes of a member take long.
    SlowDisk { member: u64, write_us: u64, for_ms: u64 },
    /// A member's disk is full.
    FullDisk { member: u64, for_ms: u64 },
    /// A member's next write or sync fails; it stops, and starts again from its disk.
    FailDisk { member: u64, back_after_ms: u64 },
    /// A bit of a member's disk changes. If the member sees it when it starts again, it must refuse
    /// to go on, and joins again with an empty disk.
    Rot { member: u64, back_after_ms: u64 },
    /// A member makes a snapshot and forgets the log before it.
    Compact { member: u64 },
    /// The leadership is handed on.
    Transfer { to: u64 },
    /// A member with an empty disk joins as a learner and is promoted.
    AddMember,
    /// A member is removed.
    RemoveMember { member: u64 },
    /// A client's process stands still; its clock goes on.
    PauseClient { client: u32, for_ms: u64 },
    /// A client's process is killed; another takes its place.
    KillClient { client: u32 },
    /// A client reaches no member.
    CutClient { client: u32, for_ms: u64 },
    /// A client's connection breaks.
    BreakConnection { client: u32 },
    /// A machine's clock runs so many parts per million fast from here on.
    ClockRate { machine: u64, rate_ppm: i64 },
    /// A machine's clock goes ahead at once.
    ClockJump { machine: u64, ms: u64 },
}
