//! The program as it is handed on: small, with a file beside it that has the lines for backtraces.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Builds the program for release, or takes one that was built with its line tables in it, and
/// makes `target/dist/bramah` and `target/dist/bramah.debug` of it.
pub(crate) fn dist(root: &Path, args: &[&str]) -> ExitCode {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let made = match args {
        [] => build(root, &target),
        [program] => Ok(PathBuf::from(program)),
        _ => Err("take more than one program".to_owned()),
    };
    match made.and_then(|program| split(&program, &target.join("dist"))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("could not {why}");
            ExitCode::FAILURE
        }
    }
}

/// What `Cargo.toml` takes out of the program stays in.
fn build(root: &Path, target: &Path) -> Result<PathBuf, String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root);
    cargo.args(["rustc", "--release", "--locked", "--package", "bramah-cli", "--bin", "bramah"]);
    // Not by the profile, or all that it uses would be built anew.
    run(cargo.args(["--", "-C", "strip=none"]))?;
    Ok(target.join("release/bramah"))
}

/// The program finds the file by its name, in its own folder or in `/usr/lib/debug`.
fn split(program: &Path, folder: &Path) -> Result<(), String> {
    let (small, lines) = (folder.join("bramah"), folder.join("bramah.debug"));
    fs::create_dir_all(folder)
        .map_err(|error| format!("make the folder {}: {error}", folder.display()))?;
    let objcopy = |args: &[&OsStr]| run(Command::new("objcopy").args(args));
    let keep = ["--only-keep-debug", "--compress-debug-sections=zlib"].map(OsStr::new);
    objcopy(&[keep[0], keep[1], program.as_ref(), lines.as_ref()])?;
    let mut link = OsStr::new("--add-gnu-debuglink=").to_owned();
    link.push(&lines);
    objcopy(&[OsStr::new("--strip-debug"), &link, program.as_ref(), small.as_ref()])?;
    for file in [program, &small, &lines] {
        let bytes = fs::metadata(file).map_err(|error| format!("look at the file: {error}"))?.len();
        println!("{:>7.1} MB  {}", bytes as f64 / 1e6, file.display());
    }
    Ok(())
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("finish {name}: {status}")),
        Err(error) => Err(format!("run {name}: {error}")),
    }
}
