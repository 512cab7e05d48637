//! Somebody who asks the cluster how it is, and changes it, from a host that nothing cuts off.

use std::time::Duration;

use anyhow::{Context, bail};
use bramah::{Cluster, ClusterChange, ClusterInfo, Locker, MemberInfo};
use tokio::time::{Instant, sleep, timeout};

/// How long one question may take.
const ASKING_TIME_MAX: Duration = Duration::from_secs(3);
const ASK_EVERY: Duration = Duration::from_millis(50);

#[derive(Clone)]
pub(super) struct Operator {
    cluster: Cluster,
}

impl Operator {
    /// Connects to whichever of them answers.
    pub(super) async fn new(servers: &[String]) -> anyhow::Result<Operator> {
        let url = format!("bramah://{}", servers.join(","));
        let began = Instant::now();
        loop {
            match Locker::builder().url(&url).connect_timeout(ASKING_TIME_MAX).connect().await {
                Ok(locks) => return Ok(Operator { cluster: locks.cluster() }),
                Err(error) if began.elapsed() > Duration::from_secs(30) => return Err(error.into()),
                Err(_) => sleep(ASK_EVERY).await,
            }
        }
    }

    /// How the cluster is, if anybody can tell.
    pub(super) async fn look(&self) -> Option<ClusterInfo> {
        timeout(ASKING_TIME_MAX, self.cluster.status()).await.ok()?.ok()
    }

    /// Where clients reach the leader.
    pub(super) async fn leader(&self) -> Option<String> {
        Some(self.look().await?.leading()?.client_address.clone())
    }

    pub(super) async fn change(&self, change: ClusterChange) -> anyhow::Result<()> {
        timeout(ASKING_TIME_MAX, self.cluster.change(change)).await??;
        Ok(())
    }

    /// Waits until so many members vote, all of them are reached, and have what the leader has.
    pub(super) async fn wait_until_whole(
        &self,
        voters: usize,
        time_max: Duration,
    ) -> anyhow::Result<ClusterInfo> {
        let began = Instant::now();
        loop {
            let seen = self.look().await;
            if let Some(info) = &seen
                && info.has_quorum
                && info.voters() == voters
                && info.members.iter().all(|member| member.reachable && has_all(member, info))
            {
                return Ok(info.clone());
            }
            if began.elapsed() > time_max {
                bail!("the cluster is not whole after {time_max:?}: {seen:?}");
            }
            sleep(ASK_EVERY).await;
        }
    }

    /// The member that clients reach there.
    pub(super) async fn member(&self, address: &str) -> anyhow::Result<MemberInfo> {
        let info = self.look().await.context("nobody tells how the cluster is")?;
        let mut members = info.members.into_iter();
        members.find(|member| member.client_address == address).context("it is no member")
    }
}

fn has_all(member: &MemberInfo, info: &ClusterInfo) -> bool {
    member.is_leader || member.match_index.is_some_and(|index| index >= info.applied_index)
}
