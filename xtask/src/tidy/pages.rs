//! Markdown pages: one title each, and links that lead somewhere.

use super::tree::{folder_of, join};
use super::{Finding, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.written(".md").flat_map(|(path, text)| check_page(tree, path, text)).collect()
}

fn check_page(tree: &Tree, path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut titles = Vec::new();
    for (number, line) in prose(text) {
        if line.starts_with("# ") {
            titles.push(number);
        }
        for link in links(line).filter(|link| !leads_somewhere(tree, path, link)) {
            let message = format!("`{link}` is not in the tree: mend the link or remove it");
            findings.push(Finding::new(path, number, message));
        }
    }
    match titles[..] {
        [_] => {}
        [] => findings.push(Finding::new(path, 1, "no title: open the page with one `# ` line")),
        [_, second, ..] => {
            let message = "a second title: make it a `## ` heading or a page of its own";
            findings.push(Finding::new(path, second, message));
        }
    }
    findings
}

/// The lines outside fenced blocks, counted from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_fenced = false;
    text.lines().enumerate().filter_map(move |(i, line)| {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
            return None;
        }
        (!is_fenced).then_some((i + 1, line))
    })
}

/// The targets of `[text](target)` and `[text]: target`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let defined = line.starts_with('[').then(|| line.split_once("]: ")).flatten();
    inline.chain(defined.map(|(_, target)| target.trim()))
}

fn leads_somewhere(tree: &Tree, page: &str, link: &str) -> bool {
    let target = link.split('#').next().unwrap_or_default();
    if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
        return true;
    }
    join(folder_of(page), target).is_some_and(|path| tree.exists(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of `docs/a.md` with a finding, beside a page `README.md`.
    fn lines(text: &str) -> Vec<usize> {
        let tree = Tree::of(&[("docs/a.md", text), ("README.md", "# Readme")]);
        check(&tree).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_page_has_one_title() {
        assert_eq!(lines("# A\n\n## B\n```\n# a shell comment\n```\n"), []);
        assert_eq!(lines("A\n"), [1]);
        assert_eq!(lines("# A\n\n# B\n"), [3]);
    }

    #[test]
    fn a_link_leads_to_a_file_or_a_folder() {
        assert_eq!(lines("# A\n[r](../README.md#first) [d](../docs) [s](#b)"), []);
        assert_eq!(lines("# A\n[r](README.md)"), [2]);
        assert_eq!(lines("# A\n[r](../README.md) [r](../../README.md)"), [2]);
        assert_eq!(lines("# A\n[r]: gone.md"), [2]);
    }

    #[test]
    fn other_hosts_and_fenced_text_are_not_looked_at() {
        assert_eq!(lines("# A\n<https://a.b> [c](https://a.b/c.md) [m](mailto:a@b)"), []);
        assert_eq!(lines("# A\n```\n[r](gone.md)\n```"), []);
    }
}
