//! The processes that a keeper started, directly or not, as /proc shows them.
//!
//! The keeper is the subreaper of them all: whoever loses its parent becomes a child of the keeper,
//! so nothing that was started gets out of sight, whatever group or session it made its own.

use std::collections::BTreeSet;
use std::fs;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, getpid, kill_process, set_child_subreaper};

use bramah::LocalTime;

/// What descends from this process.
#[derive(Debug)]
pub(super) struct Tree {
    root: Pid,
    /// The one that is known also where /proc shows nothing.
    command: Option<Pid>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Process {
    pub(super) pid: Pid,
    pub(super) group: Option<Pid>,
    has_ended: bool,
}

impl Tree {
    /// From now on a descendant whose parent ends becomes a child of this process.
    pub(super) fn new() -> rustix::io::Result<Tree> {
        let root = getpid();
        set_child_subreaper(Some(root))?;
        Ok(Tree { root, command: None })
    }

    /// This child is there.
    pub(super) fn remember_command(&mut self, command: Pid) {
        self.command = Some(command);
    }

    /// It has ended, and its number may be another's.
    pub(super) fn forget_command(&mut self) {
        self.command = None;
    }

    /// All that have not ended, parents first. Who starts others meanwhile may have more.
    pub(super) fn living(&self) -> Vec<Process> {
        let mut living = Vec::new();
        self.visit(|process| living.push(process));
        living
    }

    /// Stops them all (signal STOP) until none is left that could start another, or it is
    /// `give_up_at`. Each is stopped as soon as it is seen: what forks and ends in a chain is
    /// outrun only so. Returns those that this process may not signal: they run as another user.
    pub(super) fn halt(&self, give_up_at: LocalTime) -> Vec<Pid> {
        let (mut met, mut refused) = (BTreeSet::new(), Vec::new());
        loop {
            let mut is_new_met = false;
            self.visit(|Process { pid, .. }| {
                if met.insert(pid.as_raw_pid()) {
                    is_new_met = true;
                    if kill_process(pid, Signal::STOP) == Err(Errno::PERM) {
                        refused.push(pid);
                    }
                }
            });
            if !is_new_met || LocalTime::now() >= give_up_at {
                return refused;
            }
        }
    }

    /// Sends `signal` to each of them once.
    pub(super) fn signal(&self, signal: Signal) {
        // All are found first: the children of one that ends of it are others' children then.
        for process in self.living() {
            // What is gone needs none; who may not be signalled was told by halt.
            let _ = kill_process(process.pid, signal);
        }
    }

    /// Shows each living process to `see` as soon as it is found, parents first.
    fn visit(&self, mut see: impl FnMut(Process)) {
        let mut parents = vec![self.root];
        while let Some(parent) = parents.pop() {
            let mut children = children(parent);
            if parent == self.root && children.is_empty() {
                children.extend(self.command);
            }
            for child in children {
                let process = Process::read(child);
                if !process.has_ended {
                    see(process);
                }
                parents.push(child);
            }
        }
    }
}

/// The children of all threads of a process. None where /proc does not tell.
fn children(parent: Pid) -> Vec<Pid> {
    let parent = parent.as_raw_pid();
    let Ok(tasks) = fs::read_dir(format!("/proc/{parent}/task")) else { return Vec::new() };
    let lists =
        tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok());
    lists.flat_map(|list| parse_children(&list)).collect()
}

fn parse_children(list: &str) -> Vec<Pid> {
    list.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}

impl Process {
    /// Where another user's process is hidden, all that is known of it is that it is there.
    fn read(pid: Pid) -> Process {
        let stat = fs::read(format!("/proc/{}/stat", pid.as_raw_pid())).unwrap_or_default();
        Process::parse(pid, &String::from_utf8_lossy(&stat)).unwrap_or(Process {
            pid,
            group: None,
            has_ended: false,
        })
    }

    /// `PID (NAME) STATE PARENT GROUP ...`, where the name may hold anything.
    fn parse(pid: Pid, stat: &str) -> Option<Process> {
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let has_ended = matches!(fields.next()?, "Z" | "X");
        let group = Pid::from_raw(fields.nth(1)?.parse().ok()?);
        Some(Process { pid, group, has_ended })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_hides_no_group() {
        let process = Process::parse(getpid(), "7 (a) R 1 (b) Z 42 7 7 0").unwrap();
        assert_eq!(process.group, Pid::from_raw(7));
        assert!(process.has_ended);
    }

    #[test]
    fn a_list_of_children_ends_with_a_blank() {
        let pids = parse_children("12 345 ");
        assert_eq!(pids, [12, 345].map(|pid| Pid::from_raw(pid).unwrap()));
        assert_eq!(parse_children(""), []);
    }
}
