//! Which snapshots members got in place of their logs, as their servers said: whoever is attached
//! there is told then what happened long before.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

/// What a server says when it has one, before its index.
const SAID: &str = "received a snapshot ";

/// The indexes of all that the servers of a run got.
pub(super) fn installs_in(folder: &Path) -> io::Result<BTreeSet<u64>> {
    let mut installs = BTreeSet::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // The witness serves clients as well.
        if !name.starts_with("client") && name.ends_with(".log") {
            let said = fs::read(&path)?;
            installs.extend(String::from_utf8_lossy(&said).lines().filter_map(index_in));
        }
    }
    Ok(installs)
}

fn index_in(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once(SAID)?;
    let index = rest.split_whitespace().find_map(|word| word.strip_prefix("index="))?;
    index.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_server_received_counts() {
        let line = "2026-11-21T23:00:27Z  INFO received a snapshot from=61 index=6 bytes=38";
        assert_eq!(index_in(line), Some(6));
        assert_eq!(index_in("INFO a snapshot comes from=61 index=6 bytes=38"), None);
        assert_eq!(index_in("INFO snapshot made index=6 bytes=38"), None);
    }
}
