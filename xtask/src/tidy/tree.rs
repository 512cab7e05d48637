//! The files of the project, read once; a test makes its own from pairs of path and text.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

/// Folders that are not the project's text.
const SKIPPED: &[&str] = &[".git", "target", "node_modules"];

/// Path from the top of the project, with `/`, to text; empty text for a file that is not UTF-8.
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads every file below `root`.
    pub(crate) fn read(root: &Path) -> io::Result<Tree> {
        let mut files = BTreeMap::new();
        read_folder(root, "", &mut files)?;
        Ok(Tree { files })
    }

    pub(super) fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Whether there is such a file or folder.
    pub(super) fn exists(&self, path: &str) -> bool {
        if path.is_empty() || self.files.contains_key(path) {
            return true;
        }
        let folder = format!("{path}/");
        self.files.range(folder.clone()..).next().is_some_and(|(next, _)| next.starts_with(&folder))
    }

    /// All files, by path.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The files whose name ends so, without those a program wrote.
    pub(super) fn written(&self, suffix: &'static str) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(move |(path, _)| path.ends_with(suffix) && !is_generated(path))
    }
}

/// Generated code stands in folders named `gen`.
pub(super) fn is_generated(path: &str) -> bool {
    path.split('/').any(|folder| folder == "gen")
}

/// Joins and resolves `.` and `..`; None where it leaves the project.
pub(super) fn join(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The folder a file stands in; empty for the top.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The name without folders and without its last extension.
pub(super) fn stem_of(path: &str) -> &str {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn read_folder(root: &Path, folder: &str, files: &mut BTreeMap<String, String>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if SKIPPED.contains(&name.as_str()) {
            continue;
        }
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            read_folder(root, &path, files)?;
        } else if kind.is_file() {
            let text = String::from_utf8(fs::read(entry.path())?).unwrap_or_default();
            files.insert(path, text);
        }
    }
    Ok(())
}

#[cfg(test)]
impl Tree {
    pub(super) fn of(files: &[(&str, &str)]) -> Tree {
        let files = files.iter().map(|&(path, text)| (path.to_owned(), text.to_owned()));
        Tree { files: files.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_exists_when_a_file_stands_in_it() {
        let tree = Tree::of(&[("docs/a.md", ""), ("docs-old/b.md", "")]);
        assert!(tree.exists("docs") && tree.exists("docs/a.md"));
        assert!(!tree.exists("doc") && !tree.exists("docs/a"));
    }

    #[test]
    fn a_path_does_not_leave_the_project() {
        assert_eq!(join("docs/guides", "../a.md"), Some("docs/a.md".to_owned()));
        assert_eq!(join("docs", "../../a.md"), None);
    }

    #[test]
    fn this_tree_is_read_without_its_build_folder() {
        let tree = Tree::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap();
        assert!(tree.exists("xtask/src/tidy/tree.rs"));
        assert!(!tree.exists("target") && !tree.exists(".git"));
    }
}
