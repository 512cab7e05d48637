//! `bramah watch`: changes as they happen.

use bramah::{Change, ChangeKind, HolderInfo};

use super::look::Who;
use crate::args::WatchArgs;
use crate::exit::{Exit, Failure};
use crate::output::{self, Plain, json};

pub(crate) async fn run(args: WatchArgs) -> anyhow::Result<Exit> {
    let locker = args.plain.service.builder().connect().await?;
    let mut changes = match (&args.name, &args.prefix) {
        (Some(name), _) => locker.watch(name).await?,
        (None, prefix) => locker.watch_prefix(prefix.clone().unwrap_or_default()).await?,
    };
    while let Some(change) = changes.next().await {
        let change = change?;
        match args.plain.json {
            true => output::object(&json::news(&change))?,
            false => output::line(describe(&change))?,
        }
    }
    let message = "could not go on watching: the service ended it";
    Err(Failure::new(Exit::UNAVAILABLE, message).into())
}

/// A line for one change: `deploy: granted to alice@ci-7 (pid 4121): make deploy, token 8, 2 wait`.
fn describe(change: &Change) -> String {
    let lock = &change.lock;
    let is_meant = |holder: &&HolderInfo| change.token.is_none_or(|token| token == holder.token);
    let holder = lock.holders.iter().find(is_meant);
    let what = match (&change.kind, holder) {
        (ChangeKind::Snapshot | ChangeKind::Granted, Some(holder)) => {
            let verb = if change.kind == ChangeKind::Granted { "granted to" } else { "held by" };
            format!("{verb} {}, token {}", Who(&holder.owner), holder.token)
        }
        (ChangeKind::Ended(reason), _) => match change.token {
            Some(token) => format!("token {token} ended: {reason}"),
            None => format!("ended: {reason}"),
        },
        (ChangeKind::ValueSet, Some(HolderInfo { value: Some(value), .. })) => {
            format!("value set to {}", String::from_utf8_lossy(value.as_bytes()))
        }
        (ChangeKind::ValueSet, _) => "value removed".to_owned(),
        (ChangeKind::Snapshot, None) => "held by nobody".to_owned(),
        (kind, _) => json::kind(kind).replace('_', " "),
    };
    let line = match lock.waiters_total {
        0 => format!("{}: {what}", lock.name),
        1 => format!("{}: {what}, 1 waits", lock.name),
        waiters => format!("{}: {what}, {waiters} wait", lock.name),
    };
    Plain(&line).to_string()
}
