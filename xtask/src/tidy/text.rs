//! How files are named, and how long they and their lines may be.

use super::tree::{is_generated, stem_of};
use super::{Finding, Tree};

const FILE_LINES_MAX: usize = 600;
const LINE_CHARS_MAX: usize = 100;

/// Names that say nothing of what is inside.
const EMPTY_NAMES: &[&str] =
    &["common", "helper", "helpers", "manager", "misc", "types", "util", "utils"];

/// What people write by hand as code.
const CODE: &[&str] = &[".rs", ".proto", ".sh"];
/// What people write by hand besides. A sentence has the length it needs, so has a row of a table.
const PROSE: &[&str] = &[".md", ".toml", ".yml", ".html", ".css", ".js", ".json"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| !is_generated(path)) {
        findings.extend(check_name(path));
        findings.extend(check_file_length(path, text));
        let is_code = ends_with(path, CODE) || text.starts_with("#!");
        if is_code || ends_with(path, PROSE) {
            let lines = text.split('\n').enumerate();
            findings.extend(lines.flat_map(|(i, line)| check_line(path, i + 1, line, is_code)));
        }
    }
    findings
}

fn check_name(path: &str) -> Option<Finding> {
    if !path.ends_with(".rs") {
        return None;
    }
    let folders = path.split('/').rev().skip(1);
    let mut names = folders.chain([stem_of(path)]);
    let name = names.find(|name| EMPTY_NAMES.contains(name))?;
    let message = format!("`{name}` says nothing: name it after the thing of the domain it holds");
    Some(Finding::new(path, 1, message))
}

fn check_file_length(path: &str, text: &str) -> Option<Finding> {
    let lines = text.lines().count();
    if !path.ends_with(".rs") || lines <= FILE_LINES_MAX {
        return None;
    }
    let message = format!("{lines} lines, {FILE_LINES_MAX} at most: split it by noun");
    Some(Finding::new(path, FILE_LINES_MAX + 1, message))
}

fn check_line(path: &str, number: usize, line: &str, is_code: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    if line != line.trim_end() {
        findings.push(Finding::new(path, number, "trailing whitespace: remove it"));
    }
    let chars = line.chars().count();
    if is_code && chars > LINE_CHARS_MAX && !line.contains("://") {
        let message = format!("{chars} characters, {LINE_CHARS_MAX} at most: break the line");
        findings.push(Finding::new(path, number, message));
    }
    findings
}

fn ends_with(path: &str, endings: &[&str]) -> bool {
    endings.iter().any(|ending| path.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Tree::of(&[(path, text)])).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_rust_file_ends_after_600_lines() {
        assert_eq!(lines("a.rs", &"\n".repeat(600)), []);
        assert_eq!(lines("a.rs", &"\n".repeat(601)), [601]);
        assert_eq!(lines("gen/a.rs", &"\n".repeat(601)), []);
        assert_eq!(lines("CHANGELOG.md", &"\n".repeat(601)), []);
    }

    #[test]
    fn a_line_of_code_ends_after_100_characters() {
        assert_eq!(lines("a.rs", &"é".repeat(100)), []);
        assert_eq!(lines("a.rs", &format!("\n{}", "é".repeat(101))), [2]);
        assert_eq!(lines("scripts/test", &format!("#!/bin/sh\n{}", "x".repeat(101))), [2]);
        assert_eq!(lines("a.md", &"x".repeat(101)), []);
        assert_eq!(lines("gen/a.rs", &"x".repeat(101)), []);
        assert_eq!(lines("a.rs", &format!("// https://{}", "x".repeat(101))), []);
    }

    #[test]
    fn nothing_stands_at_the_end_of_a_line_unseen() {
        assert_eq!(lines("a.rs", "a\nb \n"), [2]);
        assert_eq!(lines("a.md", "a\t\nb\r\n"), [1, 2]);
        assert_eq!(lines("a.golden", "a \n"), []);
    }

    #[test]
    fn a_file_is_named_after_what_it_holds() {
        for path in ["src/utils.rs", "src/types/lock.rs", "tests/common/mod.rs", "src/misc.rs"] {
            assert_eq!(lines(path, ""), [1], "{path}");
        }
        for path in ["src/queue.rs", "docs/types.md", "src/common_name.rs"] {
            assert_eq!(lines(path, ""), [], "{path}");
        }
    }
}
