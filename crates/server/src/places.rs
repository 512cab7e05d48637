//! The addresses of nodes where there is not room for all: those of members, and the numbers of
//! those that were removed, stay before those of nodes that never became members.

use bramah_wire::link::{PLACES_LEN_MAX, Places};

/// What became of what was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    /// It is not known as before.
    pub(crate) is_news: bool,
    /// Even for what must be known there was no room.
    pub(crate) is_full: bool,
}

/// Takes note of what was told. Where there is no room for all of it, nothing but members and nodes
/// that were removed stays, of what was told too: so two that tell each other come to rest.
pub(crate) fn note(places: &mut Places, told: Places, is_member: impl Fn(u64) -> bool) -> Noted {
    let new = told.iter().filter(|(node, _)| places.get(*node).is_none()).count();
    if places.iter().count() + new <= PLACES_LEN_MAX {
        return Noted { is_news: places.merge(told), is_full: false };
    }
    let before = std::mem::take(places);
    for (node, place) in before.iter().chain(told.iter()) {
        if place.removed || is_member(node) {
            places.note(node, place.clone());
        }
    }
    let lacks = |node: u64| places.get(node).is_none();
    let is_full = told.iter().any(|(node, it)| (it.removed || is_member(node)) && lacks(node));
    Noted { is_news: *places != before, is_full }
}

/// There is room for a node that is to be a member.
pub(crate) fn has_room(places: &Places, node: u64, is_member: impl Fn(u64) -> bool) -> bool {
    let others = places.iter().filter(|(other, _)| *other != node);
    let stay = others.filter(|(other, place)| place.removed || is_member(*other));
    stay.count() < PLACES_LEN_MAX
}

#[cfg(test)]
mod tests {
    use bramah_wire::link::Place;

    use super::*;

    const LEN_MAX: u64 = PLACES_LEN_MAX as u64;
    /// A number that no other node here has.
    const JOINING: u64 = 1 << 40;

    /// So many nodes from the first on.
    fn places(first: u64, len: u64, removed: bool) -> Places {
        let mut places = Places::default();
        for node in first..first + len {
            let (peer, client) = (format!("db{node}:7421"), String::new());
            places.note(node, Place { stamp: 1, removed, peer, client });
        }
        places
    }

    fn is_member(node: u64) -> bool {
        [1, 2, JOINING].contains(&node)
    }

    fn numbers(places: &Places) -> Vec<u64> {
        places.iter().map(|(node, _)| node).collect()
    }

    #[test]
    fn nodes_that_never_became_members_make_room_for_one_that_does() {
        let mut known = places(1, LEN_MAX, false);
        known.remove(7);
        assert!(has_room(&known, JOINING, is_member));
        let noted = note(&mut known, places(JOINING - 1, 2, false), is_member);
        assert_eq!(noted, Noted { is_news: true, is_full: false });
        assert_eq!(numbers(&known), [1, 2, 7, JOINING]);
        assert!(known.is_removed(7));
    }

    #[test]
    fn where_there_is_room_all_is_kept() {
        let mut known = places(1, 1, false);
        let all = places(1, LEN_MAX, false);
        assert!(note(&mut known, all.clone(), is_member).is_news);
        assert_eq!(known, all);
        let again = note(&mut known, all.clone(), is_member);
        assert_eq!((again, known), (Noted { is_news: false, is_full: false }, all));
    }

    #[test]
    fn who_was_removed_is_never_forgotten_and_that_there_is_no_more_room_is_said() {
        let mut known = places(1, 2, false);
        known.merge(places(3, LEN_MAX - 2, true));
        assert!(!has_room(&known, JOINING, is_member));
        assert!(has_room(&known, 1, is_member), "that is there");
        let before = known.clone();
        let noted = note(&mut known, places(JOINING, 1, false), is_member);
        assert_eq!(noted, Noted { is_news: false, is_full: true });
        assert_eq!(known, before);
        let noted = note(&mut known, places(JOINING - 1, 1, false), is_member);
        assert!(!noted.is_full, "nobody needs that one");
    }

    #[test]
    fn two_that_know_too_much_tell_each_other_until_they_know_the_same() {
        let (mut one, mut other) = (places(1, LEN_MAX, false), places(2, LEN_MAX, false));
        let mut told = 0;
        while note(&mut one, other.clone(), is_member).is_news
            || note(&mut other, one.clone(), is_member).is_news
        {
            told += 1;
            assert!(told < 4, "they come to rest");
        }
        assert_eq!(numbers(&one), [1, 2]);
        assert!(one == other);
    }
}
