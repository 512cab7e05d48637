//! `bramah cluster`: who the members are, and changes of that.

use std::fmt;
use std::time::Duration;

use bramah::{
    Cluster, ClusterChange, ClusterInfo, ErrorKind, FormingInfo, MemberInfo, MemberRole, Stranger,
};
use tokio::time::{Instant, sleep, timeout_at};

use super::look::Maybe;
use crate::args::{ClusterCommand, PlainArgs};
use crate::exit::{Exit, Failure, say};
use crate::output::{self, Table, json};

/// How long a change waits for a leader, to tell how the cluster is then.
const LEADER_TIME_MAX: Duration = Duration::from_secs(5);
/// How long it then waits to be told by that leader, who alone knows what the others lack.
const LEADER_WORD_MAX: Duration = Duration::from_secs(2);
/// How often it looks for one.
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub(crate) async fn run(command: ClusterCommand) -> anyhow::Result<Exit> {
    let (plain, change) = match command {
        ClusterCommand::Status(plain) => return status(plain).await,
        ClusterCommand::Add(args) => {
            let (node_id, peer_address) = (args.node_id, args.peer_address);
            let client_address = args.client_address;
            let change = ClusterChange::Add { node_id, peer_address, client_address };
            return change_to(&cluster(&args.plain).await?, &args.plain, change).await;
        }
        ClusterCommand::Promote(args) => (args.plain, Some((args.member, Change::Promote))),
        ClusterCommand::Remove(args) => (args.plain, Some((args.member, Change::Remove))),
        ClusterCommand::Transfer(args) => {
            (args.plain, args.to.map(|member| (member, Change::Transfer)))
        }
    };
    let cluster = cluster(&plain).await?;
    let change = match change {
        None => ClusterChange::Transfer { to: None },
        Some((member, change)) => {
            let info = cluster.status().await?;
            let node_id = match (find(&info, &member), &change) {
                (Some(node_id), _) => node_id,
                (None, Change::Remove) => {
                    return remove_again(&cluster, &plain, &info, &member).await;
                }
                (None, _) => return Err(unknown(&info, &member, "").into()),
            };
            match change {
                Change::Promote => ClusterChange::Promote { node_id },
                Change::Remove => ClusterChange::Remove { node_id },
                Change::Transfer => ClusterChange::Transfer { to: Some(node_id) },
            }
        }
    };
    change_to(&cluster, &plain, change).await
}

/// What is to become of a member that was named.
enum Change {
    Promote,
    Remove,
    Transfer,
}

async fn cluster(plain: &PlainArgs) -> anyhow::Result<Cluster> {
    Ok(plain.service.builder().connect().await?.cluster())
}

async fn status(plain: PlainArgs) -> anyhow::Result<Exit> {
    let cluster = cluster(&plain).await?;
    let info = cluster.status().await?;
    show(&plain, &info)?;
    for Stranger { address, cluster_id } in cluster.strangers(&info).await? {
        say(format_args!(
            "{address} is of another cluster, {cluster_id}: who reaches the one keeps nobody out \
             who reaches the other; name servers of one cluster only"
        ));
    }
    if info.has_quorum {
        return Ok(Exit::OK);
    }
    say(match info.cluster_id {
        0 if info.forming.as_ref().is_some_and(are_all_here) => {
            "all are here, and begin within two seconds; if it lasts, start each with the same \
             --bootstrap-expect and the addresses of all, and see what they say on stderr"
        }
        0 => {
            "start the other servers, each with the addresses of all: they begin when all are here"
        }
        _ if reaches_enough(&info) => {
            "an election takes a moment: ask again; if it lasts, see whether the members reach \
             each other"
        }
        _ => {
            "start the members that are down, and see whether they reach each other; if a majority \
             is lost for ever, see `bramah recover --help`"
        }
    });
    Ok(Exit::UNAVAILABLE)
}

async fn change_to(
    cluster: &Cluster,
    plain: &PlainArgs,
    change: ClusterChange,
) -> anyhow::Result<Exit> {
    let removed = match &change {
        ClusterChange::Remove { node_id } => Some(*node_id),
        _ => None,
    };
    let promotes = matches!(change, ClusterChange::Promote { .. });
    let info = cluster.change(change).await.map_err(not_changed)?;
    let info = with_leader(cluster, info, removed).await;
    show(plain, &info)?;
    if let Some(weakness) = weakness(info.voters()).filter(|_| promotes) {
        say(weakness);
    }
    Ok(Exit::OK)
}

/// Removes what is no member: that is done already if a cluster remembers that it did it. It does
/// by number only.
async fn remove_again(
    cluster: &Cluster,
    plain: &PlainArgs,
    info: &ClusterInfo,
    named: &str,
) -> anyhow::Result<Exit> {
    let Ok(node_id) = named.parse() else {
        let remark = "; if it was one and is removed, it is known by its number only";
        return Err(unknown(info, named, remark).into());
    };
    match cluster.change(ClusterChange::Remove { node_id }).await {
        Ok(info) => {
            say(format_args!("node {node_id} was removed before: it is no member any more"));
            show(plain, &info)?;
            Ok(Exit::OK)
        }
        Err(error) if error.kind() == ErrorKind::Invalid => {
            Err(unknown(info, named, "; none of that number is known to have been one").into())
        }
        Err(error) => Err(not_changed(error)),
    }
}

/// What a cluster that answers had against a change needs no advice to start a server; nor is a
/// lock looked at to see what came of it.
fn not_changed(error: bramah::Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::Unavailable => Failure::new(Exit::UNAVAILABLE, error.to_string()).into(),
        ErrorKind::OutcomeUnknown => {
            // A status may be of a member that has not heard of it yet.
            let message = format!(
                "{error}; repeat it by the member's number to be sure: what is done is not done \
                 twice"
            );
            Failure::new(Exit::UNKNOWN, message).into()
        }
        _ => error.into(),
    }
}

/// How a cluster is once it has a leader after a change; as it was told, if none is known in time.
/// A member that was removed is not believed: it, or one that has not heard of that yet, may still
/// answer.
async fn with_leader(cluster: &Cluster, told: ClusterInfo, removed: Option<u64>) -> ClusterInfo {
    let mut until = Instant::now() + LEADER_TIME_MAX;
    let is_gone =
        |info: &ClusterInfo| info.members.iter().all(|member| Some(member.node_id) != removed);
    let has_leader =
        |info: &ClusterInfo| info.has_quorum && info.leading().is_some() && is_gone(info);
    let mut info = told;
    let mut is_awaited = true;
    while !(has_leader(&info) && is_leaders(&info)) && Instant::now() < until {
        if has_leader(&info) && std::mem::take(&mut is_awaited) {
            until = until.min(Instant::now() + LEADER_WORD_MAX);
        }
        sleep(LOOK_EVERY).await;
        // The change is done; that nobody can be asked makes no failure of it.
        match timeout_at(until, cluster.status()).await {
            Ok(Ok(now)) if is_gone(&now) && Some(now.node_id) != removed => info = now,
            _ => {}
        }
    }
    info
}

/// The leader says it, who has heard from all voters that it reaches.
fn is_leaders(info: &ClusterInfo) -> bool {
    let is_heard = |member: &MemberInfo| {
        !member.reachable || member.role != MemberRole::Voter || member.match_index > Some(0)
    };
    info.leader == Some(info.node_id) && info.members.iter().all(is_heard)
}

/// What is to be said against so many voters.
fn weakness(voters: usize) -> Option<String> {
    match voters {
        2 => Some(
            "2 members vote, and nothing goes on as soon as one of them is down: that survives \
             less than one server alone; add a third"
                .to_owned(),
        ),
        4 | 6 => Some(format!(
            "{voters} members vote, and survive no more failures than {}, that is {}: add one \
             more, or remove one",
            voters - 1,
            (voters - 1) / 2
        )),
        _ => None,
    }
}

/// Nobody is missing of those that are to begin a cluster.
fn are_all_here(forming: &FormingInfo) -> bool {
    forming.expected > 0 && forming.seen.len() >= forming.expected as usize
}

/// Whoever answers reaches so many that they could elect a leader.
fn reaches_enough(info: &ClusterInfo) -> bool {
    info.voters() > 0 && info.voters_reachable() >= info.majority()
}

/// The member that somebody named.
fn find(info: &ClusterInfo, named: &str) -> Option<u64> {
    let is_it = |member: &&MemberInfo| {
        member.node_id.to_string() == named
            || member.client_address == named
            || member.peer_address == named
    };
    info.members.iter().find(is_it).map(|member| member.node_id)
}

fn unknown(info: &ClusterInfo, named: &str, remark: &str) -> Failure {
    let known: Vec<String> = (info.members.iter())
        .map(|member| format!("{} ({})", member.node_id, member.client_address))
        .collect();
    let known = known.join(", ");
    Failure::usage(format!("could not find the member {named:?}: the members are {known}{remark}"))
}

fn show(plain: &PlainArgs, info: &ClusterInfo) -> anyhow::Result<()> {
    if plain.json {
        return output::object(&json::cluster(info));
    }
    output::line(Sentence(info))?;
    let mut table =
        Table::new(["NODE", "CLIENTS", "MEMBERS", "ROLE", "BEHIND", "REACHABLE", "VERSION"]);
    for member in &info.members {
        table.push([
            &member.node_id,
            &member.client_address,
            &member.peer_address,
            &role(member),
            &Maybe(behind(info, member), "?"),
            &if member.reachable { "yes" } else { "no" },
            &member.version,
        ]);
    }
    if !table.is_empty() {
        output::line(table)?;
    }
    Ok(())
}

pub(crate) fn role(member: &MemberInfo) -> &'static str {
    match member.role {
        _ if member.is_leader => "leader",
        MemberRole::Learner => "learner",
        _ => "voter",
    }
}

/// How many entries of the log a member is known to lack; only a leader knows.
fn behind(info: &ClusterInfo, member: &MemberInfo) -> Option<u64> {
    let newest = info.members.iter().filter_map(|member| member.match_index).max()?;
    Some(newest - member.match_index?)
}

/// How a cluster is, in words.
struct Sentence<'a>(&'a ClusterInfo);

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = self.0;
        if info.cluster_id == 0 {
            return match &info.forming {
                Some(forming) if forming.expected > 0 => {
                    let (seen, expected) = (forming.seen.len(), forming.expected);
                    write!(f, "no cluster yet: {seen} of {expected} servers see each other")
                }
                _ => write!(f, "no cluster yet: the server waits to join one"),
            };
        }
        if info.members.is_empty() {
            let (node_id, cluster_id) = (info.node_id, info.cluster_id);
            return write!(f, "cluster {cluster_id}: node {node_id} has not joined it yet");
        }
        write!(f, "cluster {}, ", info.cluster_id)?;
        let reachable = format!("{} of {} voters", info.voters_reachable(), info.voters());
        match info.leader.filter(|_| info.has_quorum) {
            Some(leader) => write!(
                f,
                "led by node {leader} in term {}: there is a quorum; it reaches {reachable}",
                info.term
            ),
            // It has lost the others, and is about to step down.
            None if info.leader == Some(info.node_id) && !reaches_enough(info) => write!(
                f,
                "led by node {} in term {}: there is no quorum; it reaches {reachable}, and {} \
                 must agree",
                info.node_id,
                info.term,
                info.majority()
            ),
            None if reaches_enough(info) => write!(
                f,
                "no leader known now, term {}: node {} reaches {reachable}",
                info.term, info.node_id
            ),
            None => write!(
                f,
                "no leader, term {}: there is no quorum; node {} reaches {reachable}, and {} must \
                 agree",
                info.term,
                info.node_id,
                info.majority()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(node_id: u64, match_index: Option<u64>) -> MemberInfo {
        MemberInfo {
            node_id,
            peer_address: format!("db{node_id}:7421"),
            client_address: format!("db{node_id}:7420"),
            role: MemberRole::Voter,
            is_leader: node_id == 1,
            reachable: true,
            match_index,
            applied_index: None,
            version: "1.0.0".to_owned(),
        }
    }

    fn info(members: Vec<MemberInfo>) -> ClusterInfo {
        ClusterInfo {
            cluster_id: 77,
            node_id: 1,
            leader: Some(1),
            term: 3,
            applied_index: 90,
            has_quorum: true,
            members,
            forming: None,
        }
    }

    #[test]
    fn a_member_is_found_by_number_and_by_both_addresses() {
        let info = info(vec![member(1, None), member(2, None)]);
        for name in ["2", "db2:7420", "db2:7421"] {
            assert_eq!(find(&info, name), Some(2), "{name}");
        }
        assert_eq!(find(&info, "db3:7420"), None);
        let refused = unknown(&info, "db3:7420", "").to_string();
        assert!(refused.contains("1 (db1:7420), 2 (db2:7420)"), "{refused}");
    }

    #[test]
    fn an_even_number_of_voters_is_warned_of() {
        assert_eq!([1, 3, 5, 7].map(weakness), [const { None }; 4]);
        assert!(weakness(2).unwrap().contains("less than one server alone"));
        assert!(weakness(4).unwrap().contains("no more failures than 3, that is 1"));
        assert!(weakness(6).unwrap().contains("no more failures than 5, that is 2"));
    }

    #[test]
    fn what_a_member_lacks_is_told_where_it_is_known() {
        let info = info(vec![member(1, Some(90)), member(2, Some(88)), member(3, None)]);
        let behind: Vec<_> = info.members.iter().map(|it| behind(&info, it)).collect();
        assert_eq!(behind, [Some(0), Some(2), None]);
    }

    #[test]
    fn nobody_is_told_to_start_servers_that_are_here() {
        let forming = |expected, seen| FormingInfo { expected, seen };
        assert!(are_all_here(&forming(3, vec![1, 2, 3])));
        assert!(!are_all_here(&forming(3, vec![1, 2])));
        assert!(!are_all_here(&forming(0, vec![1])), "it is to join a cluster");
    }

    #[test]
    fn the_sentence_says_whether_there_is_a_quorum() {
        let mut info = info(vec![member(1, None), member(2, None), member(3, None)]);
        assert_eq!(
            Sentence(&info).to_string(),
            "cluster 77, led by node 1 in term 3: there is a quorum; it reaches 3 of 3 voters"
        );
        (info.leader, info.has_quorum) = (None, false);
        assert_eq!(
            Sentence(&info).to_string(),
            "cluster 77, no leader known now, term 3: node 1 reaches 3 of 3 voters"
        );
        info.members[1].reachable = false;
        info.members[2].reachable = false;
        assert_eq!(
            Sentence(&info).to_string(),
            "cluster 77, no leader, term 3: there is no quorum; node 1 reaches 1 of 3 voters, and \
             2 must agree"
        );
        info.leader = Some(1);
        assert_eq!(
            Sentence(&info).to_string(),
            "cluster 77, led by node 1 in term 3: there is no quorum; it reaches 1 of 3 voters, \
             and 2 must agree"
        );
        info.members.clear();
        assert_eq!(Sentence(&info).to_string(), "cluster 77: node 1 has not joined it yet");
        info.cluster_id = 0;
        info.forming = Some(bramah::FormingInfo { expected: 3, seen: vec![1, 2] });
        assert_eq!(Sentence(&info).to_string(), "no cluster yet: 2 of 3 servers see each other");
    }
}
