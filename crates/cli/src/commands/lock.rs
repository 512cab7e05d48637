//! `bramah lock`: a command that runs under a lock, and never without it.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::Context;
use bramah::{Guard, LocalTime, LostReason, Released, Span};
use rustix::process::Signal;
use tokio::time::{sleep, timeout};

use super::asking::{acquire, leave};
use super::reentry::{self, Held};
use crate::args::LockArgs;
use crate::child::{Child, Terms};
use crate::exit::{Exit, say};
use crate::keeper::message::Report;
use crate::signals::{Signals, bury_orphans, stand_still};
use crate::stderr;

/// How long whoever hears of ctrl-Z too gets to leave a terminal tidy, before it is made to stand
/// still.
const TIDY_TIME: Duration = Duration::from_millis(50);
/// Longest sleep between two looks at the deadline,
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// and how many there are at least while a lease lasts: each is told to the keeper.
const LOOKS_PER_TTL: u32 = 32;
/// This part of a lease at most is given up because the machine is busy.
const LATENESS_PART: u32 = 8;

pub(crate) async fn run(args: LockArgs) -> anyhow::Result<Exit> {
    args.check_command(&std::env::args_os().collect::<Vec<_>>())?;
    let grace = args.grace()?;
    stderr::make_lossy().context("could not start a thread for stderr")?;
    let mut signals = Signals::take().context("could not take signals")?;
    let service = args.wish.service.builder().ttl(args.wish.ttl).owner(args.owner());
    let service = service.on_disconnect_release(args.release_on_disconnect);
    let locker = tokio::select! {
        locker = service.connect() => locker?,
        signal = signals.ending() => return Ok(Exit::Signal(signal.as_raw())),
    };
    let request = args.wish.request(&locker, &args.name)?;
    let guard = match acquire(&args.wish, &args.name, &locker, request, &mut signals).await? {
        Ok(guard) => guard,
        Err(exit) => return Ok(exit),
    };
    let terms = Terms {
        deadline: guard.deadline(),
        grace,
        lateness_max: args.life() / LATENESS_PART,
        lock_file: guard.lock_file(),
    };
    match Child::spawn(&args.command(), &environment(&args, &guard), terms).await {
        Ok(mut child) => {
            let mut passed_on = Vec::new();
            let ended = attend(&mut child, &guard, &mut signals, &mut passed_on).await?;
            child.leave().await;
            match ended {
                Some(status) => {
                    let exit = confirm(guard, status, &passed_on).await;
                    leave(&locker).await;
                    Ok(exit)
                }
                // A service that is silent cannot be told anything.
                None => Ok(Exit::LOST),
            }
        }
        Err(error) => {
            say(not_started(&args, &error));
            leave(&locker).await;
            match error.kind() {
                io::ErrorKind::NotFound => Ok(Exit::NOT_FOUND),
                _ => Ok(Exit::NOT_EXECUTABLE),
            }
        }
    }
}

fn environment(args: &LockArgs, guard: &Guard) -> [(&'static str, String); 7] {
    let url = &args.wish.service.on;
    // Empty where a hold lives as long as its process.
    let deadline_ms = match guard.deadline() {
        LocalTime(u64::MAX) => String::new(),
        LocalTime(us) => (us / 1_000).to_string(),
    };
    [
        ("BRAMAH_NAME", args.name.clone()),
        ("BRAMAH_TOKEN", guard.token().to_string()),
        ("BRAMAH_SESSION", guard.session().to_string()),
        ("BRAMAH_HOLD_ID", guard.hold_id()),
        ("BRAMAH_DEADLINE_MS", deadline_ms),
        ("BRAMAH_URL", url.clone()),
        (reentry::VARIABLE, Held::of_environment().with(guard)),
    ]
}

fn not_started(args: &LockArgs, error: &io::Error) -> String {
    let program = args.command().into_iter().next().unwrap_or_default();
    format!("could not run '{}': {error}", program.to_string_lossy())
}

/// Stays with the command until it ended, and notes the signals that were meant for it. None if it
/// had to be stopped, which the keeper does before the lock can be another's.
async fn attend(
    child: &mut Child,
    guard: &Guard,
    signals: &mut Signals,
    passed_on: &mut Vec<Signal>,
) -> anyhow::Result<Option<ExitStatus>> {
    let look_interval = LOOK_INTERVAL.min(guard.ttl() / LOOKS_PER_TTL);
    let mut is_lost = false;
    loop {
        child.extend(guard.deadline());
        tokio::select! {
            biased;
            reason = guard.lost(), if !is_lost => {
                is_lost = true;
                child.stop();
                say(format_args!("{} was lost: {reason}; stopping the command", the_lock(guard)));
            }
            report = child.report() => match report.context("the keeper of the command is gone")? {
                Report::Ended(status) => return Ok(Some(ExitStatus::from_raw(status))),
                Report::Stopped => return Ok(None),
                Report::Stopping if !is_lost => {
                    is_lost = true;
                    say(format_args!(
                        "{} ends in {} and is not renewed; stopping the command",
                        the_lock(guard),
                        Span(guard.remaining())
                    ));
                }
                Report::Refused(pid) => say(format_args!(
                    "could not stop process {pid} (it runs as another user): it runs on without \
                     the lock"
                )),
                Report::NotForwarded(signal) => say(format_args!(
                    "could not pass signal {signal} on to process {} (it runs as another user)",
                    child.pid()
                )),
                Report::Stopping | Report::Paused | Report::Started(_) | Report::NotStarted(_) => {}
            },
            signal = signals.next() => match signal {
                Signal::TSTP => stand_still_together(child, guard, signals).await?,
                Signal::CHILD => bury_orphans(),
                Signal::CONT => {}
                signal => {
                child.forward(signal);
                if !passed_on.contains(&signal) {
                    passed_on.push(signal);
                }
            }
            },
            // A renewed lock tells nobody so.
            () = sleep(look_interval) => {}
        }
    }
}

/// The lock is not renewed while this process stands still, so the command must stand still too.
async fn stand_still_together(
    child: &mut Child,
    guard: &Guard,
    signals: &mut Signals,
) -> anyhow::Result<()> {
    if signals.continues_within(TIDY_TIME).await {
        return Ok(());
    }
    child.pause();
    // Whatever else there is to be told is told by the end of the socket, too.
    let _ = timeout(TIDY_TIME, child.paused()).await;
    if !signals.continues_within(Duration::ZERO).await {
        stand_still();
    }
    if guard.is_held() {
        child.resume();
    }
    Ok(())
}

/// The command ended by itself: only the release can tell whether the lock was held until then.
async fn confirm(guard: Guard, status: ExitStatus, passed_on: &[Signal]) -> Exit {
    let lock = the_lock(&guard);
    let of_ours = passed_on.iter().find(|signal| Some(signal.as_raw()) == status.signal());
    let exit = of_ours.map_or(Exit::of_status(status), |signal| Exit::Signal(signal.as_raw()));
    match guard.release().await {
        Ok(Released::Released) => exit,
        Ok(Released::AlreadyLost(reason)) => {
            let reason = reason.unwrap_or(LostReason::EndedUnseen);
            say(format_args!("{lock} was lost before the command ended ({status}): {reason}"));
            Exit::LOST
        }
        Err(error) => {
            let error = anyhow::Error::from(error);
            say(format_args!(
                "could not learn whether the lock was held until the command ended ({status}): \
                 {error:#}"
            ));
            if exit == Exit::OK { Exit::UNKNOWN } else { exit }
        }
    }
}

fn the_lock(guard: &Guard) -> String {
    format!("lock '{}' (token {})", guard.name(), guard.token())
}
