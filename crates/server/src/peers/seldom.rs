//! What may come again and again and is told from time to time, with a count.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// How often the same is told, at most.
const TOLD_EVERY: Duration = Duration::from_secs(10);
/// How many different things are told apart; of more than these nothing is told meanwhile.
const TOLD_LEN_MAX: usize = 64;

/// What was told, when, and how often it came since.
#[derive(Debug, Default)]
pub(crate) struct Seldom(BTreeMap<String, (Instant, u64)>);

impl Seldom {
    /// Something came. If it is to be told now: how often it came and was not told before.
    pub(crate) fn count(&mut self, what: &str, now: Instant) -> Option<u64> {
        if let Some((told, untold)) = self.0.get_mut(what) {
            if now.saturating_duration_since(*told) < TOLD_EVERY {
                *untold += 1;
                return None;
            }
            *told = now;
            return Some(std::mem::take(untold));
        }
        if self.0.len() >= TOLD_LEN_MAX {
            self.0.retain(|_, (told, _)| now.saturating_duration_since(*told) < TOLD_EVERY);
        }
        if self.0.len() >= TOLD_LEN_MAX {
            return None;
        }
        self.0.insert(what.to_owned(), (now, 0));
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_told_once_in_a_while_with_how_often_it_came() {
        let mut seldom = Seldom::default();
        let start = Instant::now();
        let told: Vec<Option<u64>> =
            (0..25).map(|second| seldom.count("a", start + Duration::from_secs(second))).collect();
        let mut expected = [None; 25];
        (expected[0], expected[10], expected[20]) = (Some(0), Some(9), Some(9));
        assert_eq!(told, expected);
        assert_eq!(seldom.count("b", start), Some(0), "something else");
    }

    #[test]
    fn no_more_is_remembered_than_may_be_and_what_is_old_makes_room() {
        let mut seldom = Seldom::default();
        let start = Instant::now();
        let told = (0..=TOLD_LEN_MAX).filter(|n| seldom.count(&n.to_string(), start).is_some());
        assert_eq!(told.count(), TOLD_LEN_MAX);
        assert_eq!(seldom.count("later", start + TOLD_EVERY), Some(0));
        assert_eq!(seldom.0.len(), 1);
    }
}
