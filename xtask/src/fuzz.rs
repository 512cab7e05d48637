//! Runs the targets of `fuzz/` with libFuzzer and the stable compiler.
//!
//! The flags are those of cargo-fuzz without the sanitizers, which only a nightly compiler has and
//! which look for what safe Rust has not. libFuzzer is C++, so a C++ compiler must be there.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{fs, io};

const SECONDS_DEFAULT: &str = "60";
/// Counters at every edge, and what comparisons compare.
const FLAGS: &str = "--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";
/// Longest input, in bytes.
const INPUT_BYTES_MAX: &str = "-max_len=16384";
/// An input that takes longer than these seconds has found something.
const INPUT_TIME_MAX: &str = "-timeout=10";
/// So has one that takes more memory than this, in MiB.
const MEMORY_MAX: &str = "-rss_limit_mb=2048";

/// Where valid inputs of a target are found: a file of golden bytes, and how many of each are not
/// its own.
const SEEDS: &[(&str, &str, usize)] = &[
    ("answer", "replies", 4),
    ("client", "replies", 0),
    ("entry", "entries", 0),
    ("entry", "entries-1", 0),
    ("frame", "requests", 0),
    ("json", "json", 0),
    ("peer", "peers", 0),
    ("request", "requests", 4),
    ("snapshot", "snapshot", 0),
];

/// Valid inputs of targets that have no golden bytes.
const TEXTS: &[(&str, &str)] = &[
    (
        "http",
        "/v1/locks/a%2Fb?prefix=a+b&limit=7&wait=1m30s&stale&longer_than=500ms&name=x\n\
         https://locks.example\nlocks:7420\nsame-origin\nkeep-alive, Upgrade\nwebsocket\n13\n\
         dGhlIHNhbXBsZSBub25jZQ==\nother, bramah.v1.json\n\
         {\"ttl\":\"30s\",\"wait\":5000,\"mode\":\"permits\",\"permits\":1,\"limit\":3,\
         \"value_hex\":\"00ff\",\"request_id\":\"0b7c2f3e-52a1-4a0e\",\"if_held\":\"queue\",\
         \"owner\":{\"host\":\"db1\",\"pid\":7},\"priority\":-1,\"lock_delay\":\"1s\"}",
    ),
    ("http", "/v1/holds/7-00000000000000ff.9-00000000000000aa\n\n\n\n\n\n\n\n\n{\"ttl\":1}"),
    (
        "http",
        "/v1/sessions/9-00000000000000aa\n\n\n\n\n\n\n\n\n\
         {\"hold\":\"7-00000000000000ff\",\"value\":\"v\"}",
    ),
    ("http", "/v1/locks/x/revoke\n\n\n\n\n\n\n\n\n{\"token\":1,\"by\":\"bob\"}"),
    ("opening", "GET /healthz HTTP/1.1\r\n"),
    ("opening", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("opening", "BRAMAH\0\x01"),
    ("url", "bramah://db1,db2:7000,[::1],[::1]:99/"),
    ("url", "local:/run/bramah"),
];

pub(crate) fn fuzz(root: &Path, args: &[&str]) -> ExitCode {
    let (target, seconds) = match *args {
        [] => (None, SECONDS_DEFAULT),
        ["--seconds", seconds] => (None, seconds),
        [target] => (Some(target), SECONDS_DEFAULT),
        [target, "--seconds", seconds] => (Some(target), seconds),
        _ => {
            eprintln!("usage: cargo xtask fuzz [TARGET] [--seconds N]");
            return ExitCode::from(64);
        }
    };
    match run(root, target, seconds) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("could not fuzz: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path, target: Option<&str>, seconds: &str) -> Result<(), String> {
    let all = targets(root).map_err(|error| format!("read fuzz/fuzz_targets: {error}"))?;
    let chosen: Vec<&String> =
        all.iter().filter(|name| target.is_none_or(|target| target == *name)).collect();
    if chosen.is_empty() {
        return Err(format!("there is no target {target:?}, but {}", all.join(", ")));
    }
    let host = host()?;
    let folder = root.join("target/fuzz");
    // With the platform named, build scripts and macros are built without the flags.
    let status = Command::new(env!("CARGO"))
        .current_dir(root.join("fuzz"))
        .args(["build", "--quiet", "--release", "--bins", "--target", &host])
        .env("RUSTFLAGS", FLAGS)
        .env("CARGO_TARGET_DIR", &folder)
        .status();
    succeeded("build the targets", status)?;
    for name in chosen {
        let corpus = folder.join("corpus").join(name);
        let found = folder.join("found").join(name);
        for path in [&corpus, &found] {
            fs::create_dir_all(path)
                .map_err(|error| format!("make {}: {error}", path.display()))?;
        }
        seed(root, name, &corpus).map_err(|error| format!("seed {name}: {error}"))?;
        println!("== {name}");
        let status = Command::new(folder.join(&host).join("release").join(name))
            .arg(&corpus)
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-artifact_prefix={}/", found.display()))
            .args([INPUT_BYTES_MAX, INPUT_TIME_MAX, MEMORY_MAX, "-print_final_stats=1"])
            .status();
        succeeded(&format!("run {name} without a finding (see {})", found.display()), status)?;
    }
    Ok(())
}

fn targets(root: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join("fuzz/fuzz_targets"))? {
        let path: PathBuf = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Puts the valid inputs of a target beside what it found by itself.
fn seed(root: &Path, target: &str, corpus: &Path) -> io::Result<()> {
    for (number, (_, text)) in TEXTS.iter().filter(|(of, _)| *of == target).enumerate() {
        fs::write(corpus.join(format!("text-{number}")), text)?;
    }
    for (_, golden, skipped) in SEEDS.iter().filter(|(of, ..)| *of == target) {
        let path = root.join(format!("crates/wire/tests/golden/{golden}.txt"));
        for line in fs::read_to_string(path)?.lines() {
            let Some((name, value)) = line.split_once(' ') else { continue };
            let bytes = of_hex(value).unwrap_or_else(|| value.as_bytes().to_vec());
            let bytes = bytes.get(*skipped..).unwrap_or_default();
            fs::write(corpus.join(format!("{golden}-{name}")), bytes)?;
        }
    }
    Ok(())
}

fn of_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    pairs.iter().map(byte).collect::<Option<_>>().filter(|_| rest.is_empty())
}

/// The platform of this compiler.
fn host() -> Result<String, String> {
    let output = Command::new("rustc").arg("-vV").output();
    let output = output.map_err(|error| format!("run rustc: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "find the host in what rustc -vV says".to_owned())
}

fn succeeded(what: &str, status: io::Result<std::process::ExitStatus>) -> Result<(), String> {
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{what}: {status}")),
        Err(error) => Err(format!("{what}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_built_and_every_seed_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let names = targets(&root).unwrap();
        let manifest = fs::read_to_string(root.join("fuzz/Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let bins: Vec<&str> = manifest["bin"]
            .as_array()
            .unwrap()
            .iter()
            .map(|bin| bin["name"].as_str().unwrap())
            .collect();
        assert_eq!(bins, names, "fuzz/Cargo.toml names the files of fuzz/fuzz_targets, in order");
        for (target, golden, _) in SEEDS {
            assert!(names.iter().any(|name| name == target), "{target}");
            let path = root.join(format!("crates/wire/tests/golden/{golden}.txt"));
            assert!(path.is_file(), "{}", path.display());
        }
        for (target, _) in TEXTS {
            assert!(names.iter().any(|name| name == target), "{target}");
        }
    }
}
