//! The rules of the tree that the compiler does not know, each a function from the tree to
//! findings.
//!
//! A rule belongs here when it can be said in one sentence and a reviewer would otherwise repeat
//! it. Every message says what is wrong and what to do instead.

mod calls;
mod code;
mod features;
mod floors;
mod modules;
mod pages;
mod text;
mod tree;

pub(crate) use tree::Tree;

use std::fmt;

/// One place that breaks one rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    /// Counted from 1.
    line: usize,
    message: String,
}

/// Everything that is wrong, by path and line.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(floors::check(tree));
    findings.extend(features::check(tree));
    findings.extend(calls::check(tree));
    findings.extend(modules::check(tree));
    findings.extend(text::check(tree));
    findings.extend(pages::check(tree));
    findings.sort();
    findings
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}
