use crate::ask::{exclusive, permits, shared};
use crate::table::Table;

#[test]
fn readers_hold_together() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", shared("x"));
    table.acquire("s2", shared("x"));
    assert_eq!(table.holders("x"), "s1 s2");
    assert_eq!(table.try_acquire("s3", "x"), "busy x by s1 #1, place 1");
}

#[test]
fn a_reader_waits_for_a_writer() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", "x");
    table.acquire("s2", shared("x"));
    table.acquire("s3", shared("x"));
    table.news();
    table.release("s1", "x");
    assert_eq!(
        table.news(),
        [
            "s1 has x #1 no more: released",
            "s2 is granted at last x #2",
            "s3 is granted at last x #3"
        ]
    );
}

#[test]
fn a_reader_does_not_pass_a_writer_that_waits() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", shared("x"));
    table.acquire("s2", "x");
    assert_eq!(table.try_acquire("s3", shared("x")), "busy x by s1 #1, place 2");
    assert_eq!(table.acquire("s3", shared("x")), "queued 2 of 2");
    table.release("s1", "x");
    assert_eq!((table.holders("x"), table.waiters("x")), ("s2".into(), "s3".into()));
}

#[test]
fn readers_enter_when_the_writer_before_them_gives_up() {
    let mut table = Table::with(["s1", "s2", "s3", "s4"]);
    table.acquire("s1", shared("x"));
    table.acquire("s2", "x");
    table.acquire("s3", shared("x"));
    table.acquire("s4", shared("x"));
    table.cancel("s2", 1);
    assert_eq!(table.holders("x"), "s1 s3 s4");
}

#[test]
fn a_writer_waits_for_the_last_reader() {
    let mut table = Table::with(["s1", "s2", "s3", "s4"]);
    for reader in ["s1", "s2", "s3"] {
        table.acquire(reader, shared("x"));
    }
    table.acquire("s4", "x");
    table.release("s2", "x");
    table.release("s1", "x");
    assert_eq!(table.holders("x"), "s3");
    table.release("s3", "x");
    assert_eq!(table.holders("x"), "s4");
}

#[test]
fn a_downgrade_keeps_the_token_and_lets_readers_in() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    table.acquire("s1", "x");
    table.acquire("s2", shared("x"));
    table.acquire("s3", "x");
    table.news();
    assert_eq!(table.downgrade("s1", "x"), "downgraded x #1");
    assert_eq!(table.news(), ["x #1 is shared", "s2 is granted at last x #2"]);
    table.release("s2", "x");
    assert_eq!(table.holders("x"), "s1");
    table.release("s1", "x");
    assert_eq!(table.holders("x"), "s3");
}

#[test]
fn a_shared_hold_is_downgraded_to_itself() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", shared("x"));
    table.news();
    assert_eq!(table.downgrade("s1", "x"), "downgraded x #1");
    assert!(table.news().is_empty());
}

#[test]
fn permits_and_re_entered_holds_are_not_downgraded() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", permits("p", 1, 2));
    assert_eq!(table.downgrade("s1", "p"), "invalid: permits cannot be downgraded");
    table.acquire("s1", "x");
    table.acquire("s1", exclusive("x").reenter());
    let refused = "invalid: a hold with re-entries cannot be downgraded";
    assert_eq!(table.downgrade("s1", "x"), refused);
}
