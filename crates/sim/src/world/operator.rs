//! Whoever adds and removes members: one step after the other, asking again until it is done.

use std::collections::VecDeque;

use bramah_node::{ChangeRefused, ClientId, Input, MemberChange, Reply};

use crate::fact::StopCause;
use crate::member::Member;
use crate::network::bit;
use crate::plan::MEMBERS_MAX;
use crate::random::Random;
use crate::time::SimTime;

use super::{Event, World};

/// The number of the operator's connection, at every member.
pub(super) const OPERATOR: ClientId = ClientId(u64::MAX);
/// Most members that vote.
const VOTERS_MAX: u32 = 7;
/// How often the operator looks what is to be done.
const LOOK_EVERY_US: u64 = 150_000;
/// How long it waits for an answer.
const ANSWER_TIME_US: u64 = 6_000_000;
/// So many times it tries one thing.
const TRIES_MAX: u32 = 400;

/// The operator.
#[derive(Debug)]
pub(super) struct Operator {
    random: Random,
    jobs: VecDeque<Job>,
    /// The id of the question that waits for an answer, and until when it may.
    asked: Option<(u64, SimTime)>,
    last_id: u64,
    is_at_work: bool,
}

/// Something that an operator does.
#[derive(Clone, Copy, Debug)]
struct Job {
    what: Work,
    tries: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Change(MemberChange),
    /// Stops the process of a member that was removed.
    Stop(u64),
}

impl Operator {
    pub(super) fn new(random: Random) -> Operator {
        Operator { random, jobs: VecDeque::new(), asked: None, last_id: 0, is_at_work: false }
    }

    fn is_removing(&self) -> bool {
        let removes = |job: &Job| matches!(job.what, Work::Change(MemberChange::Remove(_)));
        self.jobs.iter().any(removes)
    }
}

impl World {
    fn operator_shall(&mut self, what: Work) {
        self.operator.jobs.push_back(Job { what, tries: 0 });
        if !self.operator.is_at_work {
            self.operator.is_at_work = true;
            self.queue.push(self.now.plus_us(LOOK_EVERY_US), Event::Operator);
        }
    }

    /// A new machine joins, if there may be one more. Tells its number.
    pub(super) fn add_member(&mut self) -> Option<u64> {
        let no = self.members.len() as u64 + 1;
        if no > MEMBERS_MAX {
            return None;
        }
        let random = Random::new(self.plan.seed, &format!("member {no}"));
        self.members.push(Member::new(no, Vec::new(), random));
        let at = self.now.plus_us(self.operator.random.between(1_000, 500_000));
        self.start_at(no, at);
        self.operator_shall(Work::Change(MemberChange::AddLearner(no)));
        self.operator_shall(Work::Change(MemberChange::Promote(no)));
        Some(no)
    }

    /// A member whose disk is damaged is removed, and a new machine takes its place.
    pub(super) fn replace(&mut self, member: u64) {
        self.coverage.count("member", "damaged disk refused");
        if self.voters.0.count_ones() == 1 {
            self.note = Some("the only member refused its damaged disk, as it must".to_owned());
            return;
        }
        self.operator_shall(Work::Change(MemberChange::Remove(member)));
        self.add_member();
    }

    pub(super) fn remove_member(&mut self, member: u64) {
        self.operator_shall(Work::Change(MemberChange::Remove(member)));
        self.operator_shall(Work::Stop(member));
    }

    /// One more disk may be lost, and a majority of the voters still has everything.
    pub(super) fn may_lose_a_disk(&self, member: u64) -> bool {
        let lost = self.members.iter().filter(|of| of.is_lost() || of.no == member);
        let lost = lost.filter(|of| self.voters.0 & bit(of.no) != 0).count();
        let voters = self.voters.0.count_ones() as usize;
        let is_alone = voters == 1 && self.members.len() == 1;
        is_alone || (!self.operator.is_removing() && lost <= (voters - 1) / 2)
    }

    /// Those that would vote after this still have everything with a majority of them.
    fn may_remove(&self, member: u64) -> bool {
        let after = self.voters.0 & !bit(member);
        let whole = self.members.iter().filter(|of| !of.is_lost() && after & bit(of.no) != 0);
        whole.count() > after.count_ones() as usize / 2
    }

    pub(super) fn operate(&mut self) {
        if self.operator.jobs.is_empty() {
            self.operator.is_at_work = false;
            return;
        }
        self.queue.push(self.now.plus_us(LOOK_EVERY_US), Event::Operator);
        if self.operator.asked.is_some_and(|(_, until)| self.now < until) {
            return;
        }
        self.operator.asked = None;
        let Some(job) = self.operator.jobs.front_mut() else { return };
        job.tries += 1;
        let Job { what, tries } = *job;
        let change = match what {
            Work::Change(change) => change,
            Work::Stop(member) => {
                // Now and then it runs on for a while, and does not know.
                if tries > 1 && self.operator.random.chance(200_000) {
                    self.operator.jobs.pop_front();
                    self.stop_removed(member);
                }
                return;
            }
        };
        let node = change.node();
        let is_vain = match change {
            MemberChange::Remove(_) => {
                !self.may_remove(node) && !self.members[node as usize - 1].is_gone
            }
            MemberChange::Promote(_) => self.voters.0.count_ones() >= VOTERS_MAX,
            MemberChange::AddLearner(_) => false,
        };
        let is_of_the_gone =
            !matches!(change, MemberChange::Remove(_)) && self.members[node as usize - 1].is_gone;
        if is_vain || is_of_the_gone || tries > TRIES_MAX {
            self.coverage.count("operator", "gave up");
            return self.job_ends(false);
        }
        if matches!(change, MemberChange::Remove(_)) && !self.may_remove(node) {
            return;
        }
        self.ask_to_change(change);
    }

    fn ask_to_change(&mut self, change: MemberChange) {
        let running: Vec<u64> =
            self.members.iter().filter(|of| of.process.is_some()).map(|of| of.no).collect();
        let leader = self.leader().filter(|_| self.operator.random.chance(700_000));
        let Some(member) =
            leader.or_else(|| (!running.is_empty()).then(|| *self.operator.random.pick(&running)))
        else {
            return;
        };
        self.operator.last_id += 1;
        let id = self.operator.last_id;
        self.operator.asked = Some((id, self.now.plus_us(ANSWER_TIME_US)));
        self.trace.add(self.now, format_args!("operator asks member {member}: {id} {change:?}"));
        self.give(member, Input::Change { client: OPERATOR, id, change });
    }

    /// A member answers the operator.
    pub(super) fn operator_hears(&mut self, id: u64, reply: Reply) {
        self.trace.add(self.now, format_args!("operator hears: {id} {reply:?}"));
        if self.operator.asked.take_if(|(asked, _)| *asked == id).is_none() {
            return;
        }
        let Some(Job { what: Work::Change(change), .. }) = self.operator.jobs.front().copied()
        else {
            return;
        };
        let name = match (change, &reply) {
            (MemberChange::AddLearner(_), Reply::Membership(_)) => "learner added",
            (MemberChange::Promote(_), Reply::Membership(_)) => "learner promoted",
            (MemberChange::Remove(_), Reply::Membership(_)) => "member removed",
            (_, Reply::ChangeRefused(ChangeRefused::UnknownMember)) => "refused: unknown member",
            (_, Reply::ChangeRefused(ChangeRefused::AlreadyMember)) => "refused: already member",
            (_, Reply::ChangeRefused(ChangeRefused::OneAtATime)) => "refused: one at a time",
            (_, Reply::ChangeRefused(ChangeRefused::NotCaughtUp)) => "refused: not caught up",
            (_, Reply::ChangeRefused(ChangeRefused::LastVoter)) => "refused: last voter",
            (_, Reply::ChangeRefused(ChangeRefused::QuorumAtRisk)) => "refused: quorum at risk",
            (_, Reply::ChangeRefused(ChangeRefused::TooManyMembers)) => "refused: too many",
            (_, Reply::OutcomeUnknown) => "unknown",
            _ => "not now",
        };
        self.coverage.count("operator", name);
        match reply {
            Reply::Membership(_) => self.job_ends(true),
            Reply::ChangeRefused(ChangeRefused::UnknownMember) => {
                self.job_ends(matches!(change, MemberChange::Remove(_)));
            }
            Reply::ChangeRefused(ChangeRefused::AlreadyMember) => self.job_ends(true),
            Reply::ChangeRefused(ChangeRefused::LastVoter | ChangeRefused::TooManyMembers) => {
                self.job_ends(false);
            }
            _ => {}
        }
    }

    /// A job is done, or given up: then also what was to follow it. What follows the removal of a
    /// damaged disk is another machine's.
    fn job_ends(&mut self, is_done: bool) {
        let Some(Job { what: Work::Change(change), .. }) = self.operator.jobs.pop_front() else {
            return;
        };
        let follows = |job: &Job| match job.what {
            Work::Change(MemberChange::Promote(next)) | Work::Stop(next) => next == change.node(),
            Work::Change(_) => false,
        };
        if !is_done && self.operator.jobs.front().is_some_and(follows) {
            self.operator.jobs.pop_front();
        }
    }

    fn stop_removed(&mut self, member: u64) {
        let machine = &mut self.members[member as usize - 1];
        if machine.process.is_some() {
            self.stop(member, StopCause::Removed);
        } else {
            machine.is_gone = true;
        }
    }
}
