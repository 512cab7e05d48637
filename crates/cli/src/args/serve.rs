//! What can be set about a server: each setting is a flag, an environment variable and a key of the
//! configuration file, all by the same name.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroU32;
use std::path::PathBuf;

use bramah_server::{Address, MEMORY_BYTES_MIN};
use clap::ArgAction;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) settings: Settings,

    /// Read settings from this TOML file; a flag or variable of the same name goes before its key
    #[arg(long, value_name = "FILE", env = "BRAMAH_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// Print the settings and where each comes from, as a configuration file, and exit
    #[arg(long)]
    pub(crate) print_config: bool,

    /// Print one JSON line on stdout when ready: address, data, durability, connections_max,
    /// peer_address, node_id, cluster_id, pid
    #[arg(long)]
    pub(crate) json: bool,
}

/// All that can be set. What is not said is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Where to listen; of a name that has several addresses, its first IPv4 address, and others
    /// are told the name. Port 0 takes any free one [default: 127.0.0.1:7420]
    #[arg(long, value_name = "HOST:PORT", env = "BRAMAH_LISTEN", value_parser = resolve)]
    #[serde(deserialize_with = "listen_of_file")]
    pub(crate) listen: Option<Listen>,

    /// Keep the data in this folder [default: bramah in $XDG_STATE_HOME or ~/.local/state]
    #[arg(long, value_name = "FOLDER", env = "BRAMAH_DATA")]
    pub(crate) data: Option<PathBuf>,

    /// Keep the data nowhere: all locks are gone when the server stops
    #[arg(long, env = "BRAMAH_IN_MEMORY", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set, value_name = "BOOL")]
    pub(crate) in_memory: Option<bool>,

    /// Most connections at a time [default: as many as the limit of open files allows]
    #[arg(long, value_name = "N", env = "BRAMAH_CONNECTIONS_MAX")]
    pub(crate) connections_max: Option<usize>,

    /// Most memory to use, such as 512MiB or 2GiB: beyond shares of it, what is new is refused
    /// [default: three quarters of what the machine, the control group and the limits allow]
    #[arg(long, value_name = "SIZE", env = "BRAMAH_MEMORY_MAX", value_parser = size)]
    #[serde(deserialize_with = "size_of_file")]
    pub(crate) memory_max: Option<u64>,

    /// Origins of web pages, beside the server's own, that may open a WebSocket and change things
    /// over HTTP, such as https://locks.example
    #[arg(long, value_name = "ORIGIN,..", env = "BRAMAH_ORIGINS", value_delimiter = ',')]
    pub(crate) origins: Option<Vec<String>>,

    /// Make a snapshot after so many MiB of log, at least [default: 64]
    #[arg(long, value_name = "N", env = "BRAMAH_SNAPSHOT_AFTER_MIB")]
    pub(crate) snapshot_after_mib: Option<NonZeroU32>,

    /// Where to listen for other members of the cluster [default: the port after that of --listen]
    #[arg(long, value_name = "HOST:PORT", env = "BRAMAH_PEER_LISTEN", value_parser = resolve)]
    #[serde(deserialize_with = "listen_of_file")]
    pub(crate) peer_listen: Option<Listen>,

    /// What to tell other members to reach this server by [default: where it listens]
    #[arg(long, value_name = "HOST:PORT", env = "BRAMAH_PEER_ADDRESS", value_parser = address)]
    #[serde(deserialize_with = "address_of_file")]
    pub(crate) peer_address: Option<Address>,

    /// What to tell clients to reach this server by [default: where it listens]
    #[arg(long, value_name = "HOST:PORT", env = "BRAMAH_CLIENT_ADDRESS", value_parser = address)]
    #[serde(deserialize_with = "address_of_file")]
    pub(crate) client_address: Option<Address>,

    /// Join the cluster of these servers (any members, as clients reach them); needed only once
    #[arg(long, value_name = "HOST:PORT,..", env = "BRAMAH_JOIN", value_delimiter = ',',
          value_parser = address)]
    #[serde(deserialize_with = "addresses_of_file")]
    pub(crate) join: Option<Vec<Address>>,

    /// Join without a vote: get the log, serve clients, count for no majority; with --join
    #[arg(long, env = "BRAMAH_LEARNER", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set, value_name = "BOOL")]
    pub(crate) learner: Option<bool>,

    /// Begin a cluster together with the others: all N servers are started alike, each with --join
    /// and the addresses of all of them
    #[arg(long, value_name = "N", env = "BRAMAH_BOOTSTRAP_EXPECT")]
    pub(crate) bootstrap_expect: Option<u32>,

    /// How much to say on stderr: off, error, warn, info, debug or trace [default: info]
    #[arg(long, value_name = "LEVEL", env = "BRAMAH_LOG_LEVEL", hide_possible_values = true)]
    pub(crate) log_level: Option<LogLevel>,
}

/// Reads bytes: a number with KiB, MiB or GiB behind it.
fn size(text: &str) -> Result<u64, String> {
    let units = [("KiB", 1u64 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    let found = units.iter().find_map(|(unit, bytes)| {
        let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        number.checked_mul(*bytes)
    });
    let bytes = found.ok_or("expected a number with KiB, MiB or GiB behind it, such as 512MiB")?;
    match bytes {
        MEMORY_BYTES_MIN.. => Ok(bytes),
        _ => Err(format!("at least {} MiB are needed", MEMORY_BYTES_MIN >> 20)),
    }
}

fn size_of_file<'de, D: Deserializer<'de>>(file: D) -> Result<Option<u64>, D::Error> {
    size(&String::deserialize(file)?).map(Some).map_err(D::Error::custom)
}

/// Where to listen, as it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listen {
    pub(crate) address: SocketAddr,
    /// The name that has this address, if it was said by a name.
    pub(crate) name: Option<String>,
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name}:{}", self.address.port()),
            None => self.address.fmt(f),
        }
    }
}

fn resolve(text: &str) -> Result<Listen, String> {
    let addresses = text.to_socket_addrs().map_err(|error| {
        format!("expected HOST:PORT such as 127.0.0.1:7420 or localhost:7420: {error}")
    })?;
    let addresses: Vec<SocketAddr> = addresses.collect();
    let first = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    let address = *first.ok_or("the name has no address")?;
    let name = text.rsplit_once(':').map(|(name, _)| name.to_owned());
    let name = name.filter(|_| text.parse::<SocketAddr>().is_err());
    Ok(Listen { address, name })
}

fn listen_of_file<'de, D: Deserializer<'de>>(file: D) -> Result<Option<Listen>, D::Error> {
    resolve(&String::deserialize(file)?).map(Some).map_err(D::Error::custom)
}

fn address(text: &str) -> Result<Address, String> {
    Address::new(text).map_err(|why| format!("could not {why}"))
}

fn address_of_file<'de, D: Deserializer<'de>>(file: D) -> Result<Option<Address>, D::Error> {
    address(&String::deserialize(file)?).map(Some).map_err(D::Error::custom)
}

fn addresses_of_file<'de, D: Deserializer<'de>>(file: D) -> Result<Option<Vec<Address>>, D::Error> {
    let texts = Vec::<String>::deserialize(file)?;
    let addresses: Result<Vec<Address>, String> = texts.iter().map(|it| address(it)).collect();
    addresses.map(Some).map_err(D::Error::custom)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}
