//! Bugs that are put back on purpose stay out of every program but the simulator: the feature that
//! turns them on is asked for by the simulator's own feature of that name, and by nothing else.

use toml::Value;

use super::{Finding, Tree};

const FEATURE: &str = "mutants";
const SIMULATOR: &str = "crates/sim/Cargo.toml";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let is_manifest = |path: &str| path == "Cargo.toml" || path.ends_with("/Cargo.toml");
    let manifests = tree.files().filter(|(path, _)| is_manifest(path));
    manifests.flat_map(|(path, text)| check_manifest(path, text)).collect()
}

fn check_manifest(path: &str, text: &str) -> Vec<Finding> {
    // What is not TOML is complained of elsewhere.
    let Ok(manifest) = text.parse::<toml::Table>() else { return Vec::new() };
    let asks = manifest.into_iter().flat_map(|(key, value)| asks(path, &[key], &value));
    asks.map(|asker| {
        let message = format!(
            "`{asker}` asks for the feature `{FEATURE}`: only the feature of that name of \
             {SIMULATOR} may, or a program that serves somebody is built with known bugs"
        );
        Finding::new(path, 1, message)
    })
    .collect()
}

/// Every place, as its keys, at which a list of features names this one.
fn asks(path: &str, keys: &[String], value: &Value) -> Vec<String> {
    let is_meant = |feature: &Value| {
        feature.as_str().is_some_and(|name| name.rsplit('/').next() == Some(FEATURE))
    };
    match value {
        Value::Table(table) => {
            let below = |(key, value)| asks(path, &[keys, &[String::clone(key)]].concat(), value);
            table.iter().flat_map(below).collect()
        }
        Value::Array(features) => {
            let is_list = keys[0] == "features" || keys.last().is_some_and(|key| key == "features");
            let allowed = path == SIMULATOR && *keys == ["features", FEATURE];
            let asked = is_list && !allowed && features.iter().any(is_meant);
            asked.then(|| keys.join(".")).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn only_the_simulators_own_feature_turns_mutants_on() {
        let asks = "[features]\nmutants = [\"bramah-core/mutants\"]";
        assert_eq!(count(SIMULATOR, asks), 0);
        assert_eq!(count("crates/core/Cargo.toml", "[features]\nmutants = []"), 0);
        assert_eq!(count("crates/node/Cargo.toml", asks), 1);
    }

    #[test]
    fn it_is_never_a_default() {
        assert_eq!(count("crates/core/Cargo.toml", "[features]\ndefault = [\"mutants\"]"), 1);
        assert_eq!(count(SIMULATOR, "[features]\ndefault = [\"mutants\"]"), 1);
    }

    #[test]
    fn no_dependency_asks_for_it() {
        let with = "bramah-core = { workspace = true, features = [\"mutants\"] }";
        for table in ["dependencies", "dev-dependencies", "target.'cfg(unix)'.dependencies"] {
            assert_eq!(count("crates/cli/Cargo.toml", &format!("[{table}]\n{with}")), 1);
        }
        assert_eq!(count("Cargo.toml", &format!("[workspace.dependencies]\n{with}")), 1);
        assert_eq!(count(SIMULATOR, &format!("[dependencies]\n{with}")), 1);
    }
}
