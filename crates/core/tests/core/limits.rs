//! Every limit at one below, at, and one above. Not here: `LOCKS_MAX` and `SESSIONS_MAX`, which
//! need gigabytes, and `DEADLOCK_LOOKS_MAX`, which bounds a search and refuses nothing.

use std::sync::Arc;

use bramah_core::facts::Fact;
use bramah_core::{
    Action, Command, Key, LockName, Outcome, Owner, RequestSeq, RevokeTarget, SessionHandle, Ttl,
    Value, limits,
};

use crate::ask::{Ask, exclusive, many, permits, shared};
use crate::table::{Table, lock_name};

fn is_limit(text: &str, limit: &str, max: impl ToString) {
    assert_eq!(text, format!("limit {limit} is {}", max.to_string()));
}

#[test]
fn a_name_has_at_most_512_bytes() {
    let name = |bytes| LockName::new(&"n".repeat(bytes));
    assert!(name(511).is_ok() && name(512).is_ok());
    let refused = "lock name has 513 bytes, at most 512 are allowed";
    assert_eq!(name(513).unwrap_err().to_string(), refused);
    assert!(LockName::new(&"é".repeat(256)).is_ok());
    assert!(LockName::new(&"é".repeat(257)).is_err());
}

#[test]
fn a_value_has_at_most_64_kib() {
    let value = |bytes| Value::new(&vec![0; bytes]);
    assert!(value(65_535).is_ok() && value(65_536).is_ok());
    let refused = "value has 65537 bytes, at most 65536 are allowed";
    assert_eq!(value(65_537).unwrap_err().to_string(), refused);
}

#[test]
fn a_ttl_is_between_half_a_second_and_a_day() {
    assert!(Ttl::from_ms(499).is_err());
    assert!(Ttl::from_ms(500).is_ok() && Ttl::from_ms(501).is_ok());
    assert!(Ttl::from_ms(86_399_999).is_ok() && Ttl::from_ms(86_400_000).is_ok());
    let refused = "TTL is 86400001 ms, allowed are 500 ms to 86400000 ms (24 h)";
    assert_eq!(Ttl::from_ms(86_400_001).unwrap_err().to_string(), refused);
}

#[test]
fn an_owner_has_at_most_1_kib_in_all_its_texts() {
    let mut table = Table::new();
    let mut open = |bytes: usize| {
        let mut owner = Owner { pid: 7, ..Owner::default() };
        let texts = [&mut owner.host, &mut owner.user, &mut owner.command, &mut owner.reason];
        texts.into_iter().for_each(|text| *text = "t".repeat(200));
        owner.url = "u".repeat(bytes - 800);
        table.open_with("s1", |open| open.owner = Arc::new(owner))
    };
    assert_eq!(open(1023), "open until 10000");
    assert_eq!(open(1024), "open until 10000");
    is_limit(&open(1025), "owner_bytes", 1024);
}

#[test]
fn who_revokes_and_why_has_at_most_1_kib() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    let mut revoke = |bytes: usize| {
        let target = RevokeTarget::Lock(lock_name("x"));
        let by = "b".repeat(bytes).into();
        table.apply(Command::Revoke { target, wait_for_deadline: false, by })
    };
    is_limit(&revoke(1025), "owner_bytes", 1024);
    assert_eq!(revoke(1024), "revoked #1");
    assert_eq!(revoke(1023), "not holder");
}

#[test]
fn a_wait_is_at_most_a_day() {
    let mut table = Table::with(["s1", "s2"]);
    table.acquire("s1", "x");
    let max = limits::WAIT_MS_MAX;
    assert_eq!(table.acquire("s2", exclusive("x").for_ms(max - 1)), "queued 1 of 1");
    assert_eq!(table.acquire("s2", exclusive("x").for_ms(max)), "queued 2 of 2");
    is_limit(&table.acquire("s2", exclusive("x").for_ms(max + 1)), "wait_ms", max);
}

#[test]
fn a_term_is_at_most_thirty_days() {
    let max = limits::TERM_MS_MAX;
    let terms: [fn(Ask, u64) -> Ask; 3] = [Ask::lock_delay, Ask::min_hold, Ask::max_hold];
    for with_term in terms {
        let mut table = Table::with(["s1"]);
        assert_eq!(table.acquire("s1", with_term(exclusive("a"), max - 1)), "granted a #1");
        assert_eq!(table.acquire("s1", with_term(exclusive("b"), max)), "granted b #2");
        is_limit(&table.acquire("s1", with_term(exclusive("c"), max + 1)), "term_ms", max);
    }
}

#[test]
fn a_semaphore_has_at_most_a_million_permits() {
    let mut table = Table::with(["s1"]);
    let max = limits::PERMITS_MAX;
    assert_eq!(table.acquire("s1", permits("a", 1, max - 1)), "granted a #1");
    assert_eq!(table.acquire("s1", permits("b", max, max)), "granted b #2");
    is_limit(&table.acquire("s1", permits("c", 1, max + 1)), "permits", max);
}

#[test]
fn many_are_at_most_128() {
    let mut table = Table::with(["s1", "s2", "s3"]);
    let all = |count: usize| many((0..count).map(|n| exclusive(&format!("n{n}"))));
    is_limit(&table.acquire_many("s1", all(129)), "many_items", 128);
    assert_eq!(table.state.sizes().locks, 0);
    assert!(table.acquire_many("s2", all(128)).starts_with("granted"));
    assert_eq!(table.acquire_many("s3", all(127)), "queued 1 of 1");
}

#[test]
fn a_hold_is_re_entered_at_most_a_million_times() {
    let mut table = Table::with(["s1"]);
    table.acquire("s1", "x");
    let mut facts = table.facts();
    for fact in &mut facts {
        if let Fact::Hold(hold) = fact {
            hold.count = limits::REENTRIES_MAX - 2;
        }
    }
    table.replace(facts);
    assert_eq!(table.acquire("s1", exclusive("x").reenter()), "granted x #1 x999999");
    assert_eq!(table.acquire("s1", exclusive("x").reenter()), "granted x #1 x1000000");
    let refused = table.acquire("s1", exclusive("x").reenter());
    is_limit(&refused, "reentries", limits::REENTRIES_MAX);
}

#[test]
fn a_renewal_names_at_most_65536_sessions() {
    let mut table = Table::with(["s1"]);
    let mut renew = |count: usize| {
        let mut sessions = vec![SessionHandle { key: Key(0), ..table.handle("s1") }; count];
        sessions[0] = table.handle("s1");
        table.apply(Command::Renew(sessions));
        table.outcome.clone()
    };
    for count in [65_535, 65_536] {
        let Outcome::Renewed(answers) = renew(count) else { panic!("renewed") };
        assert_eq!((answers.len(), answers[0].is_ok()), (count, true));
    }
    let limit = bramah_core::Refusal::LimitExceeded { limit: "renew_sessions", max: 65_536 };
    assert!(renew(65_537) == Outcome::Refused(limit));
}

#[test]
fn a_lock_has_at_most_10000_waiters() {
    let mut table = Table::large();
    table.open("holder");
    table.acquire("holder", "x");
    for waiter in 1..=10_001 {
        let session = format!("w{waiter}");
        table.open(&session);
        let text = table.acquire(&session, "x");
        match waiter {
            ..=10_000 => assert_eq!(text, format!("queued {waiter} of {waiter}")),
            _ => assert_eq!(text, "queue full: 10000 of 10000"),
        }
    }
    table.cancel("w1", 1);
    assert_eq!(table.acquire("w10001", "x"), "queued 10000 of 10000");
}

#[test]
fn a_session_has_at_most_10000_holds() {
    let mut table = Table::large();
    table.open("s1");
    table.acknowledge_below("s1", u64::MAX);
    for n in 0..9_999 {
        table.acquire("s1", &*format!("n{n}"));
    }
    is_limit(&table.acquire_many("s1", ["a", "b"]), "session_holds", 10_000);
    assert!(table.acquire("s1", shared("at")).starts_with("granted"));
    is_limit(&table.acquire("s1", "above"), "session_holds", 10_000);
    assert!(table.upgrade("s1", "at", bramah_core::Wait::Try).starts_with("granted"));
    table.release("s1", "n0");
    assert!(table.acquire("s1", "above").starts_with("granted"));
}

#[test]
fn waits_count_as_the_holds_that_they_may_become() {
    let mut table = Table::large();
    table.open("holder");
    table.open("s1");
    table.acknowledge_below("s1", u64::MAX);
    for n in 0..9_995 {
        table.acquire("s1", &*format!("n{n}"));
    }
    table.acquire("holder", "a");
    assert_eq!(table.acquire_many("s1", ["a", "b"]), "queued 1 of 1");
    let many_seq = table.seq("s1");
    table.acquire("s1", shared("c"));
    table.acquire("holder", shared("c"));
    assert_eq!(table.upgrade("s1", "c", bramah_core::Wait::Forever), "queued 1 of 1");
    is_limit(&table.acquire_many("s1", ["d", "e", "f"]), "session_holds", 10_000);
    assert!(table.acquire_many("s1", ["d", "e"]).starts_with("granted"));
    is_limit(&table.acquire("s1", "f"), "session_holds", 10_000);
    is_limit(&table.acquire("s1", "a"), "session_holds", 10_000);
    table.cancel("s1", many_seq);
    assert!(table.acquire_many("s1", ["f", "g"]).starts_with("granted"));
    is_limit(&table.acquire("s1", "h"), "session_holds", 10_000);
}

#[test]
fn a_session_keeps_at_most_16384_answers() {
    let mut table = Table::large();
    table.open("s1");
    let max = limits::SESSION_ANSWERS_MAX as u64;
    for _ in 1..max {
        table.acquire("s1", permits("p", 0, 1));
    }
    // A cancel needs room for two: its own answer, and that of the request it cancels.
    is_limit(&table.cancel("s1", u64::MAX), "session_answers", max);
    assert_eq!(table.acquire("s1", "x"), "granted x #1");
    assert_eq!(answers(&table), limits::SESSION_ANSWERS_MAX);
    is_limit(&table.acquire("s1", "y"), "session_answers", max);
    table.acknowledge_below("s1", 3);
    assert_eq!(table.cancel("s1", u64::MAX), "cancelled");
    assert_eq!(answers(&table), limits::SESSION_ANSWERS_MAX);
    is_limit(&table.acquire("s1", "y"), "session_answers", max);
}

#[test]
fn waits_count_as_the_answers_that_they_will_leave() {
    let mut table = Table::large();
    table.open("holder");
    table.open("s1");
    table.acquire("holder", "x");
    let max = limits::SESSION_ANSWERS_MAX as u64;
    table.acquire("s1", "x");
    for _ in 2..=max {
        table.acquire("s1", exclusive("x").try_once());
    }
    is_limit(&table.acquire("s1", exclusive("x").try_once()), "session_answers", max);
    table.release("holder", "x");
    assert_eq!(answers(&table), limits::SESSION_ANSWERS_MAX);
}

#[test]
fn a_session_keeps_at_most_16_mib_of_answers_and_those_of_its_waits() {
    let mut table = Table::large();
    let name = |n: usize| format!("{n:0>512}");
    for n in 0..64 {
        table.open(&format!("s{n}"));
        table.acquire(&format!("s{n}"), &*name(n));
    }
    for n in 1..64 {
        table.acquire(&format!("s{}", n - 1), &*name(n));
    }
    table.open("holder");
    table.acquire("holder", "x");
    assert_eq!(table.acquire("s63", "x"), "queued 1 of 1");
    let wait = table.seq("s63");
    // Each answer names 64 locks of 512 bytes.
    let ask = table.asking(&*name(0));
    let mut kept = 0;
    while table.request("s63", ask.clone()).starts_with("deadlock") {
        kept += 1;
        assert!(kept < 1_000, "no end");
    }
    let max = limits::SESSION_ANSWERS_BYTES_MAX;
    is_limit(&table.acquire("s63", "y"), "session_answers_bytes", max);
    assert!((max - max / 4..=max).contains(&(kept * 64 * 512)), "{kept} answers");
    // What was answered before is answered again, whoever waits is granted, and others go on.
    assert!(table.repeat("s63", wait + 1, ask.clone()).starts_with("deadlock"));
    table.release("holder", "x");
    assert_eq!(table.repeat("s63", wait, ask), "granted x #66");
    assert_eq!(table.acquire("holder", "y"), "granted y #67");
    // A snapshot has the same count.
    table.reload();
    is_limit(&table.acquire("s63", "z"), "session_answers_bytes", max);
    table.acknowledge_below("s63", wait + 2);
    assert_eq!(table.acquire("s63", "z"), "granted z #68");
}

fn answers(table: &Table) -> usize {
    let sessions = table.state.facts().filter_map(|fact| match fact {
        Fact::Session(session) => Some(session.answers.len()),
        _ => None,
    });
    sessions.max().unwrap()
}

#[test]
fn the_history_keeps_65536_holds_and_as_many_sessions() {
    let mut table = Table::large();
    table.open("s1");
    let session = table.handle("s1");
    for seq in 1..=limits::HISTORY_LEN_MAX as u64 {
        hold_once(&mut table, session, seq);
    }
    assert_eq!(table.state.ended(None).count(), limits::HISTORY_LEN_MAX);
    assert!(table.verify("x", 1).ended.is_some());
    table.at(5);
    hold_once(&mut table, session, limits::HISTORY_LEN_MAX as u64 + 1);
    assert_eq!(table.state.ended(None).count(), limits::HISTORY_LEN_MAX);
    assert!(table.verify("x", 1).ended.is_none());
    assert!(table.verify("x", 2).ended.is_some());
    assert_eq!(table.revoke_hold("x", 65_536), "not holder since 0: cancelled");
    assert_eq!(table.revoke_hold("x", 65_537), "not holder since 5: cancelled");
    // The ring goes round over a snapshot as well, and answers the same.
    let live = table.state.clone();
    table.reload();
    assert!(table.state == live, "a table built from facts is the table they are of");
    hold_once(&mut table, session, limits::HISTORY_LEN_MAX as u64 + 2);
    assert!(table.verify("x", 2).ended.is_none());
    assert_eq!(table.verify("x", 3).newest.map(|token| token.0), Some(65_538));
}

fn hold_once(table: &mut Table, session: SessionHandle, seq: u64) {
    let request =
        |seq| bramah_core::RequestRef { seq: RequestSeq(seq), answered_below: RequestSeq(seq) };
    let action = table.asking("x");
    table.apply(Command::Request { session, request: request(2 * seq), action });
    let action = Action::Cancel { seq: RequestSeq(2 * seq) };
    table.apply(Command::Request { session, request: request(2 * seq + 1), action });
    table.events();
}

#[test]
fn a_session_beyond_the_history_is_unknown() {
    let mut table = Table::large();
    table.open("first");
    table.close("first");
    for _ in 1..limits::HISTORY_LEN_MAX {
        table.open("s");
        table.close("s");
    }
    assert_eq!(table.renew("first"), "session ended at 0: session closed");
    table.open("s");
    table.close("s");
    assert_eq!(table.renew("first"), "session unknown");
}
