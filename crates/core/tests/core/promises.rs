//! The promises, as far as one table can keep or break them.

use std::collections::BTreeSet;

use bramah_core::facts::{Fact, HoldFact, WaitFact};
use bramah_core::{LockName, Mode, SessionId, State};

/// What must hold of any table, computed from its facts alone.
pub(crate) fn check_promises(state: &State) {
    let facts: Vec<Fact> = state.facts().collect();
    let holds: Vec<&HoldFact> = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Hold(hold) => Some(hold),
            _ => None,
        })
        .collect();
    let waits: Vec<&WaitFact> = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Wait(wait) => Some(wait),
            _ => None,
        })
        .collect();
    let sessions: BTreeSet<SessionId> = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Session(session) => Some(session.handle.id),
            _ => None,
        })
        .collect();
    let rests = |name: &LockName| {
        facts.iter().any(|fact| matches!(fact, Fact::Rest { name: of, .. } if of == name))
    };
    for hold in &holds {
        assert!(hold.lingers.is_some() || sessions.contains(&hold.session), "held by nobody");
        let others = holds.iter().filter(|other| other.name == hold.name);
        match hold.mode {
            Mode::Exclusive => assert_eq!(others.count(), 1, "{hold:?} is not alone"),
            Mode::Shared => {
                assert!(others.map(|other| other.mode).all(|mode| mode == Mode::Shared));
            }
            Mode::Permits { limit, .. } => {
                let out: u32 = others
                    .map(|other| match other.mode {
                        Mode::Permits { count, limit: same } if same == limit => count,
                        _ => panic!("{other:?} beside {hold:?}"),
                    })
                    .sum();
                assert!(out <= limit, "{out} of {limit} permits are out");
            }
        }
    }
    for wait in &waits {
        assert!(sessions.contains(&wait.session), "a session that ended waits");
        let is_blocked = wait.items.iter().any(|item| {
            let rank = |wait: &WaitFact| {
                (wait.upgrade_of.is_none(), -i32::from(wait.priority.0), wait.arrival)
            };
            let passed = waits.iter().any(|other| {
                rank(other) < rank(wait) && other.items.iter().any(|of| of.name == item.name)
            });
            let mut held = holds
                .iter()
                .filter(|hold| hold.name == item.name && Some(hold.hold.token) != wait.upgrade_of);
            let excluded = match item.mode {
                Mode::Exclusive => held.next().is_some(),
                Mode::Shared => held.any(|hold| hold.mode != Mode::Shared),
                Mode::Permits { count, limit } => {
                    let out = held.map(|hold| match hold.mode {
                        Mode::Permits { count, limit: same } if same == limit => count,
                        // Another limit must wait until this hold is gone.
                        Mode::Permits { .. } => limit,
                        _ => panic!("a lock and a semaphore"),
                    });
                    out.sum::<u32>() + count > limit
                }
            };
            passed || excluded || rests(&item.name)
        });
        assert!(is_blocked, "nothing is in the way of {wait:?}");
    }
    if let Some(due) = state.next_due() {
        assert!(due > state.now(), "something is overdue");
    }
}
