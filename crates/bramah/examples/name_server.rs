//! A name server: who holds the lock on the name of a host says in its value where that host is.
//!
//! ```text
//! name_server announce HOST ADDRESS   holds the name; each line that it reads is the next address
//! name_server resolve HOST            prints the address
//! name_server follow                  prints every address and its changes, of all hosts
//! ```
//!
//! The locks are where `BRAMAH_URL` says.

use std::error::Error;

use bramah::{ErrorKind, LockInfo, Locker};
use tokio::io::{AsyncBufReadExt, BufReader};

/// What all names begin with, so that other locks are not taken for hosts.
const PREFIX: &str = "host/";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("BRAMAH_URL").unwrap_or("bramah://127.0.0.1:7420".into());
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let locks = bramah::connect(url).await?;
    match args[..] {
        ["announce", host, address] => announce(&locks, host, address).await,
        ["resolve", host] => resolve(&locks, host).await,
        ["follow"] => follow(&locks).await,
        _ => Err("usage: name_server announce HOST ADDRESS | resolve HOST | follow".into()),
    }
}

/// Holds the name until there are no more lines. A second one of the same name waits here, and
/// takes over when the first one ends or dies.
async fn announce(locks: &Locker, host: &str, address: &str) -> Result<(), Box<dyn Error>> {
    let name = format!("{PREFIX}{host}");
    let guard = locks.lock(name)?.value(address).acquire().await?;
    println!("{host} is at {address} (token {})", guard.token());
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let follow_lines = async {
        while let Some(address) = lines.next_line().await? {
            // The hold stays, and its token: nobody finds the name free in between.
            guard.set_value(Some(address.as_bytes())).await?;
            println!("{host} is at {address} (token {})", guard.token());
        }
        Ok::<(), Box<dyn Error>>(())
    };
    guard.run(follow_lines).await??;
    match guard.release().await? {
        bramah::Released::Released => Ok(()),
        bramah::Released::AlreadyLost(why) => Err(format!("lost before the end: {why:?}").into()),
    }
}

async fn resolve(locks: &Locker, host: &str) -> Result<(), Box<dyn Error>> {
    let lock = locks.get(format!("{PREFIX}{host}")).await?;
    let address = lock.as_ref().and_then(address).ok_or("nobody announces this host")?;
    println!("{address}");
    Ok(())
}

async fn follow(locks: &Locker) -> Result<(), Box<dyn Error>> {
    let mut changes = locks.watch_prefix(PREFIX).await?;
    while let Some(change) = changes.next().await {
        match change {
            Ok(change) => {
                let host = &change.lock.name.as_str()[PREFIX.len()..];
                let address = address(&change.lock).unwrap_or("gone".into());
                println!("{host} {address}");
            }
            // Out of reach for now: it goes on by itself, and begins with how things are then.
            Err(error) if error.kind() == ErrorKind::Unavailable => eprintln!("{error}"),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What the holder of a name says, if there is one.
fn address(lock: &LockInfo) -> Option<String> {
    let value = lock.holders.first()?.value.as_ref()?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}
