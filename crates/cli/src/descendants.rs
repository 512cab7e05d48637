//! What this process started, directly or not, as /proc shows it.

use std::collections::BTreeSet;
use std::fs;

use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, waitpid,
};

/// From now on a descendant whose parent ends becomes a child of this process, so that nothing
/// that was started can get out of sight.
pub(crate) fn keep_in_sight() -> rustix::io::Result<()> {
    set_child_subreaper(Some(getpid()))
}

/// Sends `signal` to each of them, also to those that are being started meanwhile.
pub(crate) fn send(signal: Signal) {
    let mut told = BTreeSet::new();
    loop {
        let found = family(&Process::all());
        let new: Vec<Pid> = found.into_iter().filter(|pid| told.insert(pid.as_raw_pid())).collect();
        for pid in &new {
            // What is gone already needs no signal.
            let _ = kill_process(*pid, signal);
        }
        if new.is_empty() {
            return;
        }
    }
}

/// Lets go of what ended after it was left to this process; only `child` is waited for elsewhere.
pub(crate) fn bury_all_but(child: Pid) {
    let me = getpid();
    for process in Process::all() {
        if process.parent == Some(me) && process.has_ended && process.pid != child {
            // Nobody else asks how it ended.
            let _ = waitpid(Some(process.pid), WaitOptions::NOHANG);
        }
    }
}

struct Process {
    pid: Pid,
    parent: Option<Pid>,
    has_ended: bool,
}

impl Process {
    fn all() -> Vec<Process> {
        let Ok(folder) = fs::read_dir("/proc") else { return Vec::new() };
        let names = folder.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let pids = names.filter_map(|name| name.parse().ok().and_then(Pid::from_raw));
        pids.filter_map(Process::read).collect()
    }

    fn read(pid: Pid) -> Option<Process> {
        let stat = fs::read(format!("/proc/{}/stat", pid.as_raw_pid())).ok()?;
        Process::parse(pid, &String::from_utf8_lossy(&stat))
    }

    /// `PID (NAME) STATE PARENT ...`, where the name may hold anything.
    fn parse(pid: Pid, stat: &str) -> Option<Process> {
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let has_ended = matches!(fields.next()?, "Z" | "X");
        let parent = Pid::from_raw(fields.next()?.parse().ok()?);
        Some(Process { pid, parent, has_ended })
    }
}

/// Those of `all` that descend from this process.
fn family(all: &[Process]) -> Vec<Pid> {
    let mut family = vec![getpid()];
    let mut seen = 0;
    while let Some(&parent) = family.get(seen) {
        let children = all.iter().filter(|process| process.parent == Some(parent));
        family.extend(children.map(|process| process.pid));
        seen += 1;
    }
    family.split_off(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_hides_no_parent() {
        let process = Process::parse(getpid(), "7 (a) R 1 (b) Z 42 7 7 0").unwrap();
        assert_eq!(process.parent, Pid::from_raw(42));
        assert!(process.has_ended);
    }
}
