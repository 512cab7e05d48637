//! How holders, ends and spans of time read.

use std::fmt;
use std::time::Duration;

use crate::info::{Busy, BusyHolder, LostReason};

/// `'deploy' held by ci-7 (pid 4121, alice, "make deploy") for 3m12s, expires in 21s unless
/// renewed; you are 2nd of 4`.
impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' ", self.name)?;
        match (&self.holder, self.rests_for) {
            (Some(holder), _) => write!(f, "held by {}", Held(holder))?,
            (None, Some(rest)) => {
                write!(f, "rests for {} after its last holder was lost", Span(rest))?;
            }
            (None, None) if self.waiters > 0 => write!(f, "is waited for by others")?,
            (None, None) => write!(f, "is held by somebody")?,
        }
        if self.holders > 1 {
            write!(f, " and {} more", self.holders - 1)?;
        }
        if let Some(limit) = self.other_limit {
            write!(f, "; it has {limit} permits until all who hold it are gone")?;
        }
        match self.position {
            0 => Ok(()),
            place if place > self.waiters => write!(f, "; you would be {} in line", Ordinal(place)),
            place => write!(f, "; you are {} of {}", Ordinal(place), self.waiters),
        }
    }
}

struct Held<'a>(&'a BusyHolder);

impl fmt::Display for Held<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BusyHolder { owner, held_for, expires_in, .. } = self.0;
        let host = if owner.host.is_empty() { "an unnamed host" } else { &owner.host };
        let mut details = Vec::new();
        if owner.pid != 0 {
            details.push(format!("pid {}", owner.pid));
        }
        if !owner.user.is_empty() {
            details.push(Plain(&owner.user).to_string());
        }
        if !owner.command.is_empty() {
            details.push(format!("\"{}\"", Plain(&owner.command)));
        }
        if !owner.reason.is_empty() {
            details.push(format!("because \"{}\"", Plain(&owner.reason)));
        }
        write!(f, "{}", Plain(host))?;
        if !details.is_empty() {
            write!(f, " ({})", details.join(", "))?;
        }
        write!(f, " for {}", Span(*held_for))?;
        match expires_in {
            Some(left) => write!(f, ", expires in {} unless renewed", Span(*left)),
            None => Ok(()),
        }
    }
}

/// A holder's own words, which must not be able to move the cursor of a terminal.
struct Plain<'a>(&'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c.is_control() {
                true => write!(f, "{}", c.escape_default())?,
                false => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}

/// It fits after "the lock was lost:".
impl fmt::Display for LostReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LostReason::NotRenewed => f.write_str("no keepalive was answered before its deadline"),
            LostReason::Expired { renewed_ago: Some(ago) } => {
                write!(f, "it expired, {} after the service saw its last keepalive", Span(*ago))
            }
            LostReason::Expired { renewed_ago: None } => {
                f.write_str("it expired: the service saw no keepalive in time")
            }
            LostReason::Released => f.write_str("it was released"),
            LostReason::SessionClosed => f.write_str("its session was closed"),
            LostReason::Disconnected => f.write_str("its connection ended"),
            LostReason::Revoked { by } => write!(f, "it was revoked by {}", Plain(by)),
            LostReason::MaxHold => f.write_str("its maximum hold was over"),
            LostReason::Upgraded => f.write_str("it became an exclusive hold under a new token"),
            LostReason::Cancelled => f.write_str("its request was cancelled as it was granted"),
            LostReason::SessionUnknown => f.write_str("the service knows its session no more"),
            LostReason::EndedUnseen => {
                f.write_str("it ended while the service was out of reach; see the lock's history")
            }
        }
    }
}

/// A length of time as people write it: `350ms`, `1.5s`, `21s`, `3m12s`, `2h5m`, `4d1h`.
///
/// ```
/// use std::time::Duration;
/// assert_eq!(bramah::Span(Duration::from_secs(192)).to_string(), "3m12s");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, ms) = (self.0.as_secs(), self.0.as_millis());
        let two = |big: u64, big_unit: &str, small: u64, small_unit: &str| match small {
            0 => format!("{big}{big_unit}"),
            _ => format!("{big}{big_unit}{small}{small_unit}"),
        };
        let text = match seconds {
            0 => format!("{ms}ms"),
            1..10 if ms % 1000 >= 100 => format!("{}.{}s", seconds, ms % 1000 / 100),
            1..60 => format!("{seconds}s"),
            60..3_600 => two(seconds / 60, "m", seconds % 60, "s"),
            3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "m"),
            _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
        };
        f.pad(&text)
    }
}

struct Ordinal(usize);

impl fmt::Display for Ordinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ending = match (self.0 % 10, self.0 % 100) {
            (_, 11..=13) => "th",
            (1, _) => "st",
            (2, _) => "nd",
            (3, _) => "rd",
            _ => "th",
        };
        write!(f, "{}{ending}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bramah_core::{FencingToken, LockName, Owner};

    fn busy() -> Busy {
        let owner = Owner {
            host: "ci-7".into(),
            pid: 4121,
            user: "alice".into(),
            command: "make deploy".into(),
            ..Owner::default()
        };
        Busy {
            name: LockName::new("deploy").unwrap(),
            holder: Some(BusyHolder {
                token: FencingToken(7),
                session: 3,
                owner,
                held_for: Duration::from_secs(192),
                expires_in: Some(Duration::from_secs(21)),
            }),
            holders: 1,
            waiters: 4,
            position: 2,
            rests_for: None,
            other_limit: None,
        }
    }

    #[test]
    fn a_busy_lock_names_its_holder_and_the_place_in_line() {
        assert_eq!(
            busy().to_string(),
            "'deploy' held by ci-7 (pid 4121, alice, \"make deploy\") for 3m12s, expires in 21s \
             unless renewed; you are 2nd of 4"
        );
        let tried = Busy { position: 5, holders: 3, ..busy() };
        assert!(tried.to_string().ends_with("and 2 more; you would be 5th in line"), "{tried}");
    }

    #[test]
    fn who_names_another_limit_is_told_which_one_counts_and_for_how_long() {
        let changed = Busy { other_limit: Some(2), ..busy() }.to_string();
        let told = "; it has 2 permits until all who hold it are gone; you are 2nd of 4";
        assert!(changed.ends_with(told), "{changed}");
    }

    #[test]
    fn a_resting_lock_says_for_how_long() {
        let rests_for = Some(Duration::from_millis(1500));
        let rests = Busy { holder: None, holders: 0, position: 0, rests_for, ..busy() };
        assert_eq!(rests.to_string(), "'deploy' rests for 1.5s after its last holder was lost");
    }

    #[test]
    fn the_words_of_a_holder_cannot_move_the_cursor() {
        let mut busy = busy();
        if let Some(holder) = &mut busy.holder {
            holder.owner.command = "x\x1b[2J\ny".into();
        }
        assert!(busy.to_string().contains("\"x\\u{1b}[2J\\ny\""), "{busy}");
    }

    #[test]
    fn a_span_shows_its_two_largest_units() {
        let of_ms = |ms| Span(Duration::from_millis(ms)).to_string();
        let shown =
            [0, 350, 1_000, 1_550, 21_000, 60_000, 192_000, 7_500_000, 350_000_000].map(of_ms);
        assert_eq!(shown, ["0ms", "350ms", "1s", "1.5s", "21s", "1m", "3m12s", "2h5m", "4d1h"]);
    }

    #[test]
    fn ordinals_end_as_they_should() {
        let shown = [1, 2, 3, 4, 11, 12, 13, 21, 111, 112].map(|n| Ordinal(n).to_string());
        let expected =
            ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "111th", "112th"];
        assert_eq!(shown, expected);
    }
}
