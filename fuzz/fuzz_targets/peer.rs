//! What members of a cluster tell each other, and what a folder says of its node.

#![no_main]

use bramah_wire::link::{self, Folder, Frame, LINK_FRAME_BYTES_MAX};
use bramah_wire::membership::{MemberChange, Membership};
use bramah_wire::peer::Message;
use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(opening) = bytes.first_chunk() {
        let _ = link::check_opening(opening);
    }
    let mut buffer = BytesMut::from(bytes);
    while let Ok(Some(frame)) = Frame::take(&mut buffer, LINK_FRAME_BYTES_MAX) {
        if let Frame::Message(message) = &frame {
            let _ = Message::decode(message);
        }
    }
    if let Ok(message) = Message::decode(bytes) {
        assert_eq!(Message::decode(&message.encode()), Ok(message));
    }
    if let Ok(members) = Membership::decode(bytes) {
        assert_eq!(Membership::decode(&members.encode()), Ok(members));
    }
    if let Ok(change) = MemberChange::decode(bytes) {
        assert_eq!(MemberChange::decode(&change.encode()), Ok(change));
    }
    let mut folder = bytes.to_vec();
    folder.extend_from_slice(&crc32c::crc32c(bytes).to_le_bytes());
    if let Ok(folder) = Folder::decode(&folder) {
        assert_eq!(Folder::decode(&folder.encode()), Ok(folder));
    }
});
