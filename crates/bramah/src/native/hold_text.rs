//! A hold id as text: the hold, and with it the session that was opened for it alone.

use std::fmt;
use std::str::FromStr;

use bramah_core::{HoldId, SessionHandle};

use crate::error::{Error, ErrorKind};

/// What `acquire` tells, here and over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HoldText {
    pub(super) hold: HoldId,
    /// It is closed when the hold is given back.
    pub(super) own_session: Option<SessionHandle>,
}

impl HoldText {
    pub(super) fn parse(text: &str, verb: &str) -> Result<HoldText, Error> {
        text.parse().map_err(|error: bramah_core::ParseIdError| {
            Error::new(ErrorKind::Invalid, format!("{verb} a hold"), error.to_string())
        })
    }
}

impl FromStr for HoldText {
    type Err = bramah_core::ParseIdError;

    fn from_str(text: &str) -> Result<HoldText, Self::Err> {
        let (hold, session) = match text.split_once('.') {
            Some((hold, session)) => (hold, Some(session)),
            None => (text, None),
        };
        Ok(HoldText { hold: hold.parse()?, own_session: session.map(str::parse).transpose()? })
    }
}

impl fmt::Display for HoldText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hold.fmt(f)?;
        match self.own_session {
            Some(session) => write!(f, ".{session}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_id_reads_as_it_was_written_with_its_session_and_without() {
        for text in ["7-00000000000000ff", "7-00000000000000ff.9-00000000000000aa"] {
            let parsed: HoldText = text.parse().unwrap();
            assert_eq!(parsed.own_session.is_some(), text.contains('.'));
            assert_eq!(parsed.to_string(), text);
        }
        for text in ["", ".", "7-00000000000000ff.", "7-00000000000000ff.9", "7.9"] {
            let refused = HoldText::parse(text, "renew").unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Invalid);
            assert!(refused.to_string().starts_with("could not renew a hold: not a "), "{refused}");
        }
    }
}
