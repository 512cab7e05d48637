//! Calls that a part of the tree must not make, each with what to do instead.

use super::code::{code_lines, has_word, is_test_file, tests_start};
use super::{Finding, Tree};

struct Ban {
    words: &'static [&'static str],
    scope: Scope,
    instead: &'static str,
}

enum Scope {
    /// The sources of these crates, their tests apart.
    Sources(&'static [&'static str]),
    Tests,
    Everywhere,
}

/// Crates that are stepped from a seed.
const PURE: Scope = Scope::Sources(&["core", "node"]);

const BANS: &[Ban] = &[
    Ban {
        words: &["Instant::now", "SystemTime"],
        scope: PURE,
        instead: "time is a fact: take `now` as an argument",
    },
    Ban {
        words: &["rand::", "getrandom"],
        scope: PURE,
        instead: "randomness is a fact: take a seed or the drawn number as an argument",
    },
    Ban {
        words: &["thread::"],
        scope: PURE,
        instead: "this crate owns no thread: return what is to be done and let the server run it",
    },
    Ban {
        words: &["std::fs", "fs::", "File::", "std::net", "net::"],
        scope: PURE,
        instead: "this crate does no I/O: return an order, take the result as a fact",
    },
    Ban {
        words: &["HashMap", "HashSet"],
        scope: Scope::Sources(&["core"]),
        instead: "its order differs from run to run: use BTreeMap or BTreeSet",
    },
    Ban {
        words: &["serde", "serde_json", "Serialize", "Deserialize", "prost", "protobuf"],
        scope: PURE,
        instead: "only wire encodes: give wire a conversion from this type",
    },
    Ban {
        words: &["unbounded_channel", "channel()", "unbounded()"],
        scope: Scope::Everywhere,
        instead: "a queue without a bound hides overload: name its limit and what happens past it",
    },
    Ban {
        words: &["thread::sleep", "time::sleep"],
        scope: Scope::Tests,
        instead: "wait on the state with a deadline; where pace is the point, say so in a comment \
                  `// tidy: paced because ...` on this line or above it",
    },
    Ban {
        words: &["todo!", "unimplemented!", "dbg!"],
        scope: Scope::Everywhere,
        instead: "finish it, or return an error that says what is not supported",
    },
];

const PACED: &str = "// tidy: paced because ";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.written(".rs").flat_map(|(path, source)| check_file(path, source)).collect()
}

fn check_file(path: &str, source: &str) -> Vec<Finding> {
    let code = code_lines(source);
    let lines: Vec<&str> = source.split('\n').collect();
    let tests_start = if is_test_file(path) { 0 } else { tests_start(&code) };
    let is_paced = |i: usize| {
        lines[i].contains(PACED) || i > 0 && lines[i - 1].trim_start().starts_with(PACED)
    };

    let mut findings = Vec::new();
    for (i, line) in code.iter().enumerate() {
        let line = without_turbofish(line);
        for ban in BANS.iter().filter(|ban| ban.holds(path, i >= tests_start)) {
            let found = ban.words.iter().find(|word| has_call(&line, word));
            let Some(word) = found else { continue };
            if !(matches!(ban.scope, Scope::Tests) && is_paced(i)) {
                findings.push(Finding::new(path, i + 1, format!("`{word}`: {}", ban.instead)));
            }
        }
    }
    findings
}

impl Ban {
    fn holds(&self, path: &str, is_test: bool) -> bool {
        match self.scope {
            Scope::Sources(crates) => {
                let in_sources = |name| path.starts_with(&format!("crates/{name}/src/"));
                !is_test && crates.iter().any(in_sources)
            }
            Scope::Tests => is_test,
            Scope::Everywhere => true,
        }
    }
}

/// A method or a definition of the same name is not the call, and a oneshot holds one message.
fn has_call(line: &str, word: &str) -> bool {
    let is_other = |before: &&str| line.contains(&format!("{before}{word}"));
    let is_call = !word.ends_with("()") || ![".", "fn ", "oneshot::"].iter().any(is_other);
    is_call && has_word(line, word)
}

/// `channel::<u8>()` as `channel()`.
fn without_turbofish(line: &str) -> String {
    let mut line = line.to_owned();
    while let Some(open) = line.find("::<") {
        let Some(close) = line[open..].find(">(") else { break };
        line.replace_range(open..=open + close, "");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines with a finding.
    fn lines(path: &str, source: &str) -> Vec<usize> {
        check(&Tree::of(&[(path, source)])).iter().map(|finding| finding.line).collect()
    }

    #[track_caller]
    fn refused_only_in(paths: &[&str], source: &str) {
        for path in [
            "crates/core/src/a.rs",
            "crates/node/src/a.rs",
            "crates/server/src/a.rs",
            "crates/core/src/a/tests.rs",
            "crates/server/tests/a.rs",
        ] {
            assert_eq!(lines(path, source).len(), usize::from(paths.contains(&path)), "{path}");
        }
    }

    const CORE: &str = "crates/core/src/a.rs";
    const NODE: &str = "crates/node/src/a.rs";

    #[test]
    fn core_and_node_read_no_clock_draw_no_number_own_no_thread_do_no_io() {
        for call in [
            "let now = Instant::now();",
            "use std::time::SystemTime;",
            "let id = rand::random::<u64>();",
            "getrandom::fill(&mut key);",
            "std::thread::spawn(run);",
            "let text = std::fs::read(path);",
            "use std::net::TcpStream;",
        ] {
            refused_only_in(&[CORE, NODE], call);
        }
    }

    #[test]
    fn only_wire_encodes() {
        for code in [
            "#[derive(Debug, Serialize)]",
            "#[derive(Debug, Deserialize)]",
            "use serde::ser;",
            "serde_json::to_string(&state)",
            "use prost::Message;",
            "use protobuf::Message;",
        ] {
            refused_only_in(&[CORE, NODE], code);
        }
    }

    #[test]
    fn core_has_no_order_that_differs_from_run_to_run() {
        refused_only_in(&[CORE], "let table: HashMap<u8, u8>;");
        refused_only_in(&[CORE], "let names = HashSet::new();");
    }

    #[test]
    fn no_queue_is_without_a_bound() {
        let path = "crates/server/src/a.rs";
        assert_eq!(lines(path, "let (a, b) = mpsc::unbounded_channel();"), [1]);
        assert_eq!(lines(path, "\nlet (a, b) = mpsc::channel();"), [2]);
        assert_eq!(lines(path, "let (a, b) = mpsc::channel::<Vec<u8>>();"), [1]);
        assert_eq!(lines(path, "let (a, b) = mpsc::channel::<u8>(64);"), []);
        assert_eq!(lines(path, "let (a, b) = crossbeam::channel::unbounded();"), [1]);
        assert_eq!(lines(path, "let c = peer.channel();\nfn channel() {}"), []);
        assert_eq!(lines(path, "let (stop, stopped) = oneshot::channel::<()>();"), []);
    }

    #[test]
    fn no_test_sleeps_to_wait_for_a_state() {
        let paths = ["crates/core/src/a/tests.rs", "crates/server/tests/a.rs"];
        refused_only_in(&paths, "tokio::time::sleep(TICK).await;");
        assert_eq!(lines("crates/server/tests/a.rs", "std::thread::sleep(TICK);"), [1]);
        let inside =
            "fn a() { thread::sleep(TICK) }\n#[cfg(test)]\nmod tests {\nthread::sleep(A);\n}";
        assert_eq!(lines("crates/server/src/a.rs", inside), [4]);
    }

    #[test]
    fn a_paced_test_says_why() {
        let path = "crates/server/tests/a.rs";
        assert_eq!(
            lines(path, "sleep(A);\ntime::sleep(A); // tidy: paced because a slow reader"),
            []
        );
        assert_eq!(lines(path, "    // tidy: paced because a slow reader\ntime::sleep(A);"), []);
        assert_eq!(lines(path, "time::sleep(A); // paced"), [1]);
    }

    #[test]
    fn nothing_is_left_unfinished() {
        for call in ["todo!()", "unimplemented!(\"later\")", "dbg!(a)"] {
            assert_eq!(lines("crates/wal/src/a.rs", call), [1]);
        }
    }

    #[test]
    fn a_comment_may_speak_of_a_call() {
        assert_eq!(
            lines(CORE, "/// Never reads `Instant::now`.\nfn a() -> &str { \"todo!\" }"),
            []
        );
    }

    #[test]
    fn generated_code_is_let_be() {
        assert_eq!(lines("crates/wire/src/gen/a.rs", "todo!()"), []);
    }
}
