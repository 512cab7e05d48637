//! Who holds what, and who waits for it.

use std::fmt;
use std::io::IsTerminal;
use std::time::Duration;

use bramah::{Aged, HolderInfo, LockInfo, Mode, Owner, Span, Value};

use crate::args::{NameArgs, PrefixArgs, ReadArgs};
use crate::exit::{Exit, Failure, say};
use crate::output::{self, Array, Plain, Table, json};

pub(crate) async fn list(args: PrefixArgs) -> anyhow::Result<Exit> {
    let ReadArgs { plain, stale } = &args.read;
    let locker = plain.service.builder().connect().await?;
    let mut array = plain.json.then(Array::begin);
    let mut table = Table::new(LOCK_HEADING);
    let mut after: Option<String> = None;
    loop {
        let page = match stale {
            true => {
                let page = locker.stale().list(&args.prefix, after.as_deref()).await?;
                tell_age_of_first(page, after.is_none())
            }
            false => locker.list(&args.prefix, after.as_deref()).await?,
        };
        for lock in &page.items {
            match &mut array {
                Some(array) => array.push(&json::lock(lock))?,
                None => push_lock(&mut table, lock),
            }
        }
        after = page.items.last().map(|lock| lock.name.to_string());
        if !page.more || after.is_none() {
            break;
        }
    }
    match array {
        Some(array) => array.end()?,
        None if table.is_empty() => {}
        None => output::line(table)?,
    }
    Ok(Exit::OK)
}

/// Says how old an answer is that need not be current.
pub(super) fn tell_age<T>(aged: Aged<T>) -> T {
    if let Some(revision) = aged.revision {
        say(Age { age: aged.age, revision });
    }
    aged.answer
}

/// Of several pages the age of the first is said: the later ones are no older.
fn tell_age_of_first<T>(page: Aged<T>, is_first: bool) -> T {
    if is_first { tell_age(page) } else { page.answer }
}

/// As of when a server that was asked for what it knows has told it.
pub(super) struct Age {
    pub(super) age: Option<Duration>,
    pub(super) revision: u64,
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Age { age, revision } = self;
        match age {
            Some(Duration::ZERO) => f.write_str("as the server that leads has it")?,
            Some(age) => {
                write!(f, "as it was {} ago: what changed since may be missing", Span(*age))?
            }
            None => f.write_str(
                "as it was nobody knows when: the server has heard of no leader since it \
                 started, and what changed may be missing",
            )?,
        }
        write!(f, "; the last change it knows is revision {revision}")
    }
}

/// The lock that is asked for; none if nobody holds it or waits.
async fn look(args: &NameArgs) -> anyhow::Result<Option<LockInfo>> {
    let locker = args.read.plain.service.builder().connect().await?;
    Ok(match args.read.stale {
        true => tell_age(locker.stale().get(&args.name).await?),
        false => locker.get(&args.name).await?,
    })
}

pub(crate) async fn who(args: NameArgs) -> anyhow::Result<Exit> {
    let lock = look(&args).await?;
    if args.read.plain.json {
        print_json(&args.name, lock.as_ref())?;
        return Ok(Exit::OK);
    }
    match lock {
        Some(lock) if lock.holders.is_empty() => match lock.rests_for {
            Some(rest) => output::line(format_args!(
                "'{}' is held by nobody and rests for {} after its last holder was lost",
                lock.name,
                Span(rest)
            ))?,
            None => output::line(format_args!("'{}' is held by nobody", lock.name))?,
        },
        Some(lock) => {
            let mut table = Table::new(LOCK_HEADING);
            push_lock(&mut table, &lock);
            output::line(table)?;
        }
        None => output::line(format_args!("'{}' is free", Plain(&args.name)))?,
    }
    Ok(Exit::OK)
}

pub(crate) async fn queue(args: NameArgs) -> anyhow::Result<Exit> {
    let lock = look(&args).await?;
    if args.read.plain.json {
        print_json(&args.name, lock.as_ref())?;
        return Ok(Exit::OK);
    }
    let mut table = Table::new(["PLACE", "MODE", "PRIORITY", "WAITED", "GIVES UP IN", "WHO"]);
    for waiter in lock.iter().flat_map(|lock| &lock.waiters) {
        table.push([
            &waiter.position,
            &How(waiter.mode),
            &waiter.priority.0,
            &Span(waiter.waited_for),
            &Maybe(waiter.gives_up_in.map(Span), "never"),
            &Who(&waiter.owner),
        ]);
    }
    match lock {
        Some(lock) if !table.is_empty() => {
            output::line(table)?;
            if lock.waiters_total > lock.waiters.len() {
                let more = lock.waiters_total - lock.waiters.len();
                output::line(format_args!("and {more} more"))?;
            }
        }
        _ => output::line(format_args!("nobody waits for '{}'", Plain(&args.name)))?,
    }
    Ok(Exit::OK)
}

/// The value as it is for a program, and so that it can do no harm for a terminal. Of several
/// holders each value stands on a line of its own.
pub(crate) async fn get(args: NameArgs) -> anyhow::Result<Exit> {
    let lock = look(&args).await?;
    if args.read.plain.json {
        print_json(&args.name, lock.as_ref())?;
        return Ok(Exit::OK);
    }
    let holders = lock.iter().flat_map(|lock| &lock.holders);
    let values: Vec<&[u8]> =
        holders.filter_map(|holder| Some(holder.value.as_ref()?.as_bytes())).collect();
    let is_terminal = std::io::stdout().is_terminal();
    match values[..] {
        [] => {
            let message = format!("could not get the value of '{}': nobody holds it", args.name);
            let held = format!("could not get the value of '{}': its holder set none", args.name);
            let message =
                if lock.is_some_and(|lock| !lock.holders.is_empty()) { held } else { message };
            return Err(Failure::new(Exit::STALE, message).into());
        }
        [value] if !is_terminal => output::bytes(value)?,
        _ => {
            for value in values {
                output::line(Plain(&String::from_utf8_lossy(value)))?;
            }
        }
    }
    Ok(Exit::OK)
}

pub(crate) async fn sessions(args: ReadArgs) -> anyhow::Result<Exit> {
    let locker = args.plain.service.builder().connect().await?;
    let mut array = args.plain.json.then(Array::begin);
    let mut table = Table::new(["SESSION", "TTL", "OPEN", "EXPIRES IN", "HOLDS", "WAITS", "WHO"]);
    let mut after = 0;
    loop {
        let page = match args.stale {
            true => tell_age_of_first(locker.stale().sessions(after).await?, after == 0),
            false => locker.sessions(after).await?,
        };
        for session in &page.items {
            match &mut array {
                Some(array) => array.push(&json::session(session))?,
                None => table.push([
                    &session.id,
                    &Span(session.ttl),
                    &Span(session.open_for),
                    &Span(session.expires_in),
                    &session.holds,
                    &session.waits,
                    &Who(&session.owner),
                ]),
            }
        }
        match page.items.last() {
            Some(last) if page.more => after = last.id,
            _ => break,
        }
    }
    match array {
        Some(array) => array.end()?,
        None if table.is_empty() => {}
        None => output::line(table)?,
    }
    Ok(Exit::OK)
}

const LOCK_HEADING: [&str; 8] =
    ["NAME", "MODE", "TOKEN", "HELD", "EXPIRES IN", "WAITERS", "VALUE", "WHO"];

/// A line for each holder.
fn push_lock(table: &mut Table<8>, lock: &LockInfo) {
    if lock.holders.is_empty() {
        let state = if lock.rests_for.is_some() { "rests" } else { "free" };
        let rest = Maybe(lock.rests_for.map(Span), "");
        table.push([&lock.name, &state, &"", &"", &rest, &lock.waiters_total, &"", &""]);
    }
    for HolderInfo { token, owner, mode, held_for, expires_in, value, .. } in &lock.holders {
        table.push([
            &lock.name,
            &How(*mode),
            token,
            &Span(*held_for),
            &Maybe(expires_in.map(Span), "never"),
            &lock.waiters_total,
            &Beginning(value.as_ref()),
            &Who(owner),
        ]);
    }
}

fn print_json(name: &str, lock: Option<&LockInfo>) -> anyhow::Result<()> {
    output::object(&lock.map_or_else(|| json::free_lock(name), json::lock))
}

/// A mode as tables show it.
pub(super) struct How(pub(super) Mode);

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Mode::Exclusive => f.write_str("exclusive"),
            Mode::Shared => f.write_str("shared"),
            Mode::Permits { count, limit } => write!(f, "{count} of {limit}"),
        }
    }
}

/// An owner as tables show it: `alice@ci-7 (pid 4121): make deploy, because "..."`.
pub(super) struct Who<'a>(pub(super) &'a Owner);

impl fmt::Display for Who<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Owner { host, pid, user, command, reason, url } = self.0;
        if !user.is_empty() {
            write!(f, "{user}@")?;
        }
        f.write_str(if host.is_empty() { "?" } else { host })?;
        if *pid != 0 {
            write!(f, " (pid {pid})")?;
        }
        if !command.is_empty() {
            write!(f, ": {command}")?;
        }
        if !reason.is_empty() {
            write!(f, ", because \"{reason}\"")?;
        }
        if !url.is_empty() {
            write!(f, ", {url}")?;
        }
        Ok(())
    }
}

/// The beginning of a value, for a table.
struct Beginning<'a>(Option<&'a Value>);

const BEGINNING_CHARS_MAX: usize = 32;

impl fmt::Display for Beginning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(value) = self.0 else { return Ok(()) };
        let text = String::from_utf8_lossy(value.as_bytes());
        let beginning: String = text.chars().take(BEGINNING_CHARS_MAX).collect();
        let is_whole = beginning.len() == text.len();
        write!(f, "{beginning}{}", if is_whole { "" } else { "..." })
    }
}

/// Something, or the word for nothing.
pub(super) struct Maybe<T>(pub(super) Option<T>, pub(super) &'static str);

impl<T: fmt::Display> fmt::Display for Maybe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(thing) => thing.fmt(f),
            None => f.write_str(self.1),
        }
    }
}
