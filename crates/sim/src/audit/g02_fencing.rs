//! G2 fencing: tokens rise strictly with every grant, over all locks and whatever happens in
//! between, and no client is ever told a token that was not granted to just this session, lock and
//! hold id.

use std::collections::BTreeMap;

use bramah_core::{Event, FencingToken, Happening, HoldId, LockName, SessionId};

use super::report::{Promise, Report};

/// Every token that was granted.
#[derive(Debug, Default)]
pub(crate) struct Fencing {
    granted: BTreeMap<FencingToken, (HoldId, SessionId, LockName)>,
}

impl Fencing {
    pub(crate) fn event(&mut self, event: &Event, report: &mut Report) {
        let Happening::Granted { session, grants, .. } = &event.what else { return };
        for grant in grants {
            let token = grant.hold.token;
            let last = self.granted.last_key_value().map_or(FencingToken(0), |(last, _)| *last);
            report.check(Promise::Fencing, token > last, || {
                format!("{} is granted under token {token}, after token {last}", grant.name)
            });
            self.granted.insert(token, (grant.hold, *session, grant.name.clone()));
        }
    }

    /// A client is told of a hold, or believes in it; in this session if that can be known.
    pub(crate) fn told(
        &self,
        session: Option<SessionId>,
        hold: HoldId,
        name: &LockName,
        report: &mut Report,
    ) {
        let granted = self.granted.get(&hold.token);
        let is_right = granted.is_some_and(|(right, of, lock)| {
            *right == hold && session.is_none_or(|session| session == *of) && lock == name
        });
        report.check(Promise::Fencing, is_right, || {
            format!("session {session:?} is told of {name} under {hold}; granted was {granted:?}")
        });
    }
}
