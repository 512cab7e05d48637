//! What this process started, directly or not, as /proc shows it.

use std::collections::BTreeSet;
use std::fs;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, waitpid,
};

/// How often they are looked for with one signal: what starts others faster than they are found
/// must not keep this process from everything else.
const ROUNDS_MAX: usize = 4;

/// From now on a descendant whose parent ends becomes a child of this process, so that nothing
/// that was started can get out of sight.
pub(crate) fn keep_in_sight() -> rustix::io::Result<()> {
    set_child_subreaper(Some(getpid()))
}

/// What became of a signal.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Nothing was there at the end that had not been sent it.
    pub(crate) is_complete: bool,
    /// Those that this process may not signal, parents first: they run as another user.
    pub(crate) refused: Vec<Pid>,
}

/// Sends `signal` to each of them, also to those that are being started meanwhile, but not to those
/// that `have_it` already.
pub(crate) fn send(signal: Signal, have_it: impl Fn(&Process) -> bool) -> Sent {
    let mut refused = Vec::new();
    let is_complete = meet(
        || family(Process::all()),
        |round, process| {
            // Who comes later may have come after the others were told.
            if round == 0 && have_it(process) {
                return;
            }
            if is_refused(process.pid, signal) && !process.has_ended {
                refused.push(process.pid);
            }
        },
    );
    Sent { is_complete, refused }
}

/// Sends `signal` to those of a process group, but not to `told`. What they start when they hear it
/// is not sent it, as if the kernel had sent it to the group.
pub(crate) fn send_to_group(group: Pid, signal: Signal, told: Pid) {
    for process in family(Process::all()) {
        if process.group == Some(group) && process.pid != told {
            // The command itself tells whether something is refused.
            let _ = kill_process(process.pid, signal);
        }
    }
}

/// Sends `signal`, and tells whether this process may not do that. What is gone already needs none.
pub(crate) fn is_refused(pid: Pid, signal: Signal) -> bool {
    kill_process(pid, signal) == Err(Errno::PERM)
}

/// Gives each process that is found to `tell`, once. Whether nothing new was found at the end.
fn meet(mut find: impl FnMut() -> Vec<Process>, mut tell: impl FnMut(usize, &Process)) -> bool {
    let mut met = BTreeSet::new();
    for round in 0..ROUNDS_MAX {
        let mut new = find();
        new.retain(|process| met.insert(process.pid.as_raw_pid()));
        if new.is_empty() {
            return true;
        }
        for process in &new {
            tell(round, process);
        }
    }
    false
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

pub(crate) struct Process {
    pub(crate) pid: Pid,
    parent: Option<Pid>,
    pub(crate) group: Option<Pid>,
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

    /// `PID (NAME) STATE PARENT GROUP ...`, where the name may hold anything.
    fn parse(pid: Pid, stat: &str) -> Option<Process> {
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let has_ended = matches!(fields.next()?, "Z" | "X");
        let parent = Pid::from_raw(fields.next()?.parse().ok()?);
        let group = Pid::from_raw(fields.next()?.parse().ok()?);
        Some(Process { pid, parent, group, has_ended })
    }
}

/// Those of `all` that descend from this process, parents first.
fn family(mut all: Vec<Process>) -> Vec<Process> {
    let mut family = Vec::new();
    let mut parents = vec![getpid()];
    while !parents.is_empty() {
        let is_child = |it: &mut Process| it.parent.is_some_and(|it| parents.contains(&it));
        let children: Vec<Process> = all.extract_if(.., is_child).collect();
        parents = children.iter().map(|child| child.pid).collect();
        family.extend(children);
    }
    family
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_hides_no_parent() {
        let process = Process::parse(getpid(), "7 (a) R 1 (b) Z 42 7 7 0").unwrap();
        assert_eq!((process.parent, process.group), (Pid::from_raw(42), Pid::from_raw(7)));
        assert!(process.has_ended);
    }

    #[test]
    fn what_starts_others_for_ever_is_not_followed_for_ever() {
        let process = |pid| Process::parse(Pid::from_raw(pid).unwrap(), "() R 1 1").unwrap();
        let (mut looks, mut met) = (0, Vec::new());
        let find = || {
            looks += 1;
            assert!(looks < 1_000, "it is followed for ever");
            (1..=looks).map(process).collect()
        };
        assert!(!meet(find, |_, process| met.push(process.pid.as_raw_pid())));
        assert!(met.len() > 1 && met.is_sorted_by(|a, b| a < b), "each is met once: {met:?}");
        assert!(meet(|| vec![process(1)], |_, _| {}));
    }
}
