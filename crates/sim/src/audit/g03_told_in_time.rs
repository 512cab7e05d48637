//! G3 told in time: when a lock is granted, nobody who held it before still believes so; and when a
//! hold ends because time is over, its holder has known before.
//!
//! Every client is asked by its own clock, at the instant when the entry is first applied anywhere,
//! which is before anybody can be told. It holds while clock rates differ by less than the stated
//! bound. The exceptions are those of G1.

use bramah_core::{EndReason, Event, Happening};

use super::Witness;
use super::beliefs::{Beliefs, held_by, who};
use super::report::{Promise, Report};

/// Before an event is taken over by the table.
pub(crate) fn event(event: &Event, beliefs: &Beliefs, witness: &dyn Witness, report: &mut Report) {
    match &event.what {
        Happening::Granted { session, grants, .. } => {
            for grant in grants {
                let new = held_by(*session, grant);
                let believers = beliefs.of(&grant.name, witness);
                let against = beliefs.against(&new, &believers);
                report.check(Promise::ToldInTime, against.is_empty(), || {
                    let others: Vec<String> = against.iter().map(|held| who(held)).collect();
                    format!(
                        "{} is granted to session {session} under token {} as {:?}, while {} still \
                         believes to hold it",
                        grant.name,
                        grant.hold.token,
                        grant.mode,
                        others.join(", ")
                    )
                });
            }
        }
        Happening::HoldEnded {
            name,
            token,
            reason: reason @ (EndReason::Expired { .. } | EndReason::MaxHold),
            ..
        } => {
            let believers = witness.believers(name);
            let still = believers.iter().find(|held| held.hold.token == *token);
            report.check(Promise::ToldInTime, still.is_none(), || {
                let who = still.map(who).unwrap_or_default();
                format!(
                    "the hold of {name} under token {token} ends by {reason:?}, and {who} believes"
                )
            });
        }
        _ => {}
    }
}
