//! A hold's name in the addresses of HTTP.

use std::fmt;
use std::str::FromStr;

use bramah_core::{HoldId, SessionHandle};

/// All that a later request on a hold needs, as one text; so any server can serve it and none
/// keeps anything. A hold id alone is one too: that of a hold in a session of the client's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) hold: HoldId,
    /// The session that was opened for this hold alone, and ends with it.
    pub(crate) own_session: Option<SessionHandle>,
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hold.fmt(f)?;
        match self.own_session {
            Some(session) => write!(f, ".{session}"),
            None => Ok(()),
        }
    }
}

/// A text names no hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotATicket;

impl fmt::Display for NotATicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is not what an acquire answered in `hold`")
    }
}

impl FromStr for Ticket {
    type Err = NotATicket;

    fn from_str(text: &str) -> Result<Ticket, NotATicket> {
        let (hold, session) = match text.split_once('.') {
            Some((hold, session)) => (hold, Some(session)),
            None => (text, None),
        };
        let own_session = session.map(|session| session.parse().map_err(|_| NotATicket));
        Ok(Ticket {
            hold: hold.parse().map_err(|_| NotATicket)?,
            own_session: own_session.transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use bramah_core::{FencingToken, Key, SessionId};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_ticket_reads_as_it_was_written(
            (token, key) in any::<(u64, u64)>(),
            session in proptest::option::of(any::<(u64, u64)>()),
        ) {
            let ticket = Ticket {
                hold: HoldId { token: FencingToken(token), key: Key(key) },
                own_session: session
                    .map(|(id, key)| SessionHandle { id: SessionId(id), key: Key(key) }),
            };
            let text = ticket.to_string();
            prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.'));
            prop_assert_eq!(text.parse(), Ok(ticket));
        }

        #[test]
        fn other_text_is_refused(text in "[0-9a-f.-]{0,70}|\\PC{0,20}") {
            if let Ok(ticket) = text.parse::<Ticket>() {
                prop_assert_eq!(ticket.to_string().parse(), Ok(ticket));
            }
        }
    }

    #[test]
    fn half_a_ticket_is_none() {
        let whole = "7-00000000000000ff.9-00000000000000aa";
        assert!(whole.parse::<Ticket>().is_ok());
        for text in ["", ".", "7-00000000000000ff.", "7-00000000000000ff.9", "7", &whole[1..]] {
            assert_eq!(text.parse::<Ticket>(), Err(NotATicket), "{text}");
        }
    }
}
