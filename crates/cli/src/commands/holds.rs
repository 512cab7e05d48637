//! Holds that outlive the program that made them.

use std::io::Read;
use std::time::Duration;

use anyhow::Context;
use bramah::{FencingToken, LocalTime, Released, Span};
use serde::Serialize;

use super::asking;
use super::look::Maybe;
use crate::args::{AcquireArgs, HoldArgs, RenewArgs, RevokeArgs, SetArgs};
use crate::exit::{Exit, Failure, say};
use crate::output::{self, Plain, json};
use crate::signals::Signals;
use crate::stderr;

/// Most bytes that are read as a value: one more than a service takes, which then says so.
const VALUE_READ_MAX: u64 = 64 * 1024 + 1;

#[derive(Serialize)]
struct Acquired<'a> {
    name: &'a str,
    token: u64,
    hold_id: String,
    session: u64,
    /// On this host's CLOCK_BOOTTIME.
    deadline_ms: u64,
    ttl_ms: u64,
    url: &'a str,
}

pub(crate) async fn acquire(args: AcquireArgs) -> anyhow::Result<Exit> {
    output::needs_stdout("print the hold id")?;
    let service = args.wish.service.builder().ttl(args.wish.ttl).owner(args.wish.owner());
    let locker = service.connect().await?;
    stderr::make_lossy().context("could not start a thread for stderr")?;
    let mut signals = Signals::take().context("could not take signals")?;
    let request = args.wish.request(&locker, &args.name)?.detached();
    let asked = asking::acquire(&args.wish, &args.name, &locker, request, &mut signals).await?;
    let guard = match asked {
        Ok(guard) => guard,
        Err(exit) => return Ok(exit),
    };
    let acquired = Acquired {
        name: &args.name,
        token: guard.token().0,
        session: guard.session(),
        deadline_ms: boot_ms(guard.deadline()),
        ttl_ms: json::ms(guard.ttl()),
        url: &args.wish.service.on,
        hold_id: guard.detach(),
    };
    if let Err(error) = print(&args, &acquired) {
        // Nobody else could give it back.
        let left = match locker.release(&acquired.hold_id).await {
            Ok(_) => "the lock was released".to_owned(),
            Err(error) => format!("could not release the lock either: {error}"),
        };
        let message = format!("could not print the hold id: {error:#}; {left}");
        return Err(Failure::new(Exit::UNKNOWN, message).into());
    }
    locker.close().await?;
    Ok(Exit::OK)
}

fn print(args: &AcquireArgs, acquired: &Acquired<'_>) -> anyhow::Result<()> {
    match (args.json, args.wish.quiet) {
        (true, _) => output::object(acquired)?,
        (false, true) => output::line(&acquired.hold_id)?,
        (false, false) => output::line(format_args!(
            "name     {}\ntoken    {}\nhold id  {}\nsession  {}\nheld     {} unless renewed or \
             released with the hold id",
            Plain(&args.name),
            acquired.token,
            acquired.hold_id,
            acquired.session,
            Span(args.wish.ttl),
        ))?,
    }
    Ok(())
}

#[derive(Serialize)]
struct Renewed<'a> {
    hold_id: &'a str,
    /// How long it lives from now on, and until when on this host's CLOCK_BOOTTIME.
    expires_in_ms: u64,
    deadline_ms: u64,
}

pub(crate) async fn renew(args: RenewArgs) -> anyhow::Result<Exit> {
    let HoldArgs { hold_id, plain } = &args.hold;
    let locker = plain.service.builder().connect().await?;
    let sent_at = LocalTime::now();
    let life = locker.renew(hold_id, args.ttl).await?;
    let deadline = sent_at.plus(life);
    let left = deadline.since(LocalTime::now());
    match plain.json {
        true => output::object(&Renewed {
            hold_id,
            expires_in_ms: json::ms(left),
            deadline_ms: boot_ms(deadline),
        })?,
        false => {
            output::line(format_args!("renewed: held for {} unless renewed again", Span(left)))?
        }
    }
    Ok(Exit::OK)
}

#[derive(Serialize)]
struct GivenBack {
    released: bool,
    /// If not: how it had ended before, if that is remembered.
    #[serde(flatten)]
    ended: Option<json::Reason>,
}

/// A hold that was gone is no success: others may have had the lock before.
pub(crate) async fn release(args: HoldArgs) -> anyhow::Result<Exit> {
    let locker = args.plain.service.builder().connect().await?;
    let released = locker.release(&args.hold_id).await?;
    let (exit, ended) = match released {
        Released::Released => (Exit::OK, None),
        Released::AlreadyLost(reason) => (Exit::STALE, reason),
    };
    if args.plain.json {
        let ended = ended.as_ref().map(json::reason);
        let given_back = GivenBack { released: exit == Exit::OK, ended };
        output::as_far_as_read(output::object(&given_back))?;
    } else if exit == Exit::OK {
        output::line("released")?;
    } else {
        let why = Maybe(ended, "it ended some time ago, or there never was one of this id");
        say(format_args!("could not release the hold: {why}"));
    }
    Ok(exit)
}

#[derive(Serialize)]
struct ValueSet {
    bytes: usize,
}

pub(crate) async fn set(args: SetArgs) -> anyhow::Result<Exit> {
    let mut value = args.value.into_encoded_bytes();
    if value == b"-" {
        value.clear();
        let stdin = std::io::stdin().lock();
        stdin.take(VALUE_READ_MAX).read_to_end(&mut value).context("could not read the value")?;
    }
    let locker = args.plain.service.builder().connect().await?;
    locker.set_value(&args.hold_id, Some(&value)).await?;
    if args.plain.json {
        output::object(&ValueSet { bytes: value.len() })?;
    }
    Ok(Exit::OK)
}

#[derive(Serialize)]
struct Revoked<'a> {
    name: &'a str,
    tokens: Vec<u64>,
}

pub(crate) async fn revoke(args: RevokeArgs) -> anyhow::Result<Exit> {
    let locker = args.plain.service.builder().connect().await?;
    let token = args.token.map(FencingToken);
    let me = bramah::owner_of_this_process();
    let by = match &args.reason {
        Some(reason) => format!("{}@{}: {reason}", me.user, me.host),
        None => format!("{}@{}", me.user, me.host),
    };
    let tokens = locker.revoke(&args.name, token, args.wait_for_deadline, &by).await?;
    let tokens: Vec<u64> = tokens.into_iter().map(|token| token.0).collect();
    if args.plain.json {
        output::object(&Revoked { name: &args.name, tokens })?;
    } else {
        for token in tokens {
            output::line(format_args!("revoked '{}', token {token}", Plain(&args.name)))?;
        }
    }
    Ok(Exit::OK)
}

fn boot_ms(time: LocalTime) -> u64 {
    json::ms(Duration::from_micros(time.0))
}
