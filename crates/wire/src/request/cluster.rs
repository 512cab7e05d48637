//! What operators ask of a cluster.

use std::fmt;

use super::{at_most, invalid};
use crate::error::Error;
use crate::proto::request::Op;

/// Longest address, in bytes: of a name of 253 with its port.
pub const ADDRESS_BYTES_MAX: usize = 260;

/// A question about the cluster, or a change of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterAsk {
    /// Who are its members, and how are they?
    Status,
    /// Make this server a member that does not vote yet.
    Add {
        /// Its number.
        node_id: u64,
        /// Where other members reach it.
        peer: Address,
        /// Where clients reach it.
        client: Address,
    },
    /// Let it vote.
    Promote {
        /// Its number.
        node_id: u64,
    },
    /// Make it a member no more.
    Remove {
        /// Its number.
        node_id: u64,
    },
    /// Hand the leadership over.
    Transfer {
        /// To whom; to the voter that has most of the log, if none.
        to: Option<u64>,
    },
}

/// Where a server is reached: `HOST:PORT`, the host a name or an address, IPv6 in brackets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(Box<str>);

impl Address {
    /// Checks its form. Whether the name can be resolved shows when it is used.
    ///
    /// # Errors
    /// What is wrong with it, in words that fit after "could not".
    pub fn new(text: &str) -> Result<Address, String> {
        let wrong = |why: &str| format!("use {text:?} as HOST:PORT: {why}");
        if text.len() > ADDRESS_BYTES_MAX {
            return Err(format!(
                "use an address of {} bytes, at most {ADDRESS_BYTES_MAX} are allowed",
                text.len()
            ));
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(|| wrong("it has no port"))?;
        if !matches!(port.parse::<u16>(), Ok(1..)) || port.starts_with('+') {
            return Err(wrong("the port must be a number from 1 to 65535"));
        }
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_host = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        let is_good = match bare {
            Some(inner) => inner.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.chars().all(is_host),
        };
        match is_good {
            true => Ok(Address(text.into())),
            false => Err(wrong("the host must be a name, an IPv4 address or an IPv6 one in []")),
        }
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(super) fn ask(op: Op) -> Result<ClusterAsk, Error> {
    Ok(match op {
        Op::ClusterAdd(add) => ClusterAsk::Add {
            node_id: node_id(add.node_id)?,
            peer: address("peer_address", &add.peer_address)?,
            client: address("client_address", &add.client_address)?,
        },
        Op::ClusterPromote(promote) => ClusterAsk::Promote { node_id: node_id(promote.node_id)? },
        Op::ClusterRemove(remove) => ClusterAsk::Remove { node_id: node_id(remove.node_id)? },
        Op::ClusterTransfer(transfer) => {
            ClusterAsk::Transfer { to: (transfer.to != 0).then_some(transfer.to) }
        }
        _ => ClusterAsk::Status,
    })
}

fn node_id(node_id: u64) -> Result<u64, Error> {
    match node_id {
        0 => Err(invalid("node_id is 0, which is no node's")),
        _ => Ok(node_id),
    }
}

fn address(field: &str, text: &str) -> Result<Address, Error> {
    at_most(field, text.len(), ADDRESS_BYTES_MAX, "bytes")?;
    Address::new(text).map_err(|why| invalid(format!("{field}: could not {why}")))
}
