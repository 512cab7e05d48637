//! What this process may have: the least of what the machine, its control group and its limits say.

use std::fs;
use std::path::Path;

use rustix::process::{Resource, getrlimit};

/// The least memory that a server can be told to do with, in bytes.
pub const MEMORY_BYTES_MIN: u64 = 64 * 1024 * 1024;
/// Of what there is a server takes so much, when it is not told how much: the rest is for the
/// program, the kernel's buffers, and whatever else runs there.
const DEFAULT_SHARE: (u64, u64) = (3, 4);

/// How much a server may have that is not told, in bytes, and whose bound that is a share of.
pub(crate) fn found() -> (u64, &'static str) {
    let (bytes, whose) = least(Path::new("/"));
    ((bytes / DEFAULT_SHARE.1 * DEFAULT_SHARE.0).max(MEMORY_BYTES_MIN), whose)
}

fn least(root: &Path) -> (u64, &'static str) {
    let limits =
        [(Resource::As, "the limit of address space"), (Resource::Data, "the limit of data")];
    let limits = limits.into_iter().filter_map(|(of, whose)| Some((getrlimit(of).current?, whose)));
    let group = group_max(root).map(|bytes| (bytes, "the control group"));
    let machine = total(root).map(|bytes| (bytes, "the machine"));
    limits.chain(group).chain(machine).min().unwrap_or((u64::MAX, "no bound"))
}

/// `MemTotal` of the machine.
fn total(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// The least bound of this process's control group and those that it is in, of both versions. In a
/// container the group's own folder is often all that is seen of it, at the root.
fn group_max(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let bounds = text.lines().flat_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (of, path) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let (folder, file) = match of {
            "" => ("sys/fs/cgroup", "memory.max"),
            of if of.split(',').any(|of| of == "memory") => {
                ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => return Vec::new(),
        };
        let path = Path::new(path.trim_start_matches('/'));
        // The last of them is empty: the root.
        let bound = |group: &Path| {
            let text = fs::read_to_string(root.join(folder).join(group).join(file)).ok()?;
            // Of no bound there is a word in one version, and a number beyond all in the other.
            text.trim().parse::<u64>().ok()
        };
        path.ancestors().filter_map(bound).collect()
    });
    bounds.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    /// A root with these files.
    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
            fs::write(path, text).expect("it is written");
        }
        root
    }

    fn group(files: &[(&str, &str)]) -> Option<u64> {
        group_max(root(files).path())
    }

    #[test]
    fn the_least_bound_of_all_groups_round_this_one_counts() {
        let (of, outer) =
            (("proc/self/cgroup", "0::/a/b\n"), ("sys/fs/cgroup/a/memory.max", "2147483648\n"));
        let inner = |text| ("sys/fs/cgroup/a/b/memory.max", text);
        assert_eq!(group(&[of, outer, inner("1073741824\n")]), Some(GIB));
        assert_eq!(group(&[of, outer, inner("max\n")]), Some(2 * GIB));
        assert_eq!(group(&[of, inner("max\n")]), None);
    }

    #[test]
    fn a_container_sees_its_group_at_the_root_by_either_version() {
        let two = [("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "1073741824\n")];
        assert_eq!(group(&two), Some(GIB));
        let one = [
            ("proc/self/cgroup", "5:cpu,cpuacct:/docker/x\n4:memory:/docker/x\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n"),
        ];
        assert_eq!(group(&one), Some(GIB));
    }

    #[test]
    fn the_machine_is_the_bound_where_nothing_else_is_less() {
        let root = root(&[("proc/meminfo", "MemFree: 1 kB\nMemTotal:       2048 kB\n")]);
        assert_eq!(least(root.path()), (2 * 1024 * 1024, "the machine"));
        let (bytes, whose) = found();
        assert!((MEMORY_BYTES_MIN..1 << 60).contains(&bytes), "{bytes} of {whose}");
    }
}
