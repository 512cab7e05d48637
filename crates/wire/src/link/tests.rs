use super::*;

fn place(stamp: u64, peer: &str) -> Place {
    Place { stamp, removed: false, peer: peer.to_owned(), client: "db1:7420".to_owned() }
}

fn places() -> Places {
    let mut places = Places::default();
    places.note(7, place(3, "db1:7421"));
    places.remove(9);
    places
}

fn frames() -> Vec<(Frame, &'static [u8])> {
    let release = "0.1.0".to_owned();
    let hello = Hello {
        cluster_id: 300,
        from: 7,
        to: 8,
        purpose: Purpose::Messages,
        release: release.clone(),
        places: places(),
        start: None,
        log_end: None,
    };
    let started = Hello {
        places: Places::default(),
        start: Some(Start { incarnation: 300, age_ms: 5 }),
        ..hello.clone()
    };
    let knowing = Hello { log_end: Some(LogEnd { term: 2, index: 300 }), ..started.clone() };
    let farewell = Farewell { reason: Reason::Removed, text: "no".to_owned() };
    let head = SnapshotHead {
        index: 300,
        term: 2,
        members: Bytes::from_static(b"m"),
        message: Bytes::from_static(b"r"),
        bytes: 5,
    };
    vec![
        (
            Frame::Hello(hello),
            b"\0\0\0\x27\x01\xac\x02\x07\x08\x01\x050.1.0\
              \x02\x07\x03\0\x08db1:7421\x08db1:7420\x09\0\x01\0\0",
        ),
        (Frame::Hello(started), b"\0\0\0\x10\x01\xac\x02\x07\x08\x01\x050.1.0\0\xac\x02\x05"),
        (
            Frame::Hello(knowing),
            b"\0\0\0\x13\x01\xac\x02\x07\x08\x01\x050.1.0\0\xac\x02\x05\x02\xac\x02",
        ),
        (
            Frame::Welcome(Welcome { version: 1, release, places: Places::default() }),
            b"\0\0\0\x09\x02\x01\x050.1.0\0",
        ),
        (Frame::Farewell(farewell), b"\0\0\0\x05\x03\x05\x02no"),
        (Frame::Message(Bytes::from_static(b"abc")), b"\0\0\0\x04\x04abc"),
        (Frame::Places(Places::default()), b"\0\0\0\x02\x05\0"),
        (Frame::SnapshotHead(head), b"\0\0\0\x09\x06\xac\x02\x02\x01m\x01r\x05"),
        (Frame::SnapshotPart(Bytes::from_static(b"abc")), b"\0\0\0\x04\x07abc"),
        (Frame::SnapshotTaken, b"\0\0\0\x01\x08"),
        (Frame::Alive, b"\0\0\0\x01\x09"),
        (Frame::Unknown(200), b"\0\0\0\x01\xc8"),
    ]
}

#[test]
fn frames_are_as_they_were_written_once() {
    assert_eq!(opening(), *b"BRAMPEER\x01\x01");
    for (frame, bytes) in frames() {
        let mut out = BytesMut::new();
        frame.put(&mut out);
        assert_eq!(out, bytes, "{frame:?}");
        assert_eq!(Frame::take(&mut out, LINK_FRAME_BYTES_MAX), Ok(Some(frame)));
        assert!(out.is_empty());
    }
}

#[test]
fn what_a_newer_release_adds_at_the_end_of_a_hello_is_skipped() {
    for (frame, bytes) in &frames()[2..5] {
        let longer = [&bytes[..3], &[bytes[3] + 2], &bytes[4..], &[1, 2]].concat();
        let mut buffer = BytesMut::from(&longer[..]);
        assert_eq!(Frame::take(&mut buffer, HELLO_BYTES_MAX).as_ref(), Ok(&Some(frame.clone())));
        assert!(buffer.is_empty());
    }
}

#[test]
fn a_hello_of_a_release_that_tells_less_is_read_and_what_is_new_is_behind_all_it_knows() {
    let (first, before, now) = (&frames()[0], &frames()[1], &frames()[2]);
    let Frame::Hello(hello) = &first.0 else { panic!("no hello") };
    assert_eq!((hello.start, hello.log_end), (None, None));
    assert_eq!(before.1[4..], now.1[4..now.1.len() - 3]);
    // What such a release reads of one that tells more: the same fields, from the same bytes.
    let Frame::Hello(hello) = now.0.clone() else { panic!("no hello") };
    let mut without = BytesMut::new();
    Frame::Hello(Hello { start: None, ..hello }).put(&mut without);
    assert_eq!(without[4..], now.1[4..now.1.len() - 6]);
}

#[test]
fn a_frame_is_taken_when_it_is_whole_and_refused_when_it_is_too_long() {
    for (frame, bytes) in frames() {
        for len in 0..bytes.len() {
            let mut part = BytesMut::from(&bytes[..len]);
            assert_eq!(Frame::take(&mut part, LINK_FRAME_BYTES_MAX), Ok(None), "{frame:?}");
        }
    }
    let mut long = BytesMut::from(&b"\0\0\0\x05\x04abcd"[..]);
    assert!(Frame::take(&mut long.clone(), 4).is_err());
    assert!(Frame::take(&mut long, 5).is_ok());
    assert!(Frame::take(&mut BytesMut::from(&[0; 4][..]), 5).is_err());
}

#[test]
fn no_bytes_make_the_reader_of_frames_panic() {
    for (_, bytes) in frames() {
        for at in 4..bytes.len() {
            for spoilt in [0, 1, 0x7f, 0x80, 0xff] {
                let mut buffer = BytesMut::from(bytes);
                buffer[at] = spoilt;
                let _ = Frame::take(&mut buffer, LINK_FRAME_BYTES_MAX);
            }
        }
    }
}

#[test]
fn two_releases_speak_the_newest_version_that_both_know() {
    let opening = |oldest: u8, newest: u8| {
        let mut bytes = opening();
        bytes[8..].copy_from_slice(&[oldest, newest]);
        bytes
    };
    assert_eq!(check_opening(&opening(1, 1)), Ok(1));
    assert_eq!(check_opening(&opening(1, 9)), Ok(1));
    let reason = |bytes| check_opening(&bytes).map_err(|farewell| farewell.reason);
    assert_eq!(reason(opening(2, 9)), Err(Reason::VersionsApart));
    assert_eq!(reason(*b"BRAMAH\0\x01\0\0"), Err(Reason::NotAMember));
}

#[test]
fn the_newest_address_counts_and_a_removal_for_ever_whoever_tells_first() {
    let news = [
        (7, place(1, "a:1")),
        (7, place(2, "c:1")),
        (7, place(2, "b:1")),
        (7, Place { removed: true, ..place(0, "a:1") }),
        (8, place(0, "d:1")),
    ];
    let mut forth = Places::default();
    let mut back = Places::default();
    for (node, place) in &news {
        forth.note(*node, place.clone());
    }
    for (node, place) in news.iter().rev() {
        back.note(*node, place.clone());
    }
    assert_eq!(forth, back);
    assert_eq!(forth.get(7), Some(&Place { removed: true, ..place(2, "c:1") }));
    assert!(forth.is_removed(7) && !forth.is_removed(8));
    assert_eq!((forth.at_peer_address("c:1"), forth.at_peer_address("d:1")), (None, Some(8)));
    assert!(!forth.merge(back));
    assert!(forth.note(8, place(1, "e:1")));
}

#[test]
fn no_more_addresses_are_remembered_than_may_be() {
    let mut places = Places::default();
    let taken = (1..=PLACES_LEN_MAX as u64 + 1).filter(|node| places.note(*node, place(0, "a:1")));
    assert_eq!(taken.count(), PLACES_LEN_MAX);
    assert!(places.remove(1), "those that are there still change");
}

#[test]
fn what_stands_in_a_folder_is_as_it_was_written_once() {
    let folder = Folder { cluster_id: 300, node_id: 7, wish: Wish::Voter, places: places() };
    let bytes = folder.encode();
    let content = b"\x01\xac\x02\x07\x01\x02\x07\x03\0\x08db1:7421\x08db1:7420\x09\0\x01\0\0";
    assert_eq!(bytes[..bytes.len() - 4], content[..]);
    assert_eq!(Folder::decode(&bytes), Ok(folder));
    for at in 0..bytes.len() {
        let mut spoilt = bytes.clone();
        spoilt[at] ^= 1;
        assert!(Folder::decode(&spoilt).is_err(), "byte {at}");
    }
    assert!(Folder::decode(&bytes[..3]).is_err());
}
