//! Reads are linearizable: every answer to a question is the right one at some instant between the
//! asking and the answer, whichever member gave it.
//!
//! A question is compared with the reference when it is made, and again after every commit until it
//! is answered. That is a little more than linearizable: what was committed before the question
//! counts, whether anybody was told of it or not.

use bramah_core::Outcome;
use bramah_node::{Info, Reply};

use super::calls::Call;
use super::report::{Promise, Report};

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
