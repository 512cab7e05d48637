//! Writes the Rust of the protocol from `proto/`; run it as `cargo xtask codegen`.
//!
//! The result is checked in, so whoever builds Bramah needs neither protoc nor this program. A
//! package `bramah.v1` becomes the module file `crates/wire/src/gen/bramah_v1.rs`. With `--check`
//! nothing is written, and a difference between the two is an error.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use anyhow::{Context as _, Result, bail, ensure};
use prost_build::{Config, Module};

const PROTO: &str = "proto";
const GENERATED: &str = "crates/wire/src/gen";
/// File name to text.
type Files = BTreeMap<String, String>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let is_check = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--check"] => true,
        _ => {
            eprintln!("usage: cargo xtask codegen [--check]");
            return ExitCode::from(64);
        }
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    match run(&root, is_check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("could not generate the protocol: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path, is_check: bool) -> Result<()> {
    let wanted = generate(&root.join(PROTO))?;
    let folder = root.join(GENERATED);
    let found = read(&folder).with_context(|| format!("read {GENERATED}"))?;
    if is_check {
        return compare(&wanted, &found);
    }
    for name in found.keys().filter(|name| !wanted.contains_key(*name)) {
        fs::remove_file(folder.join(name))?;
    }
    fs::create_dir_all(&folder)?;
    for (name, text) in wanted.iter().filter(|(name, text)| found.get(*name) != Some(text)) {
        fs::write(folder.join(name), text)?;
        println!("wrote {GENERATED}/{name}");
    }
    Ok(())
}

/// One file for each package below `proto`.
fn generate(proto: &Path) -> Result<Files> {
    let sources = sources(proto).context("read the folder of .proto files")?;
    ensure!(!sources.is_empty(), "no .proto file below {}", proto.display());
    let set = protox::compile(sources, [proto])?;
    let mut json = pbjson_build::Builder::new();
    for file in &set.file {
        json.register_file_descriptor(file.clone());
    }
    let mut files = write_json(&json)?;
    let module_of = |package: &str| Module::from_protobuf_package_name(package);
    let requests = set.file.into_iter().map(|file| (module_of(file.package()), file)).collect();
    let modules = Config::new()
        .bytes(["."])
        // A hold's handle proves the right to release it, so wire writes its `Debug` by hand.
        .skip_debug([".bramah.v1.Handle"])
        .generate(requests)?;
    files.extend(modules.into_iter().map(|(module, code)| (module.to_file_name_or("_"), code)));
    Ok(files)
}

/// The JSON of every message, as protobuf's canonical mapping has it.
fn write_json(builder: &pbjson_build::Builder) -> Result<Files> {
    let written = builder.generate(&["."], |_| Ok(Vec::new()))?;
    let text = |(package, code): (_, Vec<u8>)| {
        Ok((format!("{package}.serde.rs"), String::from_utf8(code)?))
    };
    written.into_iter().map(text).collect()
}

fn compare(wanted: &Files, found: &Files) -> Result<()> {
    let names = wanted.keys().chain(found.keys());
    let mut differing: Vec<&str> =
        names.filter(|name| wanted.get(*name) != found.get(*name)).map(String::as_str).collect();
    differing.sort_unstable();
    differing.dedup();
    if differing.is_empty() {
        return Ok(());
    }
    bail!(
        "{GENERATED} is not what {PROTO} says ({}): run `cargo xtask codegen`, commit the result",
        differing.join(", ")
    );
}

/// Every .proto file below a folder, in order.
fn sources(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sources.extend(self::sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            sources.push(path);
        }
    }
    sources.sort();
    Ok(sources)
}

/// What stands in a folder; nothing if there is no such folder.
fn read(folder: &Path) -> io::Result<Files> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Files::new()),
        entries => entries?,
    };
    let read = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        Ok((name, fs::read_to_string(entry.path())?))
    };
    entries.map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOY: &str = "syntax = \"proto3\";\npackage toy.v1;\n\n// A knock.\n\
                       message Knock { uint64 id = 1; optional bytes value = 2; }\n";

    fn project() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("proto/toy/v1")).unwrap();
        fs::write(root.path().join("proto/toy/v1/toy.proto"), TOY).unwrap();
        root
    }

    #[test]
    fn what_was_written_passes_the_check_until_one_side_changes() {
        let root = project();
        let generated = root.path().join(GENERATED).join("toy.v1.rs");
        assert!(run(root.path(), true).is_err(), "nothing written yet");
        run(root.path(), false).unwrap();
        run(root.path(), true).unwrap();

        let text = fs::read_to_string(&generated).unwrap();
        assert!(text.contains("pub struct Knock {"), "{text}");
        fs::write(&generated, text.replace("u64", "u32")).unwrap();
        let error = run(root.path(), true).unwrap_err().to_string();
        assert!(error.contains("toy.v1.rs") && error.contains("cargo xtask codegen"), "{error}");
        assert!(!error.contains("toy.v1.serde.rs"), "{error}");
    }

    #[test]
    fn every_message_gets_its_json() {
        let root = project();
        run(root.path(), false).unwrap();
        let json = root.path().join(GENERATED).join("toy.v1.serde.rs");
        let text = fs::read_to_string(json).unwrap();
        for half in ["impl serde::Serialize for Knock", "serde::Deserialize<'de> for Knock"] {
            assert!(text.contains(half), "{text}");
        }
    }

    #[test]
    fn a_file_whose_package_is_gone_is_removed() {
        let root = project();
        run(root.path(), false).unwrap();
        let stale = root.path().join(GENERATED).join("old.v1.rs");
        fs::write(&stale, "").unwrap();
        assert!(run(root.path(), true).is_err());
        run(root.path(), false).unwrap();
        assert!(!stale.exists());
    }

    #[test]
    fn a_mistake_in_the_protocol_is_said_with_its_place() {
        let root = project();
        fs::write(root.path().join("proto/toy/v1/toy.proto"), TOY.replace("bytes", "byts"))
            .unwrap();
        let error = format!("{:#}", run(root.path(), false).unwrap_err());
        assert!(error.contains("byts"), "{error}");
    }
}
