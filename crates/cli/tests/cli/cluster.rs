//! Three real servers, the commands that look at them, and what becomes of locks when some stop.

use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Output, Program, Server, bramah, file, on, run, until};

pub(crate) struct Cluster {
    pub(crate) servers: Vec<Option<Server>>,
    folders: Vec<TempDir>,
    /// Where each listens for clients and for other members.
    pub(crate) addresses: Vec<[String; 2]>,
}

impl Cluster {
    /// Three servers that are one cluster, all of them voting.
    pub(crate) fn start() -> Cluster {
        let folders = (0..3).map(|_| TempDir::new().unwrap()).collect();
        let addresses = (0..3).map(|_| [free_address(), free_address()]).collect();
        let mut cluster = Cluster { servers: Vec::new(), folders, addresses };
        for place in 0..3 {
            let server = cluster.serve(place);
            cluster.servers.push(Some(server));
        }
        cluster.until_all_vote();
        cluster
    }

    fn serve(&self, place: usize) -> Server {
        let [clients, members] = &self.addresses[place];
        let mut command =
            bramah(&["serve", "--json", "--listen", clients, "--peer-listen", members]);
        command.arg("--data").arg(self.folders[place].path());
        if place > 0 {
            command.args(["--join", &self.addresses[0][0]]);
        }
        Server::of(command)
    }

    pub(crate) fn until_all_vote(&self) {
        until("all three vote and reach each other", || {
            let status = self.status();
            status["voters_reachable"] == 3 && status["quorum"] == true
        });
    }

    /// The URL that names all of them.
    pub(crate) fn url(&self) -> String {
        let addresses: Vec<&str> = self.addresses.iter().map(|it| it[0].as_str()).collect();
        format!("bramah://{}", addresses.join(","))
    }

    fn run(&self, line: &str) -> Output {
        run(on(&self.url(), line))
    }

    fn status(&self) -> Value {
        let output = self.run("cluster status --json");
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    /// The place of the server that leads.
    pub(crate) fn leader(&self) -> usize {
        let mut place = None;
        until("somebody leads", || {
            let status = self.status();
            let members = status["members"].as_array().unwrap().clone();
            let leader = members.iter().find(|member| member["leader"] == true);
            place = leader.filter(|_| status["quorum"] == true).and_then(|leader| {
                self.addresses.iter().position(|it| leader["client_address"] == it[0])
            });
            place.is_some()
        });
        place.unwrap()
    }

    pub(crate) fn kill(&mut self, place: usize) {
        let mut server = self.servers[place].take().unwrap();
        server.signal(Signal::KILL);
        server.wait();
    }

    /// Ends it as an operator does, and starts it again.
    pub(crate) fn restart(&mut self, place: usize) {
        let mut server = self.servers[place].take().unwrap();
        server.signal(Signal::TERM);
        let output = server.wait();
        assert_eq!(output.code, 0, "{output:?}");
        self.servers[place] = Some(self.serve(place));
        self.until_all_vote();
    }

    /// A command that runs under a lock for as long as this folder has no file `end`, and the file
    /// that it wrote to.
    fn lock(&self, name: &str, dir: &TempDir) -> Program {
        let (begun, end) = (dir.path().join("begun"), dir.path().join("end"));
        let (begun, end) = (begun.display(), end.display());
        let script =
            format!("echo $BRAMAH_TOKEN >> {begun}; while [ ! -e {end} ]; do sleep 0.05; done");
        let mut command = on(&self.url(), &format!("lock --ttl 4s {name} -- sh -c"));
        command.arg(script);
        Program::start(command)
    }
}

/// One that stays free until it is listened on: nobody else uses this host's address.
fn free_address() -> String {
    static LAST: AtomicU16 = AtomicU16::new(7_420);
    let [.., high, low] = std::process::id().to_be_bytes();
    format!("127.78.{high}.{low}:{}", LAST.fetch_add(1, Ordering::Relaxed))
}

fn end(dir: &TempDir) {
    std::fs::write(dir.path().join("end"), "").unwrap();
}

#[test]
fn a_lock_and_a_place_in_the_queue_outlive_the_leader() {
    let mut cluster = Cluster::start();
    let (first, second) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut holder = cluster.lock("job", &first);
    let token = file(&first.path().join("begun"));
    let mut waiter = cluster.lock("job", &second);
    until("it waits", || {
        let queue = cluster.run("queue job --json").stdout;
        serde_json::from_str::<Value>(&queue).unwrap()["waiters_total"] == 1
    });
    let leader = cluster.leader();
    cluster.kill(leader);

    let output = cluster.run("who job --json");
    let who: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(who["holders"][0]["token"].to_string(), token, "{who}");
    assert_ne!(cluster.leader(), leader);
    let status = cluster.status();
    assert_eq!((&status["voters"], &status["voters_reachable"]), (&3.into(), &2.into()));
    let members = status["members"].as_array().unwrap();
    let gone = members.iter().find(|it| it["client_address"] == cluster.addresses[leader][0]);
    assert_eq!(gone.unwrap()["reachable"], false);

    end(&first);
    let output = holder.wait();
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "it was held to its end");
    let next: u64 = file(&second.path().join("begun")).parse().unwrap();
    assert!(next > token.parse().unwrap());
    end(&second);
    assert_eq!(waiter.wait().code, 0);
}

#[test]
fn a_rolling_restart_costs_no_lock_and_fails_no_request() {
    let mut cluster = Cluster::start();
    let dir = TempDir::new().unwrap();
    let mut holder = cluster.lock("job", &dir);
    let token = file(&dir.path().join("begun"));
    let mut watching = Program::read(on(&cluster.url(), "watch --json job"));
    let held: Value = serde_json::from_str(&watching.line()).unwrap();
    assert_eq!(held["lock"]["holders"][0]["token"].to_string(), token);
    let bench = "bench --clients 4 --mode own --seconds 6s --json";
    let mut working = Program::read(on(&cluster.url(), bench));
    for place in 0..3 {
        cluster.restart(place);
    }
    let output = working.wait();
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{output:?}");
    end(&dir);
    let output = holder.wait();
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{output:?}");
    // The watch came along, and says how things are wherever it began anew.
    until("the watch tells the end", || {
        let news: Value = serde_json::from_str(&watching.line()).unwrap();
        assert!(["snapshot", "ended"].contains(&news["kind"].as_str().unwrap()), "{news}");
        news["lock"]["holders"].as_array().unwrap().is_empty()
    });
}

#[test]
fn without_a_majority_the_status_says_so_and_old_answers_are_to_be_had() {
    let mut cluster = Cluster::start();
    let held = cluster.run("acquire --ttl 1m job");
    assert_eq!(held.code, 0, "{held:?}");
    cluster.kill(0);
    cluster.kill(1);
    until("the last one notices", || cluster.run("cluster status").code == 69);
    let output = cluster.run("cluster status");
    assert!(output.stdout.contains("there is no quorum"), "{output:?}");
    assert!(output.stdout.contains("1 of 3 voters, and 2 must agree"), "{output:?}");
    assert!(output.stderr.contains("start the members that are down"), "{output:?}");
    let status = cluster.status();
    assert_eq!(status["quorum"], false);
    until("nobody is said to lead", || cluster.status()["leader"] == Value::Null);

    let output = cluster.run("who job --connect-timeout 500ms");
    assert_eq!(output.code, 69, "{output:?}");
    for [clients, _] in &cluster.addresses {
        assert!(output.stderr.contains(clients), "it names each server: {output:?}");
    }
    assert!(output.stderr.contains("leader"), "{output:?}");

    let output = cluster.run("who job --stale --json");
    assert_eq!(output.code, 0, "{output:?}");
    let who: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(who["holders"][0]["token"], 1);
    assert!(output.stderr.contains("may be missing"), "{output:?}");
    for line in ["ls --stale", "queue job --stale", "history --stale", "sessions --stale"] {
        let output = cluster.run(line);
        assert_eq!(output.code, 0, "{line}");
        assert!(output.stderr.contains(" ago: what changed since may be missing"), "{output:?}");
    }
    cluster.kill(2);
    let again = cluster.serve(2);
    cluster.servers[2] = Some(again);
    let output = cluster.run("ls --stale");
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stderr.contains("nobody knows when"), "{output:?}");
}

#[test]
fn members_are_promoted_removed_and_made_leader_by_any_of_their_names() {
    let mut cluster = Cluster::start();
    let next = (cluster.leader() + 1) % 3;
    let output = cluster.run(&format!("cluster transfer {}", cluster.addresses[next][0]));
    assert_eq!(output.code, 0, "{output:?}");
    assert!(!output.stdout.contains(" ? "), "the new leader says what others lack: {output:?}");
    assert_eq!(cluster.leader(), next);
    let output = cluster.run(&format!("cluster promote {}", cluster.addresses[next][1]));
    assert_eq!(output.code, 0, "it votes already: {output:?}");
    let output = cluster.run("cluster remove 127.0.0.1:9");
    assert_eq!(output.code, 64, "{output:?}");
    assert!(output.stderr.contains(&cluster.addresses[next][0]), "{output:?}");

    let gone = (next + 1) % 3;
    let before = cluster.status();
    let mut members = before["members"].as_array().unwrap().iter();
    let of_it = members.find(|it| it["client_address"] == cluster.addresses[gone][0]).unwrap();
    let number = of_it["node_id"].clone();
    let output = cluster.run(&format!("cluster remove {} --json", cluster.addresses[gone][0]));
    assert_eq!(output.code, 0, "{output:?}");
    let status: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(status["members"].as_array().unwrap().len(), 2, "{status}");
    let mut removed = cluster.servers[gone].take().unwrap();
    let output = removed.wait();
    assert_eq!(output.code, 78, "{output:?}");

    let url = format!("bramah://{}", cluster.addresses[next][0]);
    let output = run(on(&url, &format!("cluster remove {number}")));
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stderr.contains("it is no member any more"), "{output:?}");
    for (name, why) in [("77", "is known to have been one"), ("db9:7420", "by its number only")] {
        let output = run(on(&url, &format!("cluster remove {name}")));
        assert_eq!(output.code, 64, "{output:?}");
        assert!(output.stderr.contains(why), "{output:?}");
    }
}

#[test]
fn a_change_that_cannot_be_is_refused_soon_and_in_the_words_of_the_cluster() {
    let mut cluster = Cluster::start();
    let leader = cluster.leader();
    let (dead, other) = ((leader + 1) % 3, (leader + 2) % 3);
    cluster.kill(dead);
    until("it is missed", || cluster.status()["voters_reachable"] == 2);
    let refused = |line: &str| {
        let started = std::time::Instant::now();
        let output = cluster.run(line);
        assert!(started.elapsed() < Duration::from_secs(8), "{line}: {output:?}");
        assert!(!output.stderr.contains("bramah serve"), "a server is there: {output:?}");
        assert!(!output.stderr.contains("is that a Bramah server"), "{output:?}");
        output
    };
    let output = refused(&format!("cluster remove {}", cluster.addresses[other][0]));
    assert_eq!(output.code, 69, "{output:?}");
    assert!(output.stderr.contains("bring them back first"), "{output:?}");
    let output = refused(&format!("cluster transfer {}", cluster.addresses[dead][0]));
    assert_eq!(output.code, 69, "{output:?}");
    assert!(output.stderr.contains("does not reach node"), "{output:?}");
}

#[test]
fn a_member_that_does_not_take_over_is_said_to_be_that() {
    let cluster = Cluster::start();
    let next = (cluster.leader() + 1) % 3;
    // It is connected still, and answers nobody.
    cluster.servers[next].as_ref().unwrap().signal(Signal::STOP);
    let output = cluster.run(&format!("cluster transfer {}", cluster.addresses[next][0]));
    cluster.servers[next].as_ref().unwrap().signal(Signal::CONT);
    assert!([69, 74].contains(&output.code), "{output:?}");
    let said = ["did not take over", "does not reach node"];
    assert!(said.iter().any(|said| output.stderr.contains(said)), "{output:?}");
}

#[test]
fn a_second_member_that_gets_a_vote_is_warned_of() {
    let dirs = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let [first, second] = [free_address(), free_address()];
    let serve = |place: usize, listen: &str| {
        let peers = free_address();
        let mut command = bramah(&["serve", "--json", "--listen", listen, "--peer-listen", &peers]);
        command.arg("--data").arg(dirs[place].path());
        command
    };
    let server = Server::of(serve(0, &first));
    let mut command = serve(1, &second);
    command.args(["--learner", "--join", &first]);
    let _learner = Server::of(command);
    until("it learns", || server.json("cluster status")["members"].as_array().unwrap().len() == 2);
    let output = server.run(&format!("cluster promote {second}"));
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stderr.contains("less than one server alone"), "{output:?}");
}

#[test]
fn after_the_leader_is_removed_the_next_one_is_told() {
    let cluster = Cluster::start();
    let leader = cluster.leader();
    // Named first, so that it is asked first.
    let mut addresses: Vec<&str> = cluster.addresses.iter().map(|it| it[0].as_str()).collect();
    addresses.swap(0, leader);
    let url = format!("bramah://{}", addresses.join(","));
    let output = run(on(&url, &format!("cluster remove {}", addresses[0])));
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stdout.contains("led by node"), "{output:?}");
    assert!(output.stdout.contains("reaches 2 of 2 voters"), "{output:?}");
    assert!(!output.stdout.contains(addresses[0]), "{output:?}");
}

#[test]
fn the_last_of_three_goes_on_when_each_leader_was_removed_and_killed() {
    let mut cluster = Cluster::start();
    for left in [2, 1] {
        let leader = cluster.leader();
        let address = cluster.addresses[leader][0].clone();
        let output = cluster.run(&format!("cluster remove {address}"));
        assert_eq!(output.code, 0, "{output:?}");
        // Whoever heard that it is done may do anything with it.
        cluster.kill(leader);
        let output = cluster.run("lock job -- true");
        assert_eq!(output.code, 0, "{left} left: {output:?}");
    }
}

#[test]
fn servers_of_two_clusters_in_one_url_are_told_apart() {
    let ((one, _here), (other, _there)) = (Server::start(), Server::start());
    let address = |server: &Server| server.url.strip_prefix("bramah://").unwrap().to_owned();
    let (here, there) = (address(&one), address(&other));
    let output = run(on(&format!("bramah://{here},{there}"), "cluster status"));
    assert_eq!(output.code, 0, "{output:?}");
    let says = |(address, server): (&str, &Server)| {
        let cluster_id = &server.ready["cluster_id"];
        output.stderr.contains(&format!("{address} is of another cluster, {cluster_id}: "))
    };
    assert!(says((&here, &one)) != says((&there, &other)), "{output:?}");
    let output = run(on(&format!("bramah://{here},{here}"), "cluster status"));
    assert_eq!(output.stderr, "");
}

#[test]
fn a_single_server_is_a_cluster_of_one() {
    let (server, _dir) = Server::start();
    let status = server.json("cluster status");
    assert_eq!((&status["voters"], &status["quorum"]), (&1.into(), &true.into()));
    let output = server.run("cluster transfer");
    assert_eq!(output.code, 64, "{output:?}");
    let output = run(on("local:", "cluster status"));
    assert_eq!(output.code, 64, "{output:?}");
    assert!(output.stderr.contains("no cluster of servers"), "{output:?}");
}

#[test]
fn servers_that_nobody_answers_for_are_each_named_with_the_reason_in_the_time_that_is_asked() {
    let (one, two) = (free_address(), free_address());
    let started = std::time::Instant::now();
    let output = run(on(&format!("bramah://{one},{two}"), "ls --connect-timeout 300ms"));
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(output.code, 69);
    for address in [one, two] {
        let reason = format!("{address}: Connection refused");
        assert!(output.stderr.contains(&reason), "{output:?}");
    }
}
