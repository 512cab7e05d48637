//! Whatever comes in, the answer is a clear error, and nobody else is harmed.

use std::collections::BTreeSet;

use bramah_server::limits::REFUSALS_MAX;
use bramah_wire::frame::{FRAME_BYTES_MAX, OPENING};
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;
use bramah_wire::proto::wait::How;
use bramah_wire::proto::{self, message::Kind};

use crate::client::Client;
use crate::running::Running;

/// The error in the last message before the server closes the connection.
fn last_error(mut client: Client) -> (u64, proto::Error) {
    let mut last = None;
    while let Some(message) = client.receive() {
        let Some(Kind::Reply(reply)) = message.kind else { continue };
        if let Some(Outcome::Error(error)) = reply.outcome {
            last = Some((reply.id, error));
        }
    }
    last.expect("an error")
}

/// A client that is there all the time and must notice nothing.
fn bystander(server: &Running) -> impl FnMut() {
    let mut client = Client::connect(server.address());
    let session = client.open(60_000);
    move || {
        let hold = client.hold(session, "bystander");
        assert!(matches!(client.release(hold), Outcome::Released(_)));
    }
}

#[test]
fn a_wrong_version_is_told_which_one_is_spoken() {
    let server = Running::in_memory();
    let mut client = Client::silent(server.address());
    client.send_bytes(b"BRAMAH\x00\x63");
    let (id, error) = last_error(client);
    assert_eq!((id, error.code.as_str()), (0, "unsupported_version"));
    assert!(
        error.message.contains("version 99") && error.message.contains("version 1"),
        "{error:?}"
    );
}

#[test]
fn an_unknown_opening_gets_a_line_of_text_and_tls_an_alert() {
    let server = Running::in_memory();
    let mut bystander = bystander(&server);
    for opening in [&[0xff; 4096][..], b"EHLO x\r\n", b"PRI * HTTP/3.0\r\n"] {
        let mut client = Client::silent(server.address());
        client.send_bytes(opening);
        let answer = client.rest();
        assert!(answer.starts_with("bramah: this port speaks"), "{answer}");
    }
    let mut client = Client::silent(server.address());
    client.send_bytes(b"\x16\x03\x01\x02\x00\x01\x00");
    assert_eq!(client.rest().as_bytes(), b"\x15\x03\x01\x00\x02\x02\x28");
    bystander();
}

#[test]
fn a_huge_frame_is_refused_by_its_header_alone() {
    let server = Running::in_memory();
    let mut bystander = bystander(&server);
    for bytes in [FRAME_BYTES_MAX as u32 + 1, u32::MAX] {
        let mut client = Client::connect(server.address());
        client.send_bytes(&bytes.to_be_bytes());
        let (_, error) = last_error(client);
        assert_eq!(error.code, "frame_too_large");
        bystander();
    }
}

#[test]
fn a_frame_that_is_no_request_is_refused_and_the_connection_goes_on() {
    let server = Running::in_memory();
    let mut client = Client::connect(server.address());
    client.send_bytes(&[0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff]);
    let (_, outcome) = client.reply();
    assert!(matches!(outcome, Outcome::Error(error) if error.code == "invalid_frame"));
    client.open(60_000);
}

#[test]
fn half_a_frame_and_silence_harms_nobody() {
    let server = Running::in_memory();
    let mut bystander = bystander(&server);
    let mut half: Vec<_> = (0..100)
        .map(|_| {
            let mut client = Client::connect(server.address());
            client.send_bytes(&[0, 0, 4, 0, 1, 2, 3]);
            client
        })
        .collect();
    let mut opening = Client::silent(server.address());
    opening.send_bytes(&OPENING[..5]);
    bystander();
    // The rest may still come.
    opening.send_bytes(&OPENING[5..]);
    opening.open(60_000);
    half.clear();
    bystander();
}

#[test]
fn a_bad_field_is_named_with_the_request_s_id() {
    let server = Running::in_memory();
    let mut client = Client::connect(server.address());
    let session = client.open(60_000);
    let longest = "n".repeat(512);
    client.hold(session, &longest);
    let op = client.acquire_op(session, &"n".repeat(513));
    let error = client.error(op);
    assert_eq!(error.code, "invalid_request");
    assert!(error.message.contains("513 bytes") && error.message.contains("512"), "{error:?}");
    let op = client.acquire_op(session, "line\nbreak");
    assert!(client.error(op).message.contains("control character"));
    let open = |ttl_ms| Op::OpenSession(proto::OpenSession { ttl_ms, ..Default::default() });
    for ttl_ms in [0, 499, 24 * 60 * 60 * 1000 + 1, u64::MAX] {
        assert_eq!(client.error(open(ttl_ms)).code, "invalid_request");
    }
    for ttl_ms in [500, 24 * 60 * 60 * 1000] {
        assert!(matches!(client.ask(open(ttl_ms)), Outcome::SessionOpened(_)));
    }
}

#[test]
fn who_names_another_limit_is_told_which_one_holds() {
    let server = Running::in_memory();
    let mut client = Client::connect(server.address());
    let session = client.open(60_000);
    let mut permits = |permits, limit, wait| {
        let Op::Acquire(mut acquire) = client.acquire_op(session, "s") else { unreachable!() };
        acquire.item = Some(proto::Item {
            name: "s".into(),
            mode: proto::Mode::Permits.into(),
            permits,
            limit,
            value: None,
        });
        acquire.wait = Some(proto::Wait { how: Some(wait) });
        client.ask(Op::Acquire(acquire))
    };
    let (try_once, for_ever) = (How::Try(true), How::Forever(true));
    assert!(matches!(permits(1, 3, for_ever), Outcome::Granted(_)));
    let Outcome::Busy(busy) = permits(1, 4, try_once) else { panic!("granted") };
    assert_eq!(busy.other_limit, Some(3));
    assert!(matches!(permits(1, 4, for_ever), Outcome::Queued(_)));
    let Outcome::Error(error) = permits(4, 3, for_ever) else { panic!("granted") };
    assert_eq!(error.code, "invalid_request");
}

#[test]
fn a_lie_about_a_session_or_a_hold_gets_nothing() {
    let server = Running::in_memory();
    let mut honest = Client::connect(server.address());
    let session = honest.open(60_000);
    let hold = honest.hold(session, "x");
    let mut liar = Client::connect(server.address());
    let guess = proto::Handle { number: hold.number, key: hold.key ^ 1 };
    let Outcome::Error(error) = liar.release(guess) else { panic!("released") };
    assert_eq!(error.code, "not_holder");
    let guess = proto::Handle { number: session.number, key: session.key ^ 1 };
    let error = liar.error(Op::CloseSession(proto::CloseSession { session: Some(guess) }));
    assert_eq!(error.code, "session_unknown");
    assert!(matches!(honest.release(hold), Outcome::Released(_)));
}

#[test]
fn more_connections_than_allowed_are_told_so() {
    let mut config = crate::running::config(bramah_server::Storage::Memory);
    config.connections_max = Some(2);
    let server = Running::start(config).expect("it starts");
    let mut first = Client::connect(server.address());
    let mut second = Client::connect(server.address());
    first.open(60_000);
    second.open(60_000);
    let (_, error) = last_error(Client::connect(server.address()));
    assert_eq!(error.code, "limit_exceeded");
    first.open(60_000);
}

#[cfg(target_os = "linux")]
#[test]
fn connections_beyond_the_limit_leave_the_log_its_file_descriptors() {
    let mut config = crate::running::config(bramah_server::Storage::Memory);
    config.connections_max = Some(1);
    let server = Running::start(config).expect("it starts");
    let mut first = Client::connect(server.address());
    // They stay, and take no notice of having been refused.
    let rude: Vec<_> = (0..200).map(|_| Client::silent(server.address())).collect();
    for _ in 0..20 {
        first.info();
    }
    let taken = taken_connections(server.address().port());
    assert!((2..=2 + REFUSALS_MAX).contains(&taken), "{taken} are taken");
    drop(rude);
    // Those that waited are told, and then there is room to tell others.
    let (_, error) = last_error(Client::connect(server.address()));
    assert_eq!(error.code, "limit_exceeded");
}

/// How many connections the server at this port has file descriptors for: those that the kernel
/// still keeps for it have no inode.
#[cfg(target_os = "linux")]
fn taken_connections(port: u16) -> usize {
    let table = std::fs::read_to_string("/proc/self/net/tcp").expect("the kernel's table");
    let local = format!(":{port:04X}");
    let peer_if_taken = |line: &str| {
        let fields: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        let is_taken = fields[1].ends_with(&local) && fields[3] != "0A" && fields[9] != "0";
        is_taken.then(|| fields[2].clone())
    };
    // The table is read in parts, and what moved in between is in it twice.
    table.lines().skip(1).filter_map(peer_if_taken).collect::<BTreeSet<_>>().len()
}
