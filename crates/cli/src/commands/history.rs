//! What is known of holds that ended, and of tokens.

use bramah::{FencingToken, Span, Verdict};
use serde::Serialize;

use super::look::{How, Who, tell_age};
use crate::args::{HistoryArgs, ReadArgs, VerifyArgs};
use crate::exit::Exit;
use crate::output::{self, Array, Plain, Table, json};

pub(crate) async fn run(args: HistoryArgs) -> anyhow::Result<Exit> {
    let ReadArgs { plain, stale } = &args.read;
    let locker = plain.service.builder().connect().await?;
    let ended = match stale {
        true => tell_age(locker.stale().history(args.name.as_deref(), args.limit).await?),
        false => locker.history(args.name.as_deref(), args.limit).await?,
    };
    if plain.json {
        let mut array = Array::begin();
        for ended in &ended {
            array.push(&json::past(ended))?;
        }
        array.end()?;
        return Ok(Exit::OK);
    }
    let mut table = Table::new(["ENDED", "NAME", "MODE", "TOKEN", "HELD", "WHO", "HOW IT ENDED"]);
    for ended in &ended {
        table.push([
            &format_args!("{} ago", Span(ended.ended_ago)),
            &ended.name,
            &How(ended.mode),
            &ended.token,
            &Span(ended.held_for),
            &Who(&ended.owner),
            &ended.reason,
        ]);
    }
    if !table.is_empty() {
        output::line(table)?;
    }
    Ok(Exit::OK)
}

#[derive(Serialize)]
struct Verified<'a> {
    name: &'a str,
    token: u64,
    held: bool,
    newest: Option<u64>,
    /// How its hold ended, if that is remembered.
    #[serde(flatten)]
    ended: Option<json::Reason>,
}

pub(crate) async fn verify(args: VerifyArgs) -> anyhow::Result<Exit> {
    let ReadArgs { plain, stale } = &args.read;
    let locker = plain.service.builder().connect().await?;
    let token = FencingToken(args.token);
    let verdict = match stale {
        true => tell_age(locker.stale().verify(&args.name, token).await?),
        false => locker.verify(&args.name, token).await?,
    };
    // The verdict stands, whether somebody reads it or not.
    output::as_far_as_read(print(&args, &verdict))?;
    Ok(if verdict.held { Exit::OK } else { Exit::STALE })
}

fn print(args: &VerifyArgs, verdict: &Verdict) -> anyhow::Result<()> {
    let newest = verdict.newest.map(|token| token.0);
    if args.read.plain.json {
        output::object(&Verified {
            name: &args.name,
            token: args.token,
            held: verdict.held,
            newest,
            ended: verdict.ended.as_ref().map(json::reason),
        })?;
    } else {
        let (name, token) = (Plain(&args.name), args.token);
        let how = verdict.ended.as_ref().map(|reason| format!(": {}", Plain(&reason.to_string())));
        let how = how.unwrap_or_default();
        match (verdict.held, newest) {
            (true, _) => output::line(format_args!("token {token} of '{name}' is current"))?,
            (false, Some(newest)) if newest != token => output::line(format_args!(
                "token {token} of '{name}' is stale{how}; the newest is {newest}"
            ))?,
            (false, _) => output::line(format_args!("token {token} of '{name}' is stale{how}"))?,
        }
    }
    Ok(())
}
