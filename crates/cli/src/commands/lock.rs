//! `bramah lock`: a command that runs under a lock, and never without it.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::Context;
use bramah::{Guard, LocalTime, LostReason, Released, Span};
use rustix::process::Signal;
use tokio::time::sleep;

use super::asking::{acquire, leave};
use super::reentry::{self, Held};
use crate::args::LockArgs;
use crate::child::Child;
use crate::exit::{Exit, Failure, say};
use crate::signals::{Signals, stand_still};

/// How long before the deadline the command is killed: time for the signal to do its work.
const KILL_MARGIN: Duration = Duration::from_millis(50);
/// How long what was killed gets to end before it is killed again, with what is new; then twice as
/// long, and so on.
const KILL_INTERVAL: Duration = Duration::from_millis(20);
/// How long whoever hears of ctrl-Z too gets to leave a terminal tidy, before it is made to stand
/// still.
const TIDY_TIME: Duration = Duration::from_millis(50);
/// Longest sleep between two looks at the deadline: timers stand still while the machine is
/// suspended.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

pub(crate) async fn run(args: LockArgs) -> anyhow::Result<Exit> {
    args.check_command(&std::env::args_os().collect::<Vec<_>>())?;
    let grace = args.grace()?;
    let held = Held::of_environment();
    if held.has(&args.wish.service.on, &args.name) {
        return Err(Failure::usage(format!(
            "could not lock '{}': this command already runs under it and would wait for itself",
            args.name
        ))
        .into());
    }
    let mut signals = Signals::take().context("could not take signals")?;
    let service = args.wish.service.builder().ttl(args.wish.ttl).owner(args.owner());
    let service = service.on_disconnect_release(args.release_on_disconnect);
    let locker = tokio::select! {
        locker = service.connect() => locker?,
        signal = signals.ending() => return Ok(Exit::of_signal(signal.as_raw())),
    };
    let request = args.wish.request(&locker, &args.name)?;
    let guard = match acquire(&args.wish, &args.name, &locker, request, &mut signals).await? {
        Ok(guard) => guard,
        Err(exit) => return Ok(exit),
    };
    match Child::spawn(&args.command(), &environment(&args, &held, &guard)) {
        Ok(child) => match attend(child, &guard, &mut signals, grace).await? {
            Some(status) => {
                let exit = confirm(guard, status).await;
                leave(&locker).await;
                Ok(exit)
            }
            // A service that is silent cannot be told anything.
            None => Ok(Exit::LOST),
        },
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

fn environment(args: &LockArgs, held: &Held, guard: &Guard) -> [(&'static str, String); 7] {
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
        (reentry::VARIABLE, held.with(url, &args.name)),
    ]
}

fn not_started(args: &LockArgs, error: &io::Error) -> String {
    let program = args.command().into_iter().next().unwrap_or_default();
    format!("could not run '{}': {error}", program.to_string_lossy())
}

/// The command is being stopped.
struct Stop {
    /// It is killed then, and again later. The lock cannot be granted to another before.
    kill_at: LocalTime,
    kill_again_after: Duration,
}

/// Stays with the command until it ended, and sees that it ends before the lock can be another's.
/// None if it had to be stopped.
async fn attend(
    mut child: Child,
    guard: &Guard,
    signals: &mut Signals,
    grace: Duration,
) -> anyhow::Result<Option<ExitStatus>> {
    let mut stop: Option<Stop> = None;
    let status = loop {
        let look_at = match &stop {
            None => guard.deadline().minus(grace),
            Some(stop) => stop.kill_at,
        };
        let is_due = LocalTime::now() >= look_at;
        tokio::select! {
            biased;
            reason = guard.lost(), if stop.is_none() => {
                say(format_args!("{} was lost: {reason}; stopping the command", the_lock(guard)));
                stop = Some(begin_stop(&child, guard, grace));
            }
            status = child.wait() => break status.context("could not wait for the command")?,
            // Before the signals: there may always be one more of a child that ended.
            () = std::future::ready(()), if is_due => match &mut stop {
                None => {
                    say(format_args!(
                        "{} ends in {} and is not renewed; stopping the command",
                        the_lock(guard),
                        Span(guard.remaining())
                    ));
                    stop = Some(begin_stop(&child, guard, grace));
                }
                Some(stop) => {
                    child.kill();
                    stop.kill_at = LocalTime::now().plus(stop.kill_again_after);
                    stop.kill_again_after = LOOK_INTERVAL.min(stop.kill_again_after * 2);
                }
            },
            // The lock is not renewed while this process stands still, so the command must too.
            signal = signals.next() => match signal {
                Signal::TSTP => {
                    sleep(TIDY_TIME.min(look_at.since(LocalTime::now()))).await;
                    child.pause();
                    stand_still();
                    if guard.is_held() {
                        child.resume();
                    }
                }
                Signal::CHILD => child.bury_orphans(),
                signal => child.forward(signal),
            },
            () = sleep(look_at.since(LocalTime::now()).min(LOOK_INTERVAL)), if !is_due => {}
        }
    };
    if stop.is_some() {
        // What the command left behind must not go on either.
        while !child.kill() {
            sleep(KILL_INTERVAL).await;
            child.bury_orphans();
        }
        return Ok(None);
    }
    Ok(Some(status))
}

fn begin_stop(child: &Child, guard: &Guard, grace: Duration) -> Stop {
    child.ask_to_end();
    let before_deadline = guard.deadline().minus(KILL_MARGIN);
    let kill_at = LocalTime::now().plus(grace).min(before_deadline);
    Stop { kill_at, kill_again_after: KILL_INTERVAL }
}

/// The command ended by itself: only the release can tell whether the lock was held until then.
async fn confirm(guard: Guard, status: ExitStatus) -> Exit {
    let lock = the_lock(&guard);
    let exit = Exit::of_status(status);
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
