//! What members say first to each other, and what stands beside their logs: bytes that were
//! written once and must be written and read the same for ever.

use std::io::Read;

use bramah_wire::backup::{BackupHead, BackupReader, BackupWriter};
use bramah_wire::link::{
    Farewell, Folder, Frame, Hello, LINK_FRAME_BYTES_MAX, LogEnd, Place, Places, Purpose, Reason,
    SnapshotHead, Start, Welcome, Wish, check_opening, opening,
};
use bramah_wire::membership::{MemberChange, Membership};
use bytes::BytesMut;

use crate::golden::check;

fn places() -> Places {
    let place = |stamp, removed, host: &str| {
        let (peer, client) = (format!("{host}:7421"), format!("{host}:7420"));
        Place { stamp, removed, peer, client }
    };
    let mut places = Places::default();
    places.note(7, place(3, false, "db1.example"));
    places.note(300, place(0, true, "[::1]"));
    places
}

fn hello(purpose: Purpose, start: Option<Start>, log_end: Option<LogEnd>) -> Frame {
    let (release, places) = ("0.1.0".to_owned(), places());
    Frame::Hello(Hello {
        cluster_id: 300,
        from: 7,
        to: 8,
        purpose,
        release,
        places,
        start,
        log_end,
    })
}

/// One of each kind, and of each code in it.
fn frames() -> Vec<(String, Frame)> {
    let start = Some(Start { incarnation: 3_000_000_000, age_ms: 86_400_000 });
    let log_end = Some(LogEnd { term: 2, index: 70_000 });
    let head = SnapshotHead {
        index: 300,
        term: 2,
        members: b"members".as_slice().into(),
        message: b"message".as_slice().into(),
        bytes: 70_000,
    };
    let welcome = Welcome { version: 1, release: "0.1.0".to_owned(), places: places() };
    let mut frames = vec![
        ("hello_without_start", hello(Purpose::Messages, None, None)),
        ("hello_of_snapshot_without_start", hello(Purpose::Snapshot, None, None)),
        ("hello", hello(Purpose::Messages, start, None)),
        ("hello_of_snapshot", hello(Purpose::Snapshot, start, None)),
        ("hello_with_log_end", hello(Purpose::Messages, start, log_end)),
        ("welcome", Frame::Welcome(welcome)),
        ("message", Frame::Message(b"message".as_slice().into())),
        ("places", Frame::Places(places())),
        ("snapshot_head", Frame::SnapshotHead(head)),
        ("snapshot_part", Frame::SnapshotPart(b"part".as_slice().into())),
        ("snapshot_taken", Frame::SnapshotTaken),
        ("alive", Frame::Alive),
    ];
    let reasons = [
        ("farewell_other", Reason::Other),
        ("farewell_not_a_member", Reason::NotAMember),
        ("farewell_versions_apart", Reason::VersionsApart),
        ("farewell_other_cluster", Reason::OtherCluster),
        ("farewell_other_node", Reason::OtherNode),
        ("farewell_removed", Reason::Removed),
        ("farewell_too_many", Reason::TooMany),
        ("farewell_another_start", Reason::AnotherStart),
        ("farewell_set_back", Reason::SetBack),
    ];
    frames.extend(reasons.map(|(name, reason)| {
        let text = "why".to_owned();
        (name, Frame::Farewell(Farewell { reason, text }))
    }));
    frames.into_iter().map(|(name, frame)| (name.to_owned(), frame)).collect()
}

fn read(bytes: &[u8]) -> Frame {
    let mut buffer = BytesMut::from(bytes);
    let frame = Frame::take(&mut buffer, LINK_FRAME_BYTES_MAX).unwrap().unwrap();
    assert!(buffer.is_empty());
    frame
}

#[test]
fn the_first_words_of_members_are_what_they_were() {
    let mut lines = vec![("opening".to_owned(), opening().to_vec())];
    lines.extend(frames().into_iter().map(|(name, frame)| {
        let mut out = BytesMut::new();
        frame.put(&mut out);
        (name, out.to_vec())
    }));
    let golden = check("links.txt", lines);
    assert_eq!(check_opening(golden[0].1.as_slice().try_into().unwrap()), Ok(1));
    for ((name, bytes), (_, frame)) in golden[1..].iter().zip(frames()) {
        assert_eq!(read(bytes), frame, "{name}");
    }
}

#[test]
fn an_older_release_that_knows_less_of_a_frame_reads_the_rest_of_it() {
    // What it knows stands before what was added, so it reads the same as it always did.
    let bytes = |frame: Frame| {
        let mut out = BytesMut::new();
        frame.put(&mut out);
        out.to_vec()
    };
    let start = Some(Start { incarnation: 1, age_ms: 1 });
    for purpose in [Purpose::Messages, Purpose::Snapshot] {
        let before = bytes(hello(purpose, None, None));
        let told_start = bytes(hello(purpose, start, None));
        let now = bytes(hello(purpose, start, Some(LogEnd { term: 1, index: 1 })));
        assert_eq!(told_start[4..before.len()], before[4..]);
        assert_eq!(now[4..told_start.len()], told_start[4..]);
    }
    // And a newer one may add to what this one knows.
    for (name, frame) in frames() {
        let is_open = matches!(
            frame,
            Frame::Welcome(_) | Frame::Farewell(_) | Frame::Places(_) | Frame::SnapshotHead(_)
        ) || matches!(&frame, Frame::Hello(hello) if hello.log_end.is_some());
        if is_open {
            let mut longer = bytes(frame.clone());
            longer.extend([1, 2, 3]);
            let length = u32::try_from(longer.len() - 4).unwrap().to_be_bytes();
            longer[..4].copy_from_slice(&length);
            assert_eq!(read(&longer), frame, "{name}");
        }
    }
}

#[test]
fn what_stands_beside_a_log_is_what_it_was() {
    let folder = |wish| Folder { cluster_id: 300, node_id: 7, wish, places: places() };
    let folders = [
        ("node_file", folder(Wish::None)),
        ("node_file_of_voter", folder(Wish::Voter)),
        ("node_file_of_learner", folder(Wish::Learner)),
    ];
    let membership =
        Membership { cluster_id: 300, node_id: 7, voters: vec![5, 7, 300], learners: vec![8] };
    let changes = [
        ("change_add", MemberChange::AddLearner(300)),
        ("change_promote", MemberChange::Promote(300)),
        ("change_remove", MemberChange::Remove(300)),
    ];
    let head = BackupHead { cluster_id: 300, index: 70_000, term: 2 };
    let mut backup = Vec::new();
    BackupWriter::new(&head, b"snapshot".as_slice()).read_to_end(&mut backup).unwrap();

    let mut lines: Vec<(String, Vec<u8>)> = Vec::new();
    lines.extend(folders.iter().map(|(name, folder)| ((*name).to_owned(), folder.encode())));
    lines.push(("membership".to_owned(), membership.encode()));
    lines.extend(changes.iter().map(|(name, change)| ((*name).to_owned(), change.encode())));
    lines.push(("backup".to_owned(), backup));
    let golden = check("folders.txt", lines);
    for ((name, bytes), (_, folder)) in golden.iter().zip(&folders) {
        assert_eq!(Folder::decode(bytes).as_ref(), Ok(folder), "{name}");
    }
    assert_eq!(Membership::decode(&golden[3].1), Ok(membership));
    for ((name, bytes), (_, change)) in golden[4..].iter().zip(changes) {
        assert_eq!(MemberChange::decode(bytes), Ok(change), "{name}");
    }
    let (read, mut reader) = BackupReader::new(golden[7].1.as_slice()).unwrap();
    let mut snapshot = [0; 8];
    reader.read_exact(&mut snapshot).unwrap();
    reader.finish().unwrap();
    assert_eq!((read, &snapshot), (head, b"snapshot"));
}
