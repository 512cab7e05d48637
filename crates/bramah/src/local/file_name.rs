//! From a lock's name to its file's, and back.
//!
//! Letters, digits, `_`, `-` and `.` (not as the first) stay; every other byte is `%` and two
//! digits. What would be too long for a file name is cut, and ends in `~` and a hash of the whole:
//! that cannot be turned back, so the file itself says which lock it is, as every lock file does.

use std::fmt::Write;

use bramah_core::LockName;

const SUFFIX: &str = ".lock";
/// Longest file name that every file system takes, in bytes.
const FILE_NAME_BYTES_MAX: usize = 255;
/// `~` and 32 digits.
const HASH_BYTES: usize = 33;

/// Which lock a file in the folder is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// This one.
    Lock(LockName),
    /// One with a long name, which the file tells.
    InFile,
}

/// The name of a lock's file.
pub(super) fn of_lock(name: &LockName) -> String {
    let mut encoded = String::new();
    for (at, byte) in name.as_str().bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => encoded.push(byte.into()),
            b'.' if at > 0 => encoded.push('.'),
            _ => {
                // Writing to a string cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    if encoded.len() + SUFFIX.len() > FILE_NAME_BYTES_MAX {
        encoded.truncate(FILE_NAME_BYTES_MAX - SUFFIX.len() - HASH_BYTES);
        let _ = write!(encoded, "~{:032x}", hash(name.as_str().as_bytes()));
    }
    encoded + SUFFIX
}

/// The lock whose file would be named so. None if no lock's would.
pub(super) fn to_lock(file_name: &str) -> Option<Named> {
    let encoded = file_name.strip_suffix(SUFFIX)?;
    if let Some((_, hash)) = encoded.split_once('~') {
        return (hash.len() + 1 == HASH_BYTES).then_some(Named::InFile);
    }
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            rest = after;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        } else {
            bytes.push(first);
        }
    }
    let name = LockName::new(std::str::from_utf8(&bytes).ok()?).ok()?;
    // Only the one spelling that we write, so that no lock is listed twice.
    (of_lock(&name) == file_name).then_some(Named::Lock(name))
}

/// FNV-1a of 128 bits: the same for ever and on every machine. It need not withstand an attacker,
/// for two names of one hash are told apart by the name inside the file.
fn hash(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash: u128, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}
