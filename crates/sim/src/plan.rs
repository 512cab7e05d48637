//! What decides a run: drawn from a seed, or made smaller from one that failed.
//!
//! A plan has a plain text form ([`Plan::to_text`], [`Plan::from_text`]), one thing in a line, so
//! that a small one which breaks a promise can be read, changed and run again.

pub mod draw;
mod text;

pub use self::draw::Wishes;
pub use self::text::PlanError;

use crate::time::SimTime;

use self::text::{faults, terms};

/// Most members that a run can have had: their numbers go from 1 up to this.
pub const MEMBERS_MAX: u64 = 16;

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

terms! {
    /// How the network is while nothing is cut.
    pub struct NetworkTerms {
        /// Shortest and longest delay of a message, in microseconds.
        delay_us: (u64, u64),
        /// Messages between members that are lost, in a million.
        drop_ppm: u32,
        /// Messages between members that come twice.
        duplicate_ppm: u32,
        /// Messages that take up to a hundred times as long, and so come out of order.
        late_ppm: u32,
        /// Connections of clients that break with a message, in a million messages.
        break_ppm: u32,
    }
}

terms! {
    /// How clocks run.
    pub struct ClockTerms {
        /// Each machine's rate is within so many parts per million of true.
        rate_ppm_max: u32,
        /// Rates beyond the stated bound, and jumps, are part of this plan: promises that depend on
        /// clocks are not checked in it.
        beyond_bounds: bool,
    }
}

terms! {
    /// How the clients behave.
    pub struct WorkloadTerms {
        /// Different locks. Few make long queues.
        locks: u32,
        /// Most sessions that a client has open.
        sessions_max: u32,
        /// TTLs are drawn from this, in milliseconds.
        ttl_ms: (u64, u64),
        /// Mean time that a client thinks between two requests, in milliseconds.
        think_ms: u64,
        /// Mean time that a hold is kept, in milliseconds.
        hold_ms: u64,
    }
}

/// A fault and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// When it begins.
    pub at: SimTime,
    /// What goes wrong.
    pub fault: Fault,
}

faults! {
    /// Something that goes wrong, or that an operator does. Members are named by their place among
    /// those that run at the time (modulo their number), so that a smaller plan still makes sense.
    ///
    /// Machines, which clocks belong to, are numbered from 0: first [`MEMBERS_MAX`] of members, in
    /// the order of their numbers, then those of clients.
    pub enum Fault {
        /// A member's process is killed; what it wrote stays on its disk.
        Kill "kill" { member: u64, back_after_ms: u64 },
        /// A member's machine loses power, perhaps in the middle of a write.
        LosePower "lose_power" { member: u64, back_after_ms: u64 },
        /// All members lose power at once.
        LoseAllPower "lose_all_power" { back_after_ms: u64 },
        /// A member is told to stop (SIGTERM) and is started again: an upgrade.
        Drain "drain" { member: u64, back_after_ms: u64 },
        /// A member's process stands still; its clock goes on.
        Pause "pause" { member: u64, for_ms: u64 },
        /// A member cannot be reached by some of the others: by `side`, a bit for each member.
        Partition "partition" { side: u64, one_way: bool, for_ms: u64 },
        /// The leader, whoever it is then, is cut off from the other members.
        IsolateLeader "isolate_leader" { one_way: bool, for_ms: u64 },
        /// Writes of a member take long.
        SlowDisk "slow_disk" { member: u64, write_us: u64, for_ms: u64 },
        /// A member's disk is full.
        FullDisk "full_disk" { member: u64, for_ms: u64 },
        /// A member's next write or sync fails; it stops, and starts again from its disk.
        FailDisk "fail_disk" { member: u64, back_after_ms: u64 },
        /// A bit of a member's disk changes. If the member sees it when it starts again, it must
        /// refuse to go on, and joins again with an empty disk.
        Rot "rot" { member: u64, back_after_ms: u64 },
        /// A member makes a snapshot and forgets the log before it.
        Compact "compact" { member: u64 },
        /// The leadership is handed on.
        Transfer "transfer" { to: u64 },
        /// A member with an empty disk joins as a learner and is promoted.
        AddMember "add_member" {},
        /// A member is removed.
        RemoveMember "remove_member" { member: u64 },
        /// A client's process stands still; its clock goes on.
        PauseClient "pause_client" { client: u32, for_ms: u64 },
        /// A client's process is killed; another takes its place.
        KillClient "kill_client" { client: u32 },
        /// A client reaches no member; nor they it, unless it is `one_way`.
        CutClient "cut_client" { client: u32, one_way: bool, for_ms: u64 },
        /// A client's connection breaks.
        BreakConnection "break_connection" { client: u32 },
        /// A machine's clock runs so many parts per million fast from here on.
        ClockRate "clock_rate" { machine: u64, rate_ppm: i64 },
        /// A machine's clock goes ahead at once.
        ClockJump "clock_jump" { machine: u64, ms: u64 },
    }
}

/// The machine of a member.
#[must_use]
pub fn machine_of_member(member: u64) -> usize {
    (member - 1) as usize
}

/// The machine of a client.
#[must_use]
pub fn machine_of_client(client: u32) -> usize {
    MEMBERS_MAX as usize + client as usize
}
