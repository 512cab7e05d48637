//! Bytes that were written once and must be written and read the same for ever.
//!
//! `BRAMAH_GOLDEN=write cargo test -p bramah-wire` writes the files anew. A line that changes
//! breaks whoever stored or sent the old one: that needs a new version of the format (FORMATS.md).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bramah_core::Time;
use bramah_wire::entry::{Entry, Run, decode_entry, encode_command, encode_entry};
use bramah_wire::frame::{OPENING, put_frame, take_frame};
use bramah_wire::peer::Message;
use bramah_wire::snapshot::{SnapshotReader, SnapshotWriter};
use bramah_wire::{Error, ErrorCode, ask, event, listing, proto, reply};
use bytes::BytesMut;

use crate::samples;

const NOW: Time = Time(100_000);
const RUN: Run = Run { incarnation: 7, first: 300, count: 1 };

type Lines = Vec<(String, Vec<u8>)>;

#[test]
fn entries_are_what_they_were() {
    let mut lines = Vec::new();
    for (name, command) in samples::commands() {
        let mut bytes = Vec::new();
        encode_command(&command, &mut bytes);
        let mut entry = Vec::new();
        encode_entry(NOW, &bytes, &[RUN], &mut entry);
        lines.push((name.to_owned(), entry));
    }
    let golden = check("entries.txt", lines);
    for ((name, golden), (_, command)) in golden.iter().zip(samples::commands()) {
        let entry = Entry { now: NOW, origins: vec![RUN], commands: vec![command] };
        assert_eq!(decode_entry(golden), Ok(entry), "{name}");
    }
}

#[test]
fn entries_of_version_1_are_read_as_they_were_written() {
    let golden = read("entries-1.txt");
    for ((name, bytes), (_, command)) in golden.iter().zip(samples::commands()) {
        let entry = Entry { now: NOW, origins: Vec::new(), commands: vec![command] };
        assert_eq!(decode_entry(bytes), Ok(entry), "{name}");
    }
    assert_eq!(golden.len(), samples::commands().len());
}

#[test]
fn messages_of_members_are_what_they_were() {
    let messages = samples::peer_messages();
    let lines = messages.iter().map(|(name, message)| ((*name).to_owned(), message.encode()));
    for ((name, bytes), (_, message)) in check("peers.txt", lines.collect()).iter().zip(&messages) {
        assert_eq!(Message::decode(bytes).as_ref(), Ok(message), "{name}");
    }
}

#[test]
fn a_snapshot_is_what_it_was() {
    let mut writer = SnapshotWriter::new(Vec::new()).unwrap();
    for fact in samples::facts() {
        writer.write(&fact).unwrap();
    }
    let golden = check("snapshot.txt", vec![("all_facts".to_owned(), writer.finish().unwrap())]);
    let read = SnapshotReader::new(golden[0].1.as_slice()).unwrap();
    let facts: Vec<_> = read.map(Result::unwrap).collect();
    assert_eq!(facts, samples::facts());
}

#[test]
fn requests_are_what_they_were() {
    let mut requests: Vec<_> = samples::commands()
        .into_iter()
        .map(|(name, command)| (name.to_owned(), ask::request(7, &command)))
        .collect();
    requests.extend(
        questions()
            .into_iter()
            .map(|(name, op)| (name.to_owned(), proto::Request { id: u64::MAX, op: Some(op) })),
    );
    let mut lines = vec![("opening".to_owned(), OPENING.to_vec())];
    lines.extend(requests.iter().map(|(name, request)| (name.clone(), frame(request))));
    let golden = check("requests.txt", lines);
    for ((name, bytes), (_, request)) in golden[1..].iter().zip(requests) {
        assert_eq!(unframe::<proto::Request>(bytes), request, "{name}");
    }
}

#[test]
fn replies_and_events_are_what_they_were() {
    let messages = messages();
    let lines = messages.iter().map(|(name, message)| (name.clone(), frame(message)));
    for ((name, bytes), (_, message)) in check("replies.txt", lines.collect()).iter().zip(&messages)
    {
        assert_eq!(unframe::<proto::Message>(bytes), *message, "{name}");
    }
}

/// One request of each kind that is not a command.
pub(crate) fn questions() -> Vec<(&'static str, proto::request::Op)> {
    use proto::request::Op;
    use proto::watch::Which;
    let session = Some(samples::session().into());
    let name = || "billing/close".to_owned();
    vec![
        ("attach", Op::AttachSession(proto::AttachSession { session, after: 3 })),
        ("get_lock", Op::GetLock(proto::GetLock { name: name(), waiters_max: 5, stale: false })),
        (
            "list_locks",
            Op::ListLocks(proto::ListLocks {
                prefix: "b".to_owned(),
                after: name(),
                len_max: 9,
                stale: false,
            }),
        ),
        (
            "list_sessions",
            Op::ListSessions(proto::ListSessions { after: 3, len_max: 9, stale: false }),
        ),
        ("history", Op::GetHistory(proto::GetHistory { name: name(), len_max: 9, stale: false })),
        ("history_of_all", Op::GetHistory(proto::GetHistory::default())),
        ("verify", Op::Verify(proto::Verify { name: name(), token: 1057, stale: false })),
        ("watch_name", Op::Watch(proto::Watch { which: Some(Which::Name(name())) })),
        ("watch_prefix", Op::Watch(proto::Watch { which: Some(Which::Prefix(String::new())) })),
        ("unwatch", Op::Unwatch(proto::Unwatch { watch_id: 7 })),
        ("server_info", Op::GetServerInfo(proto::GetServerInfo {})),
        (
            "get_lock_stale",
            Op::GetLock(proto::GetLock { name: name(), waiters_max: 5, stale: true }),
        ),
        ("cluster_status", Op::GetClusterStatus(proto::GetClusterStatus {})),
        (
            "cluster_add",
            Op::ClusterAdd(proto::ClusterAdd {
                node_id: 7,
                peer_address: "db1.example:7421".to_owned(),
                client_address: "db1.example:7420".to_owned(),
            }),
        ),
        ("cluster_promote", Op::ClusterPromote(proto::ClusterPromote { node_id: 7 })),
        ("cluster_remove", Op::ClusterRemove(proto::ClusterRemove { node_id: 7 })),
        ("cluster_transfer", Op::ClusterTransfer(proto::ClusterTransfer { to: 7 })),
        ("backup", Op::Backup(proto::Backup { from: 65_536 })),
        ("session", Op::GetSession(proto::GetSession { session, after: 3, stale: true })),
    ]
}

/// One message of each kind that a server sends.
pub(crate) fn messages() -> Vec<(String, proto::Message)> {
    let mut messages = Vec::new();
    let mut add = |name: &str, message| messages.push((name.to_owned(), message));
    for (name, outcome) in samples::outcomes() {
        add(name, reply::reply(7, NOW, &outcome));
    }
    let grants = bramah_core::SessionGrants {
        ttl: samples::ttl(),
        deadline: Time(115_000),
        holds: vec![samples::grant()],
        ended: vec![],
    };
    add("attached", reply::attached(7, NOW, &grants, Default::default()));
    let view = samples::lock_view();
    add("lock", listing::lock(7, NOW, &view.name, Some(&view)));
    add("lock_free", listing::lock(7, NOW, &view.name, None));
    add("lock_list", listing::lock_list(7, NOW, 77, [view.clone(), view.clone()].into_iter(), 1));
    add("session_list", listing::session_list(7, NOW, [samples::session_view()].into_iter(), 9));
    add("history", listing::history(7, NOW, [samples::ended()].iter(), 9));
    let verdict = bramah_core::Verdict {
        held: false,
        newest: Some(bramah_core::FencingToken(1057)),
        ended: Some(bramah_core::EndReason::MaxHold),
    };
    add("verdict", reply::verdict(7, NOW, &verdict));
    add("watch_started", listing::watch_started(7, NOW, 77, [view.clone()].into_iter(), 9));
    add("watch_ended", reply::watch_ended(7, NOW));
    let info = proto::ServerInfo {
        version: "0.1.0".to_owned(),
        durability: "durable".to_owned(),
        locks: 1,
        sessions: 2,
        holds: 3,
        waiters: 4,
        revision: 77,
        last_token: 1058,
        node_id: 1,
        cluster_id: 9,
        ..Default::default()
    };
    add("server_info", reply::server_info(7, NOW, info));
    for (name, event) in samples::events() {
        if let Some((_, message)) = event::to_session(NOW, &event) {
            add(&format!("event_{name}"), message);
        }
        for change in event::changes(&event) {
            add(&format!("change_{name}"), change.message(7, NOW, Some(&view)));
        }
    }
    add("watch_lagged", event::watch_lagged(7, NOW, 77));
    add("cluster_status", reply::cluster_status(7, NOW, samples_of_cluster()));
    let forming = Some(proto::Forming { expected: 3, seen: vec![1, 5] });
    let status = proto::ClusterStatus { node_id: 5, forming, ..Default::default() };
    add("cluster_forming", reply::cluster_status(7, NOW, status));
    add("backup_part", reply::backup_part(7, NOW, b"part"[..].into(), true));
    let free = listing::lock(7, NOW, &view.name, None);
    let staleness = proto::Staleness { revision: 77, age_ms: 1_500, no_leader_yet: false };
    add("lock_stale", reply::stale(free.clone(), staleness));
    add(
        "lock_no_leader_yet",
        reply::stale(free, proto::Staleness { no_leader_yet: true, ..staleness }),
    );
    let mut no_leader = Error::new(ErrorCode::NoLeader, "reach a leader: there is none");
    no_leader.servers = vec!["db1.example:7420".to_owned(), "[::1]:7420".to_owned()];
    add("no_leader", reply::error(7, NOW, &no_leader));
    add("draining", event::draining(NOW, 77, no_leader.servers));
    let ended = vec![samples::ended()];
    add("kept_alive_elsewhere", reply::kept_alive(7, NOW, &[Ok(Time(115_000))], &ended));
    let grants = bramah_core::SessionGrants { ended, ..grants };
    add("attached_after_an_end", reply::attached(7, NOW, &grants, Default::default()));
    add("session", reply::session(7, NOW, &grants, Default::default()));
    messages
}

fn samples_of_cluster() -> proto::ClusterStatus {
    let member = proto::Member {
        node_id: 1,
        peer_address: "db1.example:7421".to_owned(),
        client_address: "db1.example:7420".to_owned(),
        role: proto::MemberRole::Voter.into(),
        is_leader: true,
        reachable: true,
        match_index: Some(300),
        applied_index: Some(299),
        version: "0.1.0".to_owned(),
    };
    proto::ClusterStatus {
        cluster_id: 9,
        node_id: 1,
        leader: 1,
        term: 4,
        applied_index: 299,
        has_quorum: true,
        members: vec![member],
        forming: None,
    }
}

fn frame(message: &impl prost::Message) -> Vec<u8> {
    let mut out = BytesMut::new();
    put_frame(message, &mut out).unwrap();
    out.to_vec()
}

fn unframe<M: prost::Message + Default>(bytes: &[u8]) -> M {
    let mut buffer = BytesMut::from(bytes);
    M::decode(take_frame(&mut buffer).unwrap().unwrap()).unwrap()
}

/// Compares with the file, line by line, and gives back what stands there.
pub(crate) fn check(file: &str, lines: Lines) -> Lines {
    if std::env::var_os("BRAMAH_GOLDEN").is_some_and(|what| what == "write") {
        let text: String =
            lines.iter().map(|(name, bytes)| format!("{name} {}\n", hex(bytes))).collect();
        std::fs::write(path(file), text).unwrap();
    }
    let golden = read(file);
    for ((name, now), (golden_name, then)) in lines.iter().zip(&golden) {
        assert_eq!(name, golden_name, "{file}");
        assert_eq!(hex(now), hex(then), "{file}: {name}");
    }
    assert_eq!(lines.len(), golden.len(), "{file}");
    golden
}

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file)
}

fn read(file: &str) -> Lines {
    let text = std::fs::read_to_string(path(file)).unwrap();
    let lines = text.lines().map(|line| {
        let (name, hex) = line.split_once(' ').unwrap();
        (name.to_owned(), unhex(hex))
    });
    lines.collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}
