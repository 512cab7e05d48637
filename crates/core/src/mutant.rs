//! Bugs that are put back on purpose, one at a time, to show that who looks for bugs finds them.
//!
//! Each stands where somebody could make it, in a line that asks [`is_on`]. That is a constant
//! `false` unless the feature `mutants` is on, and only the simulator's own feature of that name
//! may turn it on (tidy sees to it): no program that serves anybody can have one of these bugs.
//! Where a bug needs more than a line, the rest of it is here too.

use crate::facts::Fact;
use crate::ids::{FencingToken, HoldId};
use crate::state::State;

macro_rules! mutants {
    ($($(#[doc = $what:literal])+ $mutant:ident = $name:literal,)+) => {
        /// A bug that can be put back.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Mutant {
            $($(#[doc = $what])+ $mutant,)+
        }

        impl Mutant {
            /// All of them.
            pub const ALL: &[Mutant] = &[$(Mutant::$mutant,)+];

            /// Its name on a command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Mutant::$mutant => $name,)+
                }
            }

            /// What goes wrong, in a sentence.
            #[must_use]
            pub fn what(self) -> &'static str {
                match self {
                    $(Mutant::$mutant => concat!($($what,)+).trim_start(),)+
                }
            }
        }
    };
}

mutants! {
    // Fencing tokens.

    /// A snapshot loses the highest token: after it, tokens of ended holds are given again.
    TokenMarkLost = "token-mark-lost",
    /// The next token follows the highest that is held, not the highest that was given.
    TokenFromHolders = "token-from-holders",

    // Sessions and time.

    /// A waiter stays when its session ends, and is granted (etcd#9921, etcd#11456).
    WaitOutlivesSession = "wait-outlives-session",
    /// A hold stays when its session ends: the lock is stuck (kazoo#412, minio#2898).
    HoldOutlivesSession = "hold-outlives-session",
    /// A keepalive of a session that ended is answered as if it lived (curator#727).
    EndedSessionRenewed = "ended-session-renewed",
    /// Members are told the time with requests only: where nobody asks, the next leader goes on
    /// from long ago, and the dead hold for twice their TTL.
    TimeToldByRequestsOnly = "time-told-by-requests-only",
    /// A renewal adds the TTL to what is left, so the dead hold for long (redis-py#629).
    RenewAdds = "renew-adds",
    /// A renewal may make a TTL shorter than its holder counts with.
    TtlShortened = "ttl-shortened",
    /// What is due within a second happens now (redis#416: a clock that is ahead).
    DueEarly = "due-early",
    /// A session that comes from a snapshot starts its TTL again (etcd#9395).
    RestoreRenews = "restore-renews",
    /// A wait is not ended at its deadline (consul#2399).
    WaitDeadlineForgotten = "wait-deadline-forgotten",
    /// A wait that reaches its deadline is granted (vitess#8309).
    GrantAtTimeOut = "grant-at-time-out",
    /// The maximum hold does not end a hold (terragrunt#371).
    MaxHoldIgnored = "max-hold-ignored",
    /// The minimum hold does not keep others out (ShedLock's lockAtLeastFor).
    MinHoldIgnored = "min-hold-ignored",
    /// The lock delay is forgotten when a session expires.
    LockDelayForgotten = "lock-delay-forgotten",

    // Queues.

    /// Whoever came last is granted first.
    LastInFirstOut = "last-in-first-out",
    /// The lowest priority is granted first (lockable-resources#560).
    PriorityInverted = "priority-inverted",
    /// A shared waiter passes an exclusive one that stands before it.
    SharedPassesExclusive = "shared-passes-exclusive",
    /// A waiter that leaves does not let the next one through (redisson#763, curator#1046).
    LostWakeUp = "lost-wake-up",
    /// A downgrade does not let the readers in that wait.
    DowngradeWakesNobody = "downgrade-wakes-nobody",
    /// A cancel is answered, and the waiter stays (kazoo#429).
    CancelLeavesWaiter = "cancel-leaves-waiter",
    /// A cancel that comes too late is answered, and the hold stays (sqlx#4198).
    CancelLeavesHold = "cancel-leaves-hold",
    /// A cancel that overtakes its acquire does not stop it.
    CancelMarkLost = "cancel-mark-lost",

    // Holds.

    /// One permit more is out than the limit allows.
    PermitsOffByOne = "permits-off-by-one",
    /// An upgrade is granted beside another reader.
    UpgradeBesideReader = "upgrade-beside-reader",
    /// An acquire of many is granted when one of its locks is free.
    ManyInPart = "many-in-part",
    /// A re-entry is granted and not counted, so the first release ends the hold.
    ReentryNotCounted = "reentry-not-counted",
    /// A release with the id of an ended hold ends the next hold of the session (etcd#22082).
    ReleaseByName = "release-by-name",
    /// A revocation of one hold ends whatever is held now.
    RevokeByName = "revoke-by-name",
    /// A new value is answered and told, and not kept.
    ValueNotKept = "value-not-kept",

    // Requests that are repeated.

    /// A repeated request is done again (libkv#186).
    RepeatDoneAgain = "repeat-done-again",
    /// The first answer that the client still needs is forgotten with those that it has.
    AnswerForgottenEarly = "answer-forgotten-early",

    // What a snapshot holds.

    /// A snapshot loses the priority of waiters, and so their order.
    SnapshotLosesPriority = "snapshot-loses-priority",
    /// A snapshot loses the last answer of each session.
    SnapshotLosesAnswer = "snapshot-loses-answer",
    /// A snapshot loses the locks that rest.
    SnapshotLosesRest = "snapshot-loses-rest",

    // The log on its disk.

    /// A batch is written and called durable without a sync.
    AppendNotSynced = "append-not-synced",
    /// A write that was torn by a crash is taken for damage.
    TornTailRefused = "torn-tail-refused",
    /// Damage to what was acknowledged is cut off as if a crash had torn it.
    RotTakenForTornTail = "rot-taken-for-torn-tail",
    /// A new vote that comes without entries is not written.
    VoteNotWritten = "vote-not-written",
    /// A snapshot gets its name before its content is durable.
    SnapshotNotSynced = "snapshot-not-synced",
    /// Entries that a new leader replaced are back after a restart.
    ReplacedEntriesReturn = "replaced-entries-return",

    // What members of a cluster say and do.

    /// A member answers a candidate before its vote is durable.
    VoteBeforeDurable = "vote-before-durable",
    /// A follower says that it has entries before they are durable.
    AckBeforeDurable = "ack-before-durable",
    /// A leader counts itself among those that have an entry before it is durable (jepsen's etcd).
    CommitBeforeDurable = "commit-before-durable",
    /// A keepalive is answered before it is committed: a leader that is cut off renews for ever.
    KeepaliveAnsweredEarly = "keepalive-answered-early",
    /// A member ends what is due by its own clock, without an entry (etcd#15247).
    ExpiresByOwnClock = "expires-by-own-clock",
    /// A new leader renews every session, so with enough elections the dead live on (etcd#9395).
    ElectionRenews = "election-renews",
    /// The cluster's time stands still from the old leader's last entry to the new one's first.
    ElectionStopsTime = "election-stops-time",
    /// A leader stamps entries with its own clock, whatever the last one showed.
    TimeOfOwnClock = "time-of-own-clock",
    /// A leader answers questions without asking the others whether it still leads.
    ReadWithoutRound = "read-without-round",
    /// Any member answers questions from what it has applied.
    ReadAtFollower = "read-at-follower",
    /// A round is asked again under its old name, and the late answer does (etcd#20418).
    ReadNameReused = "read-name-reused",
    /// A leader takes a doubled message of another member's commands twice.
    ForwardTakenTwice = "forward-taken-twice",
    /// What the last leader was given is given to the next one, while it may still come.
    ForwardedTooEarly = "forwarded-too-early",
    /// A request that may have been done is answered as if it surely was not.
    DoubtIsRefusal = "doubt-is-refusal",
    /// At a change of leaders whoever waits for a release is told that it is done.
    DoubtIsSuccess = "doubt-is-success",
    /// The first of those who watch a lock is not told of a change.
    WatchNoticeLost = "watch-notice-lost",
    /// Watches go on over an installed snapshot, and miss what is in it.
    InstallKeepsWatches = "install-keeps-watches",
    /// Sessions are not told what an installed snapshot did to them.
    InstallTellsNothing = "install-tells-nothing",
    /// Who comes back to a session is told that it holds nothing.
    AttachTellsNoHolds = "attach-tells-no-holds",
    /// News of a session go on to its old connection.
    NewsToOldConnection = "news-to-old-connection",
    /// Every session ends with its connection, also those that are to be kept.
    DisconnectEndsAll = "disconnect-ends-all",

    // The client.

    /// A lease is counted from when the answer came, not from when the keepalive was sent.
    LeaseFromAnswer = "lease-from-answer",
    /// A client that comes back goes on believing in holds that it is not told of.
    AttachKeepsLostHolds = "attach-keeps-lost-holds",

    /// A lease is counted from the last keepalive that was sent, answered or not.
    LeaseFromLastSent = "lease-from-last-sent",
    /// A late answer to an early keepalive is taken for one to the last.
    AnswerToLastSent = "answer-to-last-sent",
    /// The client counts as if its clock ran exactly as the service's does.
    NoDriftMargin = "no-drift-margin",
    /// One keepalive in a TTL, at its very end (redisson#5698).
    KeepaliveTooRare = "keepalive-too-rare",
}

impl Mutant {
    /// The one with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Mutant> {
        Mutant::ALL.iter().copied().find(|mutant| mutant.name() == name)
    }
}

/// Whether this bug is put back.
#[cfg(not(feature = "mutants"))]
#[must_use]
#[inline(always)]
pub const fn is_on(_mutant: Mutant) -> bool {
    false
}

#[cfg(feature = "mutants")]
pub use switch::{is_on, switch_on};

#[cfg(feature = "mutants")]
mod switch {
    use std::cell::Cell;

    use super::Mutant;

    /// Names the bug that a test runs with, when nobody switches one on.
    const VARIABLE: &str = "BRAMAH_MUTANT";

    thread_local! {
        static ON: Cell<Option<Mutant>> = Cell::new(of_environment());
    }

    /// Whether this bug is put back, in this thread.
    #[must_use]
    pub fn is_on(mutant: Mutant) -> bool {
        ON.get() == Some(mutant)
    }

    /// Puts this bug back for what this thread does from now on, in place of another; or none.
    pub fn switch_on(mutant: Option<Mutant>) {
        ON.set(mutant);
    }

    fn of_environment() -> Option<Mutant> {
        let name = std::env::var(VARIABLE).ok().filter(|name| !name.is_empty())?;
        let mutant = Mutant::parse(&name);
        assert!(mutant.is_some(), "{VARIABLE}={name}: there is no such mutant");
        mutant
    }
}

/// The highest token that is held, which may be lower than the last one given.
pub(crate) fn highest_held(state: &State) -> FencingToken {
    state.holds.last_key_value().map_or(FencingToken(0), |(token, _)| *token)
}

/// The hold that an act on `id` is about.
pub(crate) fn hold_meant(state: &State, id: HoldId) -> HoldId {
    if !is_on(Mutant::ReleaseByName) || state.check_hold(id).is_ok() {
        return id;
    }
    let meant = state.history.hold(id.token).and_then(|ended| {
        let lock = state.locks.get(&ended.name)?;
        let of_session = |token: &FencingToken| state.holds[token].session == ended.session;
        state.grant_of(lock.holds.iter().find(of_session)?).ok()
    });
    meant.map_or(id, |grant| grant.hold)
}

/// What a snapshot gives back of a fact that was written into it.
#[must_use]
pub fn of_snapshot(mut fact: Fact) -> Fact {
    match &mut fact {
        Fact::Session(session) if is_on(Mutant::SnapshotLosesAnswer) => {
            session.answers.pop();
        }
        Fact::Wait(wait) if is_on(Mutant::SnapshotLosesPriority) => {
            wait.priority = Default::default();
        }
        _ => {}
    }
    fact
}
