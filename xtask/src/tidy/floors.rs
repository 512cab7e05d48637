//! Which crate may use which: read from every `Cargo.toml`, so that the house keeps its floors.

use super::tree::folder_of;
use super::{Finding, Tree};

/// A crate below `crates/`, by folder.
struct Floor {
    name: &'static str,
    /// Its tests may use every crate of a lower number besides those it may use itself.
    number: u8,
    uses: &'static [&'static str],
}

const FLOORS: &[Floor] = &[
    Floor { name: "core", number: 1, uses: &[] },
    Floor { name: "wal", number: 2, uses: &["core"] },
    Floor { name: "wire", number: 2, uses: &["core"] },
    Floor { name: "node", number: 3, uses: &["core", "wal", "wire"] },
    Floor { name: "server", number: 4, uses: &["core", "wal", "wire", "node"] },
    Floor { name: "bramah", number: 4, uses: &["core", "wire"] },
    Floor { name: "cli", number: 5, uses: &["core", "wal", "wire", "node", "server", "bramah"] },
    Floor {
        name: "sim",
        number: 6,
        uses: &["core", "wal", "wire", "node", "server", "bramah", "cli"],
    },
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.files().filter(|(path, _)| {
        path.strip_prefix("crates/")
            .and_then(|rest| rest.strip_suffix("/Cargo.toml"))
            .is_some_and(|name| !name.contains('/'))
    });
    manifests.flat_map(|(path, text)| check_manifest(path, text)).collect()
}

fn check_manifest(path: &str, text: &str) -> Vec<Finding> {
    let manifest: toml::Table = match text.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![Finding::new(path, 1, format!("not TOML: {}", error.message()))],
    };
    let name = folder_of(path).trim_start_matches("crates/");
    let Some(floor) = FLOORS.iter().find(|floor| floor.name == name) else {
        let message = format!(
            "crate `{name}` stands on no floor: give it a line in FLOORS of \
             xtask/src/tidy/floors.rs and a place in ARCHITECTURE.md"
        );
        return vec![Finding::new(path, 1, message)];
    };

    let mut findings = Vec::new();
    if manifest.get("package").and_then(|package| package.get("name")?.as_str())
        != Some(package_of(name).as_str())
    {
        let message = format!("call the package `{}`, after its folder", package_of(name));
        findings.push(Finding::new(path, line_of(text, "name"), message));
    }
    for (is_dev, key, package) in dependencies(&manifest) {
        if let Some(message) = complaint(floor, is_dev, package) {
            findings.push(Finding::new(path, line_of(text, key), message));
        }
    }
    findings
}

fn complaint(floor: &Floor, is_dev: bool, package: &str) -> Option<String> {
    let name = floor.name;
    let Some(used) = FLOORS.iter().find(|other| package_of(other.name) == package) else {
        let only_std = name == "core" && !is_dev;
        return only_std.then(|| {
            format!("core uses std only: leave `{package}` to a floor above and pass its result in")
        });
    };
    let below = is_dev && used.number < floor.number;
    if floor.uses.contains(&used.name) || below {
        return None;
    }
    Some(format!(
        "{name} may use {}, not `{package}`: move what is shared to a floor below both, or pass it \
         in from above",
        if floor.uses.is_empty() { "no other crate".to_owned() } else { floor.uses.join(", ") }
    ))
}

/// Every dependency as (only for tests, its key, its package).
fn dependencies(manifest: &toml::Table) -> Vec<(bool, &str, &str)> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let tables = targets.into_iter().flat_map(|targets| targets.values());
    let tables = tables.filter_map(toml::Value::as_table).chain([manifest]);
    let mut dependencies = Vec::new();
    for table in tables {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (key, value) in
                table.get(kind).and_then(toml::Value::as_table).into_iter().flatten()
            {
                let renamed = value.get("package").and_then(toml::Value::as_str);
                dependencies.push((
                    kind == "dev-dependencies",
                    key.as_str(),
                    renamed.unwrap_or(key),
                ));
            }
        }
    }
    dependencies
}

fn package_of(name: &str) -> String {
    if name == "bramah" { name.to_owned() } else { format!("bramah-{name}") }
}

/// The first line that opens with this key; 1 if it is written in a way not foreseen.
fn line_of(text: &str, key: &str) -> usize {
    let opens = |line: &str| {
        line.strip_prefix(key).is_some_and(|rest| rest.starts_with([' ', '=', '.']))
            || line.ends_with(&format!("dependencies.{key}]"))
    };
    text.lines().position(opens).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(name: &str, rest: &str) -> Vec<String> {
        let path = format!("crates/{name}/Cargo.toml");
        let text = format!("[package]\nname = \"{}\"\n{rest}\n", package_of(name));
        check(&Tree::of(&[(&path, &text)])).iter().map(Finding::to_string).collect()
    }

    #[track_caller]
    fn refused(name: &str, rest: &str, line: usize) {
        let found = findings(name, rest);
        let place = format!("crates/{name}/Cargo.toml:{line}: ");
        assert!(found.len() == 1 && found[0].starts_with(&place), "{found:?}");
    }

    #[track_caller]
    fn accepted(name: &str, rest: &str) {
        assert_eq!(findings(name, rest), Vec::<String>::new());
    }

    #[test]
    fn a_crate_uses_floors_below_its_own() {
        accepted("node", "[dependencies]\nbramah-core.workspace = true\nraft = \"1\"");
        accepted("cli", "[dependencies]\nbramah.workspace = true\nbramah-server.workspace = true");
        refused("wal", "[dependencies]\nbramah-node.workspace = true", 4);
        refused("core", "[dependencies]\nbramah-wire.workspace = true", 4);
    }

    #[test]
    fn the_two_of_one_floor_do_not_know_each_other() {
        refused("server", "[dependencies]\nbramah = \"1\"", 4);
        refused("bramah", "[dependencies]\nbramah-server = { path = \"../server\" }", 4);
        refused("wire", "[dependencies]\nbramah-wal.workspace = true", 4);
    }

    #[test]
    fn the_library_does_not_know_the_node() {
        refused("bramah", "[dependencies]\nbramah-node.workspace = true", 4);
        refused("bramah", "[dependencies]\nbramah-wal.workspace = true", 4);
    }

    #[test]
    fn core_uses_std_only_but_its_tests_may_use_more() {
        refused("core", "[dependencies]\nserde = \"1\"", 4);
        refused("core", "[build-dependencies]\ncc = \"1\"", 4);
        accepted("core", "[dev-dependencies]\nproptest = \"1\"");
    }

    #[test]
    fn tests_may_use_every_lower_floor() {
        accepted("bramah", "[dev-dependencies]\nbramah-node.workspace = true");
        refused("bramah", "[dev-dependencies]\nbramah-server.workspace = true", 4);
        refused("core", "[dev-dependencies]\nbramah-wire.workspace = true", 4);
    }

    #[test]
    fn nobody_uses_the_simulator_and_it_uses_everybody() {
        refused("cli", "[dev-dependencies]\nbramah-sim.workspace = true", 4);
        accepted("sim", "[dependencies]\nbramah-server.workspace = true\nbramah-cli = \"1\"");
    }

    #[test]
    fn another_name_or_a_target_hides_nothing() {
        refused("wal", "[dependencies]\nn = { package = \"bramah-node\", path = \"../node\" }", 4);
        refused("wal", "[target.'cfg(unix)'.dependencies]\nbramah-node.workspace = true", 4);
        refused("wal", "[dependencies.bramah-node]\nworkspace = true", 3);
    }

    #[test]
    fn every_crate_has_a_floor_and_is_named_after_its_folder() {
        let other = Tree::of(&[("crates/extra/Cargo.toml", "[package]\nname = \"bramah-extra\"")]);
        assert_eq!(check(&other).len(), 1);
        let misnamed = Tree::of(&[("crates/wal/Cargo.toml", "[package]\nname = \"wal\"")]);
        assert_eq!(check(&misnamed)[0].line, 2);
    }
}
