//! A health mesh: a service holds its name while it is healthy, and gives it up when a service that
//! it needs is gone; so those that need it see it in turn.
//!
//! ```text
//! health_mesh NAME [NEEDED...]
//! ```
//!
//! It is healthy as long as there is no file `NAME.sick`: put your own check in its place. The
//! locks are where `BRAMAH_URL` says.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use bramah::{Changes, ErrorKind, Locker};

/// What all names begin with.
const PREFIX: &str = "health/";
/// A host that falls silent is out of the mesh after this long. A process that dies is out at once.
const TTL: Duration = Duration::from_millis(800);
/// How often a service looks after itself.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let name = args.next().ok_or("usage: health_mesh NAME [NEEDED...]")?;
    let needed: Vec<String> = args.collect();
    let url = std::env::var("BRAMAH_URL").unwrap_or("bramah://127.0.0.1:7420".into());
    // The end of the connection is the end of the hold: when a process is killed, its system closes
    // the connection, and nobody waits for the TTL.
    let builder = Locker::builder().url(url).ttl(TTL).on_disconnect_release(true);
    let locks = builder.connect().await?;
    loop {
        while !is_healthy(&name) {
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
        // A new watch each time: it begins with how things are now.
        let mut mesh = Mesh { changes: locks.watch_prefix(PREFIX).await?, up: BTreeSet::new() };
        while mesh.missing(&needed).is_some() {
            mesh.next().await?;
        }
        let guard = locks.lock(format!("{PREFIX}{name}"))?.acquire().await?;
        println!("{name} up");
        let why = tokio::select! {
            missing = mesh.one_gone(&needed) => format!("{} is gone", missing?),
            () = sick(&name) => "sick".into(),
            why = guard.lost() => format!("lost its name: {why}"),
        };
        println!("{name} down: {why}");
        if let Err(error) = guard.release().await {
            eprintln!("{name} could not give up its name, it ends with its TTL: {error}");
        }
    }
}

fn is_healthy(name: &str) -> bool {
    !PathBuf::from(format!("{name}.sick")).exists()
}

/// Waits until it is not healthy.
async fn sick(name: &str) {
    while is_healthy(name) {
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
}

/// Which services are up, as a watch tells it.
struct Mesh {
    changes: Changes,
    up: BTreeSet<String>,
}

impl Mesh {
    /// The first of these services that is not up.
    fn missing<'a>(&self, needed: &'a [String]) -> Option<&'a String> {
        needed.iter().find(|name| !self.up.contains(*name))
    }

    /// Waits until one of these services is not up.
    async fn one_gone<'a>(&mut self, needed: &'a [String]) -> Result<&'a String, bramah::Error> {
        loop {
            if let Some(missing) = self.missing(needed) {
                return Ok(missing);
            }
            self.next().await?;
        }
    }

    /// Waits for the next change. A watch that was interrupted begins again with how things are, so
    /// nothing that is gone is taken for up.
    async fn next(&mut self) -> Result<(), bramah::Error> {
        let change = match self.changes.next().await {
            Some(Ok(change)) => change,
            // While the service is out of reach our own name ends too, and `lost` says so.
            Some(Err(error)) if error.kind() == ErrorKind::Unavailable => return Ok(()),
            Some(Err(error)) => return Err(error),
            None => std::future::pending().await,
        };
        let name = change.lock.name.as_str()[PREFIX.len()..].to_owned();
        match change.lock.holders.is_empty() {
            true => self.up.remove(&name),
            false => self.up.insert(name),
        };
        Ok(())
    }
}
