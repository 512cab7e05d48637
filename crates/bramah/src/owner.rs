//! Who this process is, in its own words.

use std::fs;

use bramah_core::Owner;
use bramah_core::limits::OWNER_BYTES_MAX;

/// Host, process id, user and command line of this process. What cannot be found out stays empty.
pub fn of_this_process() -> Owner {
    let command: Vec<String> =
        std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect();
    Owner {
        host: cut(&read_line("/proc/sys/kernel/hostname"), OWNER_BYTES_MAX / 4),
        pid: std::process::id(),
        user: cut(&user(), OWNER_BYTES_MAX / 8),
        command: cut(&command.join(" "), OWNER_BYTES_MAX / 4),
        ..Owner::default()
    }
}

fn user() -> String {
    let id = rustix::process::getuid().as_raw();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_of(id, &users).unwrap_or_else(|| format!("uid {id}"))
}

/// The name of a user in the lines of `/etc/passwd`.
fn name_of(id: u32, users: &str) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    })
}

fn read_line(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim_end().to_owned()
}

/// At most `bytes_max` bytes of it, whole characters.
fn cut(text: &str, bytes_max: usize) -> String {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_described_within_the_bound() {
        let owner = of_this_process();
        assert_eq!(owner.pid, std::process::id());
        assert!(!owner.user.is_empty() && !owner.command.is_empty());
        assert!(owner.bytes() <= OWNER_BYTES_MAX);
    }

    #[test]
    fn a_user_is_found_by_its_number() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbroken\nalice:x:1000:1000::/:\n";
        assert_eq!(name_of(1000, users).as_deref(), Some("alice"));
        assert_eq!(name_of(0, users).as_deref(), Some("root"));
        assert_eq!(name_of(7, users), None);
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
    }
}
