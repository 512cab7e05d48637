use std::collections::BTreeSet;

use bramah_core::{
    Action, Command, FencingToken, Item, Key, Mode, Priority, RequestSeq, SessionClose, SessionId,
    Terms, Wait, limits,
};
use bramah_wire::proto::request::Op;
use bramah_wire::request::{
    Address, Ask, ClusterAsk, ErrorReply, KEEP_ALIVE_SESSIONS_MAX, LIST_LEN_DEFAULT, LIST_LEN_MAX,
    Parsed, Query, WAITERS_SHOWN_DEFAULT, WAITERS_SHOWN_MAX, Watched, What, parse, read,
};
use bramah_wire::{ErrorCode, ask, proto};
use bytes::Bytes;
use proptest::prelude::*;
use prost::Message as _;

use crate::{any, golden, samples};

const DRAWN: Key = Key(0x5eed);

fn parsed(op: Op) -> Result<What, (ErrorCode, String)> {
    match parse(proto::Request { id: 7, op: Some(op) }, &mut || DRAWN) {
        Ok(Parsed { id: 7, ask: Ask::Service(what) }) => Ok(what),
        Err(ErrorReply { id: 7, error }) => Err((error.code, error.message)),
        other => panic!("{other:?}"),
    }
}

/// The command as a server has it after it came over the wire.
fn arrived(mut command: Command) -> What {
    match &mut command {
        Command::OpenSession(open) => open.key = DRAWN,
        Command::CloseSession { cause, .. } => *cause = SessionClose::Asked,
        Command::Request { action: Action::Acquire(acquire), .. } => acquire.key = DRAWN,
        Command::Request { action: Action::AcquireMany(acquire), .. } => acquire.key = DRAWN,
        Command::Request { action: Action::Upgrade { key, .. }, .. } => *key = DRAWN,
        Command::Renew(sessions) => return What::KeepAlive(std::mem::take(sessions)),
        _ => {}
    }
    What::Command(command)
}

/// The command with everything that a request bounds brought into its bounds.
fn bounded(mut command: Command) -> Command {
    let bound_wait = |wait: &mut Wait| {
        if let Wait::ForMs(ms) = wait {
            *ms = *ms % limits::WAIT_MS_MAX + 1;
        }
    };
    let bound_terms = |terms: &mut Terms| {
        for ms in [&mut terms.lock_delay_ms, &mut terms.min_hold_ms, &mut terms.max_hold_ms] {
            *ms %= limits::TERM_MS_MAX + 1;
        }
    };
    let bound_item = |item: &mut Item| {
        if let Mode::Permits { count, limit } = &mut item.mode {
            *limit = *limit % limits::PERMITS_MAX + 1;
            *count = *count % *limit + 1;
        }
    };
    if let Command::Request { request, action, .. } = &mut command {
        request.seq = RequestSeq(request.seq.0.max(1));
        request.answered_below = request.answered_below.min(request.seq);
        match action {
            Action::Acquire(acquire) => {
                bound_item(&mut acquire.item);
                bound_wait(&mut acquire.wait);
                bound_terms(&mut acquire.terms);
            }
            Action::AcquireMany(acquire) => {
                let mut names = BTreeSet::new();
                acquire.items.retain(|item| names.insert(item.name.clone()));
                if acquire.items.is_empty() {
                    acquire.items.push(samples::item());
                }
                acquire.items.iter_mut().for_each(bound_item);
                bound_wait(&mut acquire.wait);
                bound_terms(&mut acquire.terms);
            }
            Action::Upgrade { wait, .. } => bound_wait(wait),
            Action::Cancel { .. } | Action::Hold(..) => {}
        }
    }
    command
}

proptest! {
    #[test]
    fn every_command_within_bounds_arrives_as_it_was_asked(command in any::command()) {
        let command = bounded(command);
        let frame = ask::request(7, &command).encode_to_vec();
        let read = read(frame.into(), &mut || DRAWN);
        prop_assert_eq!(read, Ok(Parsed { id: 7, ask: Ask::Service(arrived(command)) }));
    }

    #[test]
    fn a_command_out_of_bounds_is_refused_or_arrives_whole(command in any::command()) {
        let frame = ask::request(7, &command).encode_to_vec();
        match read(frame.into(), &mut || DRAWN) {
            Ok(parsed) => {
                let is_zero_wait = format!("{command:?}").contains("ForMs(0)");
                prop_assert!(parsed.ask == Ask::Service(arrived(command)) || is_zero_wait);
            }
            Err(refused) => prop_assert_eq!(refused.id, 7),
        }
    }
}

#[test]
fn every_command_arrives_as_it_was_asked() {
    for (name, command) in samples::commands() {
        let request = ask::request(7, &command);
        let ask = parse(request, &mut || DRAWN).map(|parsed| parsed.ask);
        assert_eq!(ask, Ok(Ask::Service(arrived(command))), "{name}");
    }
}

#[test]
fn every_question_arrives_as_it_was_asked() {
    let name = samples::name("billing/close");
    let (prefix, after) = ("b".to_owned(), "billing/close".to_owned());
    let expected = [
        What::Attach { session: samples::session(), after: FencingToken(3) },
        What::Query(Query::GetLock { name: name.clone(), waiters_max: 5 }),
        What::Query(Query::ListLocks { prefix, after, len_max: 9 }),
        What::Query(Query::ListSessions { after: SessionId(3), len_max: 9 }),
        What::Query(Query::GetHistory { name: Some(name.clone()), len_max: 9 }),
        What::Query(Query::GetHistory { name: None, len_max: LIST_LEN_DEFAULT }),
        What::Query(Query::Verify { name: name.clone(), token: FencingToken(1057) }),
        What::Watch(Watched::Name(name)),
        What::Watch(Watched::Prefix(String::new())),
        What::Unwatch { watch_id: 7 },
        What::ServerInfo,
    ];
    let address = |port| Address::new(&format!("db1.example:{port}")).expect("an address");
    let get_lock = Query::GetLock { name: samples::name("billing/close"), waiters_max: 5 };
    let of_server = [
        Ask::Stale(get_lock),
        Ask::Cluster(ClusterAsk::Status),
        Ask::Cluster(ClusterAsk::Add { node_id: 7, peer: address(7421), client: address(7420) }),
        Ask::Cluster(ClusterAsk::Promote { node_id: 7 }),
        Ask::Cluster(ClusterAsk::Remove { node_id: 7 }),
        Ask::Cluster(ClusterAsk::Transfer { to: Some(7) }),
        Ask::Backup { from: 65_536 },
        Ask::Stale(Query::GetSession { session: samples::session(), after: FencingToken(3) }),
    ];
    let expected: Vec<Ask> = expected.into_iter().map(Ask::Service).chain(of_server).collect();
    let questions = golden::questions();
    assert_eq!(questions.len(), expected.len());
    for ((label, op), expected) in questions.into_iter().zip(expected) {
        let request = proto::Request { id: 7, op: Some(op) };
        let ask = parse(request, &mut || DRAWN).map(|parsed| parsed.ask);
        assert_eq!(ask, Ok(expected), "{label}");
    }
}

#[test]
fn a_page_has_the_usual_length_unless_asked_and_never_more_than_the_bound() {
    let list =
        |len_max| match parsed(Op::ListLocks(proto::ListLocks { len_max, ..Default::default() })) {
            Ok(What::Query(Query::ListLocks { len_max, .. })) => len_max,
            other => panic!("{other:?}"),
        };
    let max = LIST_LEN_MAX as u32;
    assert_eq!(
        [0, 1, max - 1, max, max + 1].map(list),
        [LIST_LEN_DEFAULT, 1, LIST_LEN_MAX - 1, LIST_LEN_MAX, LIST_LEN_MAX]
    );
    let waiters = |waiters_max| {
        let get = proto::GetLock { name: "a".to_owned(), waiters_max, stale: false };
        match parsed(Op::GetLock(get)) {
            Ok(What::Query(Query::GetLock { waiters_max, .. })) => waiters_max,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!([0, u32::MAX].map(waiters), [WAITERS_SHOWN_DEFAULT, WAITERS_SHOWN_MAX]);
}

/// A good acquire, to be spoilt.
fn acquire(spoil: impl FnOnce(&mut proto::Acquire)) -> Op {
    let (_, command) = samples::commands().remove(5);
    match ask::request(7, &command).op {
        Some(Op::Acquire(mut acquire)) => {
            spoil(&mut acquire);
            Op::Acquire(acquire)
        }
        other => panic!("{other:?}"),
    }
}

fn with_item(spoil: impl FnOnce(&mut proto::Item)) -> Op {
    acquire(|acquire| spoil(acquire.item.as_mut().unwrap()))
}

fn many(items: Vec<proto::Item>) -> Op {
    let (_, command) = samples::commands().remove(7);
    match ask::request(7, &command).op {
        Some(Op::AcquireMany(many)) => Op::AcquireMany(proto::AcquireMany { items, ..many }),
        other => panic!("{other:?}"),
    }
}

fn items(len: usize) -> Vec<proto::Item> {
    let item = |n: usize| Item { name: samples::name(&n.to_string()), ..samples::item() };
    (0..len).map(|n| (&item(n)).into()).collect()
}

fn permits(permits: u32, limit: u32) -> Op {
    with_item(|item| {
        (item.mode, item.permits, item.limit) = (proto::Mode::Permits.into(), permits, limit);
    })
}

fn open(spoil: impl FnOnce(&mut proto::OpenSession)) -> Op {
    let mut open = proto::OpenSession { ttl_ms: 15_000, ..Default::default() };
    spoil(&mut open);
    Op::OpenSession(open)
}

fn owner_of(bytes: usize) -> Op {
    open(|open| {
        let (host, reason) = ("h".to_owned(), "r".repeat(bytes - 1));
        open.owner = Some(proto::Owner { host, reason, ..Default::default() });
    })
}

fn waiting(how: proto::wait::How) -> Op {
    acquire(|acquire| acquire.wait = Some(proto::Wait { how: Some(how) }))
}

fn terms(terms: proto::Terms) -> Op {
    acquire(|acquire| acquire.terms = Some(terms))
}

#[test]
fn what_is_just_within_a_bound_is_taken() {
    use proto::wait::How;
    let good = [
        with_item(|item| item.name = "n".repeat(limits::NAME_BYTES_MAX - 1)),
        with_item(|item| item.name = "n".repeat(limits::NAME_BYTES_MAX)),
        with_item(|item| item.value = Some(vec![0; limits::VALUE_BYTES_MAX].into())),
        open(|open| open.ttl_ms = limits::TTL_MS_MIN),
        open(|open| open.ttl_ms = limits::TTL_MS_MAX),
        owner_of(limits::OWNER_BYTES_MAX - 1),
        owner_of(limits::OWNER_BYTES_MAX),
        permits(1, 1),
        permits(limits::PERMITS_MAX, limits::PERMITS_MAX),
        acquire(|acquire| acquire.priority = -128),
        acquire(|acquire| acquire.priority = 127),
        acquire(|acquire| acquire.wait = None),
        acquire(|acquire| acquire.terms = None),
        waiting(How::ForMs(limits::WAIT_MS_MAX)),
        terms(proto::Terms { max_hold_ms: limits::TERM_MS_MAX, ..Default::default() }),
        many(items(1)),
        many(items(limits::MANY_ITEMS_MAX)),
        Op::KeepAlive(proto::KeepAlive {
            sessions: vec![samples::session().into(); KEEP_ALIVE_SESSIONS_MAX],
        }),
        Op::ListLocks(proto::ListLocks {
            prefix: "p".repeat(limits::NAME_BYTES_MAX),
            ..Default::default()
        }),
        Op::Revoke(proto::Revoke {
            name: "a".to_owned(),
            by: "b".repeat(limits::OWNER_BYTES_MAX),
            ..Default::default()
        }),
    ];
    for (index, op) in good.into_iter().enumerate() {
        let parsed = parsed(op);
        assert!(parsed.is_ok(), "{index}: {parsed:?}");
    }
}

#[test]
fn what_is_wrong_is_refused_with_its_reason() {
    use proto::wait::How;
    let mut twice = items(2);
    twice[1].name = twice[0].name.clone();
    let mut spoilt = items(3);
    spoilt[2].name = String::new();
    let term = limits::TERM_MS_MAX + 1;
    let request = |spoil: fn(&mut proto::RequestRef)| {
        acquire(|acquire| spoil(acquire.request.as_mut().unwrap()))
    };
    let bad = [
        (with_item(|item| item.name = "n".repeat(513)), "lock name has 513 bytes, at most 512"),
        (with_item(|item| item.name.clear()), "lock name is empty"),
        (with_item(|item| item.name.push('\n')), "control character"),
        (with_item(|item| item.value = Some(vec![0; 65_537].into())), "value has 65537 bytes"),
        (with_item(|item| item.mode = 0), "mode is missing"),
        (with_item(|item| item.permits = 1), "only for MODE_PERMITS"),
        (with_item(|item| item.limit = 1), "only for MODE_PERMITS"),
        (permits(0, 5), "permits are 0, allowed are 1 to 5"),
        (permits(6, 5), "permits are 6, allowed are 1 to 5"),
        (permits(1, 0), "limit of permits is 0"),
        (permits(1, 1_000_001), "limit of permits is 1000001"),
        (open(|open| open.ttl_ms = 499), "TTL is 499 ms, allowed are 500 ms"),
        (open(|open| open.ttl_ms = 86_400_001), "TTL is 86400001 ms"),
        (owner_of(1_025), "owner has 1025 bytes, at most 1024"),
        (acquire(|acquire| acquire.item = None), "acquire: item is missing"),
        (acquire(|acquire| acquire.request = None), "request is missing"),
        (request(|request| request.session = None), "session is missing"),
        (request(|request| request.seq = 0), "request number is 0"),
        (request(|request| request.answered_below = 301), "answered_below is 301"),
        (acquire(|acquire| acquire.priority = 128), "priority is 128, allowed are -128 to 127"),
        (acquire(|acquire| acquire.priority = -129), "priority is -129"),
        (waiting(How::ForMs(86_400_001)), "wait is 86400001 ms"),
        (waiting(How::Try(false)), "wait says what it is not"),
        (waiting(How::Forever(false)), "wait says what it is not"),
        (terms(proto::Terms { lock_delay_ms: term, ..Default::default() }), "lock delay is"),
        (terms(proto::Terms { min_hold_ms: term, ..Default::default() }), "minimum hold is"),
        (terms(proto::Terms { max_hold_ms: term, ..Default::default() }), "maximum hold is"),
        (many(Vec::new()), "acquire many: items is missing"),
        (many(items(129)), "items has 129 entries, at most 128"),
        (many(twice), "\"0\" is there twice"),
        (many(spoilt), "item 3: lock name is empty"),
        (
            Op::KeepAlive(proto::KeepAlive {
                sessions: vec![samples::session().into(); KEEP_ALIVE_SESSIONS_MAX + 1],
            }),
            "sessions has 257 entries, at most 256",
        ),
        (Op::AttachSession(Default::default()), "session is missing"),
        (Op::CloseSession(Default::default()), "session is missing"),
        (Op::Release(Default::default()), "release: hold is missing"),
        (Op::Watch(Default::default()), "which is missing"),
        (Op::GetLock(Default::default()), "lock name is empty"),
        (
            Op::ListLocks(proto::ListLocks { prefix: "p".repeat(513), ..Default::default() }),
            "prefix has 513 bytes",
        ),
        (
            Op::Revoke(proto::Revoke {
                name: "a".to_owned(),
                by: "b".repeat(1_025),
                ..Default::default()
            }),
            "by has 1025 bytes",
        ),
    ];
    for (op, reason) in bad {
        let (code, message) = parsed(op).unwrap_err();
        assert_eq!(code, ErrorCode::InvalidRequest, "{message}");
        assert!(message.contains(reason), "{message:?} does not say {reason:?}");
    }
}

#[test]
fn what_only_a_newer_client_says_is_unsupported() {
    let newer = [
        with_item(|item| item.mode = 4),
        acquire(|acquire| acquire.if_held = 3),
        open(|open| open.on_disconnect = 2),
        many(vec![proto::Item { mode: 9, ..items(1).remove(0) }]),
    ];
    for op in newer {
        let (code, message) = parsed(op).unwrap_err();
        assert_eq!(code, ErrorCode::Unsupported, "{message}");
    }
    // An operation with a number that is not known here, after the id.
    let frame = Bytes::from_static(&[0x08, 0x07, 0xfa, 0x06, 0x00]);
    let refused = read(frame, &mut || DRAWN).unwrap_err();
    assert_eq!((refused.id, refused.error.code), (7, ErrorCode::Unsupported));
}

#[test]
fn bytes_that_are_no_request_are_refused_by_the_id_they_begin_with() {
    let refused = |frame: &'static [u8]| {
        let refused = read(Bytes::from_static(frame), &mut || DRAWN).unwrap_err();
        assert_eq!(refused.error.code, ErrorCode::InvalidFrame, "{}", refused.error);
        refused.id
    };
    assert_eq!(refused(&[0x08, 0xac, 0x02, 0x12, 0xff]), 300);
    assert_eq!(refused(&[0x08]), 0);
    assert_eq!(refused(b"GET / HTTP/1.1"), 0);
}

#[test]
fn an_id_of_0_is_refused() {
    let op = Some(Op::GetServerInfo(proto::GetServerInfo {}));
    let refused = parse(proto::Request { id: 0, op }, &mut || DRAWN).unwrap_err();
    assert_eq!((refused.id, refused.error.code), (0, ErrorCode::InvalidRequest));
}

#[test]
fn a_wait_of_0_ms_is_no_wait() {
    let Ok(What::Command(Command::Request { action: Action::Acquire(acquire), .. })) =
        parsed(waiting(proto::wait::How::ForMs(0)))
    else {
        panic!("not an acquire")
    };
    assert_eq!((acquire.wait, acquire.priority), (Wait::Try, Priority(0)));
}

#[test]
fn a_handle_in_a_log_line_keeps_its_key() {
    let request = ask::request(7, &samples::commands().remove(10).1);
    let line = format!("{request:?}");
    assert!(line.contains("1057"), "{line}");
    assert!(!line.contains(&samples::hold().key.0.to_string()), "{line}");
}
