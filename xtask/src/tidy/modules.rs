//! Rust files that no target reaches: the compiler never reads them, so they rot unseen.

use std::collections::BTreeSet;

use super::code::code_lines;
use super::tree::{folder_of, join, stem_of};
use super::{Finding, Tree};

const MESSAGE: &str =
    "no `mod` and no target leads here: name it in its parent module, or delete it";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut unread = roots(tree);
    let mut live: BTreeSet<String> = unread.iter().cloned().collect();
    let roots = live.clone();
    while let Some(path) = unread.pop() {
        let Some(source) = tree.get(&path) else { continue };
        let named = modules(&path, roots.contains(&path), source);
        unread.extend(named.into_iter().filter(|path| live.insert(path.clone())));
    }
    let dead = tree.files().filter(|(path, _)| path.ends_with(".rs") && !live.contains(*path));
    dead.map(|(path, _)| Finding::new(path, 1, MESSAGE)).collect()
}

/// Where the compiler starts reading: the targets of every package.
fn roots(tree: &Tree) -> Vec<String> {
    let mut roots = Vec::new();
    for (manifest, text) in tree.files().filter(|(path, _)| path.ends_with("Cargo.toml")) {
        let package = folder_of(manifest);
        let sources = tree.files().map(|(path, _)| path).filter(|path| path.ends_with(".rs"));
        let is_of_package = |path: &&str| path.strip_prefix(package).is_some_and(is_target);
        roots.extend(sources.filter(is_of_package).map(str::to_owned));
        let paths = text.lines().filter(|line| line.trim().starts_with("path"));
        roots.extend(paths.filter_map(quoted).filter_map(|path| join(package, path)));
    }
    roots
}

/// Whether cargo finds a target here by itself.
fn is_target(path_in_package: &str) -> bool {
    let parts: Vec<&str> = path_in_package.trim_start_matches('/').split('/').collect();
    matches!(
        parts[..],
        ["src", "lib.rs" | "main.rs"]
            | ["src", "bin", ..]
            | ["build.rs"]
            | ["tests" | "benches" | "examples", _]
            | ["tests" | "benches" | "examples", _, "main.rs"]
    )
}

/// The files a source file names by `mod x;`, `#[path = "..."]` or `include!("...")`, and the
/// places where they may stand. A file named inside `mod x { }` is not looked for: give `x` a file.
fn modules(path: &str, is_root: bool, source: &str) -> Vec<String> {
    let folder = folder_of(path);
    let below = match stem_of(path) {
        "mod" => folder.to_owned(),
        _ if is_root => folder.to_owned(),
        stem => format!("{folder}/{stem}"),
    };
    let mut named = Vec::new();
    for (line, code) in source.lines().zip(code_lines(source)) {
        if let Some(name) = declared(&code) {
            named.push(format!("{below}/{name}.rs"));
            named.push(format!("{below}/{name}/mod.rs"));
        }
        if code.contains("#[path") || code.contains("include!") {
            named.extend(quoted(line).and_then(|file| join(folder, file)));
        }
    }
    named
}

/// The name in `pub mod name;`.
fn declared(code: &str) -> Option<&str> {
    let (before, name) = code.trim().strip_suffix(';')?.rsplit_once("mod ")?;
    let is_item = before.is_empty() || before.ends_with(' ');
    is_item.then(|| name.trim_start_matches("r#"))
}

fn quoted(line: &str) -> Option<&str> {
    line.split('"').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The dead files among these, in a package `crates/a`.
    fn dead(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<(String, &str)> =
            files.iter().map(|(path, text)| (format!("crates/a/{path}"), *text)).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, *text)).collect();
        check(&Tree::of(&files))
            .iter()
            .map(|found| found.path["crates/a/".len()..].into())
            .collect()
    }

    #[test]
    fn a_file_without_a_mod_is_dead() {
        let files = [("Cargo.toml", ""), ("src/lib.rs", "// mod b;"), ("src/b.rs", "")];
        assert_eq!(dead(&files), ["src/b.rs"]);
        let files = [("Cargo.toml", ""), ("src/lib.rs", "pub(crate) mod b;"), ("src/b.rs", "")];
        assert_eq!(dead(&files), [""; 0]);
    }

    #[test]
    fn modules_are_followed_into_folders() {
        let files = [
            ("Cargo.toml", ""),
            ("src/lib.rs", "mod b;\nmod c;\npub mod r#gen;"),
            ("src/b.rs", "#[cfg(test)]\nmod tests;"),
            ("src/b/tests.rs", ""),
            ("src/c/mod.rs", "mod d;"),
            ("src/c/d.rs", ""),
            ("src/gen.rs", ""),
            ("src/tests.rs", ""),
        ];
        assert_eq!(dead(&files), ["src/tests.rs"]);
    }

    #[test]
    fn targets_are_alive_and_their_neighbours_are_not() {
        let files = [
            ("Cargo.toml", "[[bin]]\nname = \"x\"\npath = \"fuzz/x.rs\""),
            ("src/main.rs", ""),
            ("src/bin/b.rs", ""),
            ("build.rs", ""),
            ("tests/one.rs", "mod support;"),
            ("tests/support/mod.rs", ""),
            ("tests/support/lost.rs", ""),
            ("fuzz/x.rs", ""),
            ("fuzz/y.rs", ""),
        ];
        assert_eq!(dead(&files), ["fuzz/y.rs", "tests/support/lost.rs"]);
    }

    #[test]
    fn a_path_names_a_file() {
        let files = [
            ("Cargo.toml", ""),
            ("src/lib.rs", "#[path = \"gen/v1.rs\"]\npub mod v1;\ninclude!(\"table.rs\");"),
            ("src/gen/v1.rs", ""),
            ("src/table.rs", ""),
        ];
        assert_eq!(dead(&files), [""; 0]);
    }
}
