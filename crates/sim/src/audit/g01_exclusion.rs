//! G1 exclusion: at most one exclusive holder of a lock, never exclusive beside shared, never more
//! permits out than the limit; in the committed table, and in what clients believe by their own
//! clocks.
//!
//! Two beliefs are compared at the instant when the later one begins. A hold that was taken from
//! its holder at once (revoked without waiting, or bound to a connection that ended) is left out:
//! its holder is told as soon as it can be, and the fencing token is what protects the resource
//! until then.

use bramah_core::{Event, Happening, LockName};

use super::Witness;
use super::beliefs::{Beliefs, who};
use super::report::{Promise, Report};
use super::table::Table;
use crate::fact::Held;

/// Before an event is taken over by the table.
pub(crate) fn event(event: &Event, table: &Table, report: &mut Report) {
    let Happening::Granted { session, grants, .. } = &event.what else { return };
    for grant in grants {
        let fits = table.fits(&grant.name, grant.mode, None);
        report.check(Promise::Exclusion, fits, || {
            let holders = describe(table, &grant.name);
            let (name, mode, token) = (&grant.name, grant.mode, grant.hold.token);
            format!(
                "{name} is granted to session {session} as {mode:?} under {token}, while held \
                 by {holders}"
            )
        });
    }
}

/// A client begins to believe.
pub(crate) fn holds(new: &Held, beliefs: &Beliefs, witness: &dyn Witness, report: &mut Report) {
    let believers = beliefs.of(&new.name, witness);
    let against = match beliefs.counts(new) {
        true => beliefs.against(new, &believers),
        false => Vec::new(),
    };
    report.check(Promise::Exclusion, against.is_empty(), || {
        let others: Vec<String> = against.iter().map(|held| who(held)).collect();
        format!("{} believes to hold {}, and so does {}", who(new), new.name, others.join(", "))
    });
}

fn describe(table: &Table, name: &LockName) -> String {
    let holders = table.holders(name).map(|hold| {
        format!("session {} as {:?} under token {}", hold.session, hold.mode, hold.hold.token)
    });
    holders.collect::<Vec<_>>().join(", ")
}
