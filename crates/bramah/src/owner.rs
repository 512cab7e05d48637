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
    let named = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    named.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
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
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
    }
}
