//! The servers behind a service, for those who operate them.

use std::fmt;
use std::sync::Arc;

use crate::backend::{Backend, ClusterBackend};
use crate::error::{Error, ErrorKind};

/// The cluster behind a [`crate::Locker`]. Made by [`crate::Locker::cluster`].
#[derive(Clone)]
pub struct Cluster {
    backend: Arc<dyn Backend>,
}

/// A cluster as one of its members sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterInfo {
    /// Its number; 0 while the server that answers has no cluster yet.
    pub cluster_id: u64,
    /// The member that answers.
    pub node_id: u64,
    /// The member that leads, if one is known.
    pub leader: Option<u64>,
    /// How many times a leader was, or was to be, elected.
    pub term: u64,
    /// The last entry of the log that the member that answers has applied.
    pub applied_index: u64,
    /// A leader is known that a majority of the voters follows.
    pub has_quorum: bool,
    /// All members, by their numbers.
    pub members: Vec<MemberInfo>,
    /// How far servers have come that are to begin a cluster together; none once there is one.
    pub forming: Option<FormingInfo>,
}

impl ClusterInfo {
    /// The member that leads, if one is known.
    #[must_use]
    pub fn leading(&self) -> Option<&MemberInfo> {
        self.members.iter().find(|member| member.is_leader)
    }

    /// How many members vote.
    #[must_use]
    pub fn voters(&self) -> usize {
        self.members.iter().filter(|member| member.role == MemberRole::Voter).count()
    }

    /// How many of them must agree on everything.
    #[must_use]
    pub fn majority(&self) -> usize {
        self.voters() / 2 + 1
    }

    /// How many voters the member that answers is, or is connected with.
    #[must_use]
    pub fn voters_reachable(&self) -> usize {
        let voters = self.members.iter().filter(|member| member.role == MemberRole::Voter);
        voters.filter(|member| member.reachable).count()
    }
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberInfo {
    /// Its number.
    pub node_id: u64,
    /// Where other members reach it, HOST:PORT; empty if not known.
    pub peer_address: String,
    /// Where clients reach it, HOST:PORT; empty if not known.
    pub client_address: String,
    /// What it is there for.
    pub role: MemberRole,
    /// It leads.
    pub is_leader: bool,
    /// The member that answers is it, or is connected with it.
    pub reachable: bool,
    /// The last entry that it is known to have, as the leader knows it.
    pub match_index: Option<u64>,
    /// The last entry that it applied, where that is known.
    pub applied_index: Option<u64>,
    /// The release that it runs; empty if not known.
    pub version: String,
}

/// What a member is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberRole {
    /// It has the log, and votes.
    Voter,
    /// It gets the log, and does not vote.
    Learner,
}

/// A server that is named beside those of a cluster, and is of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Where it was reached, HOST:PORT.
    pub address: String,
    /// The number of its cluster.
    pub cluster_id: u64,
}

/// Servers that are to begin a cluster together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormingInfo {
    /// How many they are to be.
    pub expected: u32,
    /// The numbers of those that the server that answers sees, itself among them.
    pub seen: Vec<u64>,
}

/// A change of a cluster. What is done already is answered at once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClusterChange {
    /// Makes a server a member that gets the log and does not vote.
    Add {
        /// The number that it drew.
        node_id: u64,
        /// Where other members reach it, HOST:PORT.
        peer_address: String,
        /// Where clients reach it, HOST:PORT.
        client_address: String,
    },
    /// Lets a learner vote.
    Promote {
        /// Which.
        node_id: u64,
    },
    /// Makes a member one no more, for ever.
    Remove {
        /// Which.
        node_id: u64,
    },
    /// Hands the leadership over.
    Transfer {
        /// To whom; to the voter that has most of the log, if none.
        to: Option<u64>,
    },
}

impl Cluster {
    pub(crate) fn new(backend: Arc<dyn Backend>) -> Cluster {
        Cluster { backend }
    }

    /// How it is: as its leader sees it if that can be asked, else as the server at hand does. So
    /// it is answered also while nobody leads.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] if no server can be reached; [`ErrorKind::Unsupported`] where
    /// there is no cluster.
    pub async fn status(&self) -> Result<ClusterInfo, Error> {
        self.operated("tell how the cluster is")?.status().await
    }

    /// Servers of the URL that are of another cluster than the one that `info` tells of. Clients
    /// that happen to reach the one or the other do not keep each other out. What cannot be reached
    /// is not known.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] where there is no cluster.
    pub async fn strangers(&self, info: &ClusterInfo) -> Result<Vec<Stranger>, Error> {
        Ok(self.operated("compare servers")?.strangers(info).await)
    }

    /// Changes it, whichever server is asked, and tells how it is then.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] if there is no leader, or it is not possible yet, as while
    /// another change is under way or a learner lacks too much of the log;
    /// [`ErrorKind::OutcomeUnknown`]; [`ErrorKind::Invalid`] for a member that there is not, or a
    /// change that would end the cluster; [`ErrorKind::Unsupported`] where there is no cluster.
    pub async fn change(&self, change: ClusterChange) -> Result<ClusterInfo, Error> {
        self.operated("change the cluster")?.change(change).await
    }

    /// Begins a backup of the whole table, as one server has it.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] where there is no cluster.
    pub fn backup(&self) -> Result<Backup, Error> {
        self.operated("make a backup")?;
        Ok(Backup { cluster: self.clone(), bytes: 0, is_whole: false })
    }

    fn operated(&self, operation: &str) -> Result<&dyn ClusterBackend, Error> {
        self.backend.cluster().ok_or_else(|| {
            let message = format!("{}: is no cluster of servers", self.backend.scheme());
            Error::new(ErrorKind::Unsupported, operation, message)
        })
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cluster").field(&format_args!("{}:", self.backend.scheme())).finish()
    }
}

/// A backup on its way. It is good for something only when it is whole. Made by
/// [`Cluster::backup`].
#[derive(Debug)]
pub struct Backup {
    cluster: Cluster,
    bytes: u64,
    is_whole: bool,
}

impl Backup {
    /// The next bytes of it; none when it is whole.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] and others if it cannot go on: begin another.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.is_whole {
            return Ok(None);
        }
        let part = self.cluster.operated("make a backup")?.backup_part(self.bytes).await?;
        self.bytes += part.data.len() as u64;
        self.is_whole = part.is_last;
        Ok(Some(part.data))
    }
}
