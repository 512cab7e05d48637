//! Reads are linearizable: every answer to a question is the right one at some instant between the
//! asking and the answer, whichever member gave it.
//!
//! A question is compared with the reference when it is made, and again after every commit until it
//! is answered. That is a little more than linearizable: what was committed before the question
//! counts, whether anybody was told of it or not.

use bramah_core::{Event, Happening, Outcome, State};
use bramah_node::{Info, Reply};

use super::calls::Call;
use super::report::{Promise, Report};

/// A holder's new value is there, with whatever else there is of its lock.
pub(crate) fn value_set(event: &Event, state: &State, report: &mut Report) {
    let Happening::ValueSet { name, token, value } = &event.what else { return };
    let view = state.lock_view(name, 0);
    let mut holders = view.iter().flat_map(|view| &view.holders);
    let kept = holders.find(|holder| holder.token == *token).map(|holder| holder.value.clone());
    // More changed in the same step, or there are too many holders to be named.
    let is_right = kept.as_ref().is_none_or(|kept| kept == value);
    report.check(Promise::Reads, is_right, || {
        format!("the value of {name} under {token} was set to {value:?}, and is {kept:?}")
    });
}

/// A question was answered.
pub(crate) fn returned(call: &Call, member: u64, reply: &Reply, report: &mut Report) {
    if call.answers.is_empty() {
        return;
    }
    let is_right = match reply {
        Reply::Unavailable(_) | Reply::OutcomeUnknown => return,
        Reply::Info(info) => {
            let plain = Info { node_id: 0, cluster_id: 0, durable: true, ..info.clone() };
            call.answers.contains(&Reply::Info(plain))
        }
        // What is said of a session that ended long ago may be less than is known.
        Reply::Outcome(Outcome::Refused(_)) => {
            call.answers.iter().any(|right| matches!(right, Reply::Outcome(Outcome::Refused(_))))
        }
        reply => call.answers.contains(reply),
    };
    report.check(Promise::Reads, is_right, || {
        let (client, what) = (call.client, &call.what);
        let right = call.answers.last();
        format!(
            "client {client} asked member {member} at {} for {what:?}, and was told {reply:?}; of \
             {} right answers the last is {right:?}",
            call.called_at,
            call.answers.len()
        )
    });
}
