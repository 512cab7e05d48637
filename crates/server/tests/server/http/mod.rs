//! The HTTP front, over real sockets.

mod bad;
mod client;
mod cluster;
mod description;
mod holds;
mod listing;
mod lockgate;
mod parts;
mod repeats;
mod schema;
mod sessions;
mod stopping;
mod waits;
mod watch;

use serde_json::Value;

pub(crate) use self::client::Http;

/// Waits until the lock is as it must become.
fn until(http: &mut Http, name: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let deadline = std::time::Instant::now() + client::PATIENCE;
    loop {
        let lock = http.get(&format!("/v1/locks/{name}")).good();
        if is_so(&lock) {
            return lock;
        }
        assert!(std::time::Instant::now() < deadline, "it never came to be: {lock}");
    }
}
