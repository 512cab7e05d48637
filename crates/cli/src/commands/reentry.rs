//! Locks that the commands around this one hold, as far as the environment tells.
//!
//! A command that runs under a lock and asks for the same lock would wait for itself.

/// The environment variable: a line for each lock, its URL and its name with a tab between. Neither
/// can have a tab or a line break in it.
pub(crate) const VARIABLE: &str = "BRAMAH_HELD";

/// What the environment says.
pub(crate) struct Held(String);

impl Held {
    pub(crate) fn of_environment() -> Held {
        Held(std::env::var(VARIABLE).unwrap_or_default())
    }

    /// Whether a command around this one runs under this lock.
    pub(crate) fn has(&self, url: &str, name: &str) -> bool {
        self.0.lines().any(|line| line == entry(url, name))
    }

    /// What to tell the command that runs under one more lock.
    pub(crate) fn with(&self, url: &str, name: &str) -> String {
        let outer = self.0.lines().map(str::to_owned);
        outer.chain([entry(url, name)]).collect::<Vec<_>>().join("\n")
    }
}

fn entry(url: &str, name: &str) -> String {
    format!("{}\t{name}", url.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_known_by_its_service_and_its_whole_name() {
        let held = Held(Held(String::new()).with("bramah://a", "x y"));
        let held = Held(held.with("local:", "z"));
        assert!(held.has("bramah://a/", "x y") && held.has("local:", "z"));
        assert!(!held.has("local:", "x y") && !held.has("bramah://a", "x"));
    }
}
