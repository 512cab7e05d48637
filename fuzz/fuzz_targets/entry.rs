//! An entry of the log. What is accepted reads the same when it is written again.

#![no_main]

use bramah_wire::entry::{decode_entry, encode_command, encode_entry};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(entry) = decode_entry(bytes) else { return };
    let (mut commands, mut again) = (Vec::new(), Vec::new());
    entry.commands.iter().for_each(|command| encode_command(command, &mut commands));
    encode_entry(entry.now, &commands, &entry.origins, &mut again);
    // Version 1 is not written any more, and had no origins.
    if bytes[0] > 1 {
        assert_eq!(decode_entry(&again), Ok(entry));
    }
});
