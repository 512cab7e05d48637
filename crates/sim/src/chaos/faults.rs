//! What goes wrong in a run, at random.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bramah::ClusterChange;
use tokio::time::sleep;

use super::place::Host;
use super::scene::{HEALING_TIME_MAX, LOOK_EVERY, STOPPING_TIME_MAX, Scene};
use crate::random::Random;

/// From one fault to the next, at most.
const PAUSE_MS_MAX: u64 = 1_500;
/// How long something stays broken: most of the time far less.
const BROKEN_MS_MAX: u64 = 9_000;
/// How far a wall clock may jump, forth or back.
const JUMP_SECONDS_MAX: u64 = 12 * 3_600;
/// How long after its end a server is started that ended by itself.
const RESTARTING_TIME: Duration = Duration::from_millis(300);
/// How often more members than a minority may be broken, in a million faults.
const MAJORITY_PPM: u32 = 100_000;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A member is killed (SIGKILL), and started again later, with another clock.
    Kill,
    /// It is told to stop (SIGTERM), and started again.
    Restart,
    /// It stands still (SIGSTOP), and goes on.
    Pause,
    /// It and some others do not hear each other.
    Partition,
    /// Some of the others do not hear it, or it does not hear them.
    OneWay,
    /// The leader is cut off from all other members.
    IsolateLeader,
    /// Its disk has no room.
    FullDisk,
    /// Its wall clock is set to another time, and back later.
    ClockJump,
    /// The leadership is handed on.
    Transfer,
    /// It is removed from the cluster, and joins again as another member, with an empty disk.
    Replace,
    /// A client stands still.
    PauseClient,
    /// It is killed, and another takes its place.
    KillClient,
    /// It reaches some members, or none.
    CutClient,
}

impl Kind {
    pub(super) const ALL: [(Kind, &'static str); 13] = [
        (Kind::Kill, "kill"),
        (Kind::Restart, "restart"),
        (Kind::Pause, "pause"),
        (Kind::Partition, "partition"),
        (Kind::OneWay, "one_way"),
        (Kind::IsolateLeader, "isolate_leader"),
        (Kind::FullDisk, "full_disk"),
        (Kind::ClockJump, "clock_jump"),
        (Kind::Transfer, "transfer"),
        (Kind::Replace, "replace"),
        (Kind::PauseClient, "pause_client"),
        (Kind::KillClient, "kill_client"),
        (Kind::CutClient, "cut_client"),
    ];

    fn name(self) -> &'static str {
        Kind::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// The kinds of these names; all without any.
    pub(super) fn named(names: Option<&[String]>) -> anyhow::Result<Vec<Kind>> {
        let Some(names) = names else { return Ok(Kind::ALL.map(|(kind, _)| kind).to_vec()) };
        let known = |name: &String| {
            let found = Kind::ALL.iter().find(|(_, known)| known == name);
            found.map(|(kind, _)| *kind).with_context(|| {
                let all = Kind::ALL.map(|(_, name)| name).join(", ");
                format!("there is no fault named {name}; there are {all}")
            })
        };
        names.iter().filter(|name| *name != "none").map(known).collect()
    }
}

/// What ends a fault.
#[derive(Clone, Debug)]
enum Undo {
    Start(usize),
    /// It was told to stop at that time, and is started when it has.
    Restart(usize, Instant),
    GoOn(usize),
    Empty(usize),
    SetClock(usize),
    Mend(Vec<(Host, Host)>),
    GoOnClient(usize),
}

/// All faults of a run.
#[derive(Debug)]
pub(super) struct Faults {
    kinds: Vec<Kind>,
    random: Random,
    next: Instant,
    active: Vec<(Instant, Undo)>,
    /// How often there was each.
    pub(super) counts: BTreeMap<&'static str, u64>,
}

impl Faults {
    pub(super) fn new(kinds: Vec<Kind>, random: Random) -> Faults {
        let (next, counts) = (Instant::now(), BTreeMap::new());
        Faults { kinds, random, next, active: Vec::new(), counts }
    }

    /// Ends what is due, and lets the next one happen if it is time for it.
    pub(super) async fn step(&mut self, scene: &mut Scene) -> anyhow::Result<()> {
        let now = Instant::now();
        self.end_due(scene, now)?;
        self.look_after_servers(scene)?;
        if now >= self.next && !self.kinds.is_empty() {
            let pause = self.random.skewed(PAUSE_MS_MAX);
            let kind = *self.random.pick(&self.kinds);
            if self.begin(kind, scene).await? {
                *self.counts.entry(kind.name()).or_default() += 1;
            }
            self.next = Instant::now() + Duration::from_millis(pause);
        }
        scene.note_whole();
        Ok(())
    }

    /// Ends all faults, and waits until the cluster is whole. Servers that are stopping are started
    /// once they have.
    pub(super) async fn heal(&mut self, scene: &mut Scene) -> anyhow::Result<()> {
        scene.network.heal()?;
        scene.mended_at = Instant::now();
        self.active.iter_mut().for_each(|(until, _)| *until = Instant::now());
        let operator = scene.operator.clone();
        let mut whole = pin!(operator.wait_until_whole(scene.servers.len(), HEALING_TIME_MAX));
        loop {
            // One that was removed may hear of that only now.
            self.end_due(scene, Instant::now())?;
            self.look_after_servers(scene)?;
            scene.note_whole();
            tokio::select! {
                whole = &mut whole, if self.active.is_empty() => return whole.map(drop),
                () = sleep(LOOK_EVERY) => {}
            }
        }
    }

    fn end_due(&mut self, scene: &mut Scene, now: Instant) -> anyhow::Result<()> {
        let (due, later) = self.active.drain(..).partition(|(at, _)| *at <= now);
        self.active = later;
        for (_, undo) in due as Vec<_> {
            match undo {
                Undo::Start(at) => {
                    scene.note(format!("start {at}"));
                    scene.start_server(at)?;
                }
                Undo::Restart(at, since) => {
                    let server = &mut scene.servers[at];
                    server.ended()?;
                    if !server.is_running() {
                        scene.note(format!("start {at}"));
                        scene.start_server(at)?;
                    } else if since.elapsed() > STOPPING_TIME_MAX {
                        let words = server.last_words();
                        bail!("member {at} does not stop when it is told to:\n    {words}");
                    } else {
                        self.active.push((Instant::now(), Undo::Restart(at, since)));
                    }
                }
                Undo::GoOn(at) => {
                    scene.note(format!("go on {at}"));
                    scene.servers[at].go_on()?;
                }
                Undo::Empty(at) => {
                    scene.note(format!("empty {at}"));
                    scene.servers[at].empty_disk()?;
                }
                Undo::SetClock(at) => {
                    scene.note(format!("set the clock of {at} right"));
                    scene.servers[at].set_wall_clock(0)?;
                }
                Undo::Mend(pairs) => {
                    scene.note("mend".to_owned());
                    let pairs: Vec<(&Host, &Host)> = pairs.iter().map(|(a, b)| (a, b)).collect();
                    scene.network.mend(&pairs)?;
                    scene.mended_at = Instant::now();
                }
                Undo::GoOnClient(at) => {
                    scene.note(format!("go on client {at}"));
                    scene.clients[at].go_on()?;
                }
            }
        }
        Ok(())
    }

    /// Starts servers that had a reason to end by themselves.
    fn look_after_servers(&mut self, scene: &mut Scene) -> anyhow::Result<()> {
        scene.witness.ended()?;
        for at in 0..scene.servers.len() {
            if self.is_stopping(at) {
                continue;
            }
            let Some(words) = scene.servers[at].ended()? else { continue };
            scene.note(format!("member {at} ended: {}", words.replace('\n', "; ")));
            self.active.push((Instant::now() + RESTARTING_TIME, Undo::Start(at)));
        }
        Ok(())
    }

    fn is_stopping(&self, at: usize) -> bool {
        self.active.iter().any(|(_, undo)| match undo {
            Undo::Start(other) | Undo::Restart(other, _) => *other == at,
            _ => false,
        })
    }

    /// Members that something was done to, besides the network.
    fn broken(&self, scene: &Scene) -> usize {
        let servers = scene.servers.iter().enumerate();
        let is_broken = |(at, server): &(usize, &super::server::Server)| {
            !server.is_running() || server.is_paused || server.is_full || self.is_stopping(*at)
        };
        servers.filter(is_broken).count()
    }

    fn length(&mut self) -> Duration {
        Duration::from_millis(100 + self.random.skewed(BROKEN_MS_MAX))
    }

    /// Whether it could happen.
    async fn begin(&mut self, kind: Kind, scene: &mut Scene) -> anyhow::Result<bool> {
        let at = self.random.below(scene.servers.len() as u64) as usize;
        let until = Instant::now() + self.length();
        let minority = (scene.servers.len() - 1) / 2;
        let may_break = self.broken(scene) < minority || self.random.chance(MAJORITY_PPM);
        let server = &scene.servers[at];
        let is_well = server.is_running() && !server.is_paused && !self.is_stopping(at);
        let client = self.random.below(scene.clients.len().max(1) as u64) as usize;
        match kind {
            Kind::Kill if may_break && is_well => {
                scene.note(format!("kill {at}"));
                scene.servers[at].kill()?;
                self.active.push((until, Undo::Start(at)));
            }
            Kind::Restart if may_break && is_well => {
                scene.note(format!("restart {at}"));
                scene.servers[at].terminate()?;
                self.active.push((Instant::now(), Undo::Restart(at, Instant::now())));
            }
            Kind::Pause if may_break && is_well => {
                scene.note(format!("pause {at}"));
                scene.servers[at].pause()?;
                self.active.push((until, Undo::GoOn(at)));
            }
            Kind::FullDisk if may_break && is_well && !scene.servers[at].is_full => {
                scene.note(format!("fill {at}"));
                scene.servers[at].fill_disk()?;
                self.active.push((until, Undo::Empty(at)));
            }
            Kind::ClockJump => {
                let seconds = 1 + self.random.below(JUMP_SECONDS_MAX) as i64;
                let ahead = if self.random.chance(500_000) { seconds } else { -seconds };
                scene.note(format!("set the clock of {at} {ahead} s ahead"));
                self.active.push((until, Undo::SetClock(at)));
                return scene.servers[at].set_wall_clock(ahead);
            }
            Kind::Partition | Kind::OneWay => {
                let is_one_way = kind == Kind::OneWay;
                let side = self.random.number();
                let others = (0..scene.servers.len()).filter(|of| side >> of & 1 == 1);
                self.isolate(scene, at, others.collect(), is_one_way, until)?;
            }
            Kind::IsolateLeader => {
                let Some(leader) = scene.leader().await else { return Ok(false) };
                let is_one_way = self.random.chance(400_000);
                let all = (0..scene.servers.len()).collect();
                self.isolate(scene, leader, all, is_one_way, until)?;
            }
            Kind::Transfer => {
                scene.note("transfer".to_owned());
                let change = ClusterChange::Transfer { to: None };
                return Ok(scene.operator.change(change).await.is_ok());
            }
            Kind::Replace if self.broken(scene) == 0 && is_well => {
                return replace(scene, at).await;
            }
            Kind::PauseClient if !scene.clients[client].is_paused => {
                scene.note(format!("pause client {client}"));
                scene.clients[client].pause()?;
                self.active.push((until, Undo::GoOnClient(client)));
            }
            Kind::KillClient if !scene.clients[client].is_paused => {
                scene.note(format!("kill client {client}"));
                scene.kill_client(client)?;
                scene.start_client(client)?;
            }
            Kind::CutClient => {
                let side =
                    if self.random.chance(500_000) { u64::MAX } else { self.random.number() };
                let host = scene.clients[client].host.clone();
                let servers = scene.servers.iter().enumerate();
                let reached = servers.filter(|(of, _)| side >> of & 1 == 1);
                let pairs = reached.map(|(_, server)| (server.host.clone(), host.clone()));
                let pairs = pairs.flat_map(|(a, b)| [(a.clone(), b.clone()), (b, a)]).collect();
                scene.note(format!("cut client {client}"));
                self.cut(scene, pairs, until)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn isolate(
        &mut self,
        scene: &mut Scene,
        at: usize,
        others: Vec<usize>,
        is_one_way: bool,
        until: Instant,
    ) -> anyhow::Result<()> {
        let inwards = self.random.chance(500_000);
        let host = |at: usize| scene.servers[at].host.clone();
        let mut pairs = Vec::new();
        for other in others.iter().filter(|other| **other != at) {
            if !is_one_way || inwards {
                pairs.push((host(*other), host(at)));
            }
            if !is_one_way || !inwards {
                pairs.push((host(at), host(*other)));
            }
        }
        scene.note(format!("cut {at} from {others:?}, one way: {is_one_way}, in: {inwards}"));
        self.cut(scene, pairs, until)
    }

    fn cut(
        &mut self,
        scene: &mut Scene,
        pairs: Vec<(Host, Host)>,
        until: Instant,
    ) -> anyhow::Result<()> {
        let borrowed: Vec<(&Host, &Host)> = pairs.iter().map(|(a, b)| (a, b)).collect();
        scene.network.cut(&borrowed)?;
        self.active.push((until, Undo::Mend(pairs)));
        Ok(())
    }
}

/// Removes a member, and lets its server join again with an empty disk.
async fn replace(scene: &mut Scene, at: usize) -> anyhow::Result<bool> {
    let address = scene.servers[at].address();
    let Ok(member) = scene.operator.member(&address).await else { return Ok(false) };
    scene.note(format!("remove {at}, node {}", member.node_id));
    scene.servers[at].may_be_removed();
    let change = ClusterChange::Remove { node_id: member.node_id };
    // Whoever is asked may be behind, and not know of it yet: what it shows says nothing.
    let is_removed = scene.operator.change(change).await.is_ok();
    if is_removed {
        scene.servers[at].kill()?;
        scene.servers[at].replace_disk()?;
        scene.start_server(at)?;
    }
    // If it was removed after all, it says so itself and ends.
    Ok(is_removed)
}
