//! `bramah backup`, `restore` and `recover`.

use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, IsTerminal, Read, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use bramah_server::{Checked, Found, RestoreError, Restored};
use serde::Serialize;

use super::look::Age;
use crate::args::{BackupArgs, RECOVERY, RecoverArgs, RestoreArgs};
use crate::exit::{Exit, Failure, say};
use crate::output;

/// A lock that is looked at for nothing but the age of the answer.
const ANY_NAME: &str = "backup";
/// What is older than this lacks more than what is under way.
const FRESH_AGE_MAX: Duration = Duration::from_secs(2);

/// What a backup holds, or a folder that was made of one.
#[derive(Serialize)]
struct Holds {
    /// The cluster that the table was of, and the last entry of its log in it.
    cluster_id: u64,
    index: u64,
    /// The cluster that there is now, and its only member.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_cluster_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    taken: Option<Taken>,
    locks: usize,
    holds: usize,
    waiters: usize,
    sessions: usize,
    last_token: u64,
}

/// How current a backup was when it was taken.
#[derive(Clone, Copy, Serialize)]
struct Taken {
    /// The member that gave it knew a leader that a majority follows.
    quorum: bool,
    /// What changed in the last so many milliseconds before may be missing; null if nobody knows.
    age_ms: Option<u64>,
    /// The last change in it, or an earlier one.
    revision: u64,
}

impl Taken {
    /// Says so if the backup may lack what others acknowledged.
    fn warn(self) {
        if !self.quorum {
            say("the backup was taken without a leader that a majority follows: what others \
                 acknowledged may be missing");
        }
        let age = self.age_ms.map(Duration::from_millis);
        if age.is_none_or(|age| age > FRESH_AGE_MAX || (!self.quorum && !age.is_zero())) {
            say(format_args!("it is {}", Age { age, revision: self.revision }));
        }
    }
}

/// What the folder of a member holds that does not run.
#[derive(Serialize)]
struct Member<'a> {
    node_id: u64,
    /// The members as of what it knows to be committed.
    voters: &'a [u64],
    learners: &'a [u64],
    /// The term of the last entry, which has the index below.
    term: u64,
    committed: u64,
    /// `--yes` would make a cluster of it: it is not alone in its own.
    recoverable: bool,
    #[serde(flatten)]
    holds: Holds,
}

pub(crate) async fn backup(args: BackupArgs) -> anyhow::Result<Exit> {
    let file = args.file.as_path();
    let mut taken = None;
    if !args.check {
        let shown = file.display();
        if file == Path::new("-") {
            return backup_to_stdout(&args).await;
        }
        let created = OpenOptions::new().write(true).create_new(true).open(file);
        let mut out = created.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => anyhow::Error::from(Failure::usage(format!(
                "could not write the backup: {shown} is there already, name another file"
            ))),
            _ => anyhow::Error::from(error).context(format!("could not write {shown}")),
        })?;
        let written = copy(&args, &mut out).await.and_then(|taken| {
            out.sync_all().with_context(|| format!("could not write {shown}"))?;
            sync_folder_of(file).with_context(|| format!("could not write {shown}"))?;
            Ok(taken)
        });
        if written.is_err() {
            // Half a backup is none. If it cannot be removed it is refused when it is read.
            let _ = fs::remove_file(file);
        }
        taken = Some(written?);
    }
    let (checked, bytes) = check(file)?;
    let holds = Holds { bytes: Some(bytes), taken, ..holds_of(&checked) };
    match args.plain.json {
        true => output::object(&holds)?,
        false => {
            let what = if args.check { "is whole" } else { "written and read back" };
            output::line(format_args!("{}: {what}, {bytes} bytes; {}", shown(file), holds.text()))?;
        }
    }
    if let Some(taken) = taken {
        taken.warn();
    }
    Ok(Exit::OK)
}

async fn backup_to_stdout(args: &BackupArgs) -> anyhow::Result<Exit> {
    output::needs_stdout("write the backup")?;
    let mut out = io::stdout();
    if out.is_terminal() {
        let message = "could not write the backup: stdout is a terminal, name a file or a pipe";
        return Err(Failure::usage(message).into());
    }
    copy(args, &mut out).await?.warn();
    say("written, and not read back: `bramah backup --check FILE` does that");
    Ok(Exit::OK)
}

/// Writes all parts of a backup as they come, and tells how current it is: at the least as current
/// as what its server knew just before.
async fn copy(args: &BackupArgs, out: &mut impl Write) -> anyhow::Result<Taken> {
    let locker = args.plain.service.builder().connect().await?;
    let known = locker.stale().get(ANY_NAME).await?;
    let age_ms = known.age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
    let quorum = locker.cluster().status().await.is_ok_and(|info| info.has_quorum);
    let taken = Taken { quorum, age_ms, revision: known.revision.unwrap_or_default() };
    let mut backup = locker.cluster().backup()?;
    let shows_progress = io::stderr().is_terminal();
    let mut bytes = 0;
    while let Some(part) = backup.next().await? {
        out.write_all(&part).context("could not write the backup")?;
        bytes += part.len();
        if shows_progress {
            // Nobody is hurt by a line that cannot be shown.
            let _ = write!(io::stderr(), "\r\x1b[K{} KiB", bytes / 1024);
        }
    }
    out.flush().context("could not write the backup")?;
    if shows_progress {
        // The line of the progress makes room for the result.
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
    Ok(taken)
}

/// A new file is surely there only when its folder is on the disk too.
fn sync_folder_of(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// A backup is read from a file, or from stdin.
fn open(file: &Path) -> anyhow::Result<Box<dyn Read>> {
    if file == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let open = File::open(file).with_context(|| format!("could not read {}", file.display()))?;
    Ok(Box::new(open))
}

/// What a backup is called in a sentence.
fn shown(file: &Path) -> Cow<'_, str> {
    match file == Path::new("-") {
        true => "stdin".into(),
        false => file.to_string_lossy(),
    }
}

/// What a backup holds, and how many bytes it has.
fn check(file: &Path) -> anyhow::Result<(Checked, u64)> {
    let mut input = Counted { input: open(file)?, bytes: 0 };
    let checked = bramah_server::check(BufReader::new(&mut input));
    let checked = checked.map_err(|error| {
        unusable(&error).context(format!("could not use the backup {}", shown(file)))
    })?;
    Ok((checked, input.bytes))
}

struct Counted {
    input: Box<dyn Read>,
    bytes: u64,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(into)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

pub(crate) fn restore(args: RestoreArgs) -> anyhow::Result<Exit> {
    let (file, folder) = (args.file.as_path(), args.folder.as_path());
    let restored = bramah_server::restore(BufReader::new(open(file)?), folder);
    let restored = restored.map_err(|error| {
        unusable(&error).context(format!("could not restore into {}", folder.display()))
    })?;
    tell(&restored, folder, args.json)?;
    Ok(Exit::OK)
}

pub(crate) fn recover(args: RecoverArgs) -> anyhow::Result<Exit> {
    let folder = args.folder.as_path();
    let failure = |error: RestoreError| {
        unusable(&error).context(format!("could not recover {}", folder.display()))
    };
    if args.yes {
        let recovered = bramah_server::recover(folder).map_err(failure)?;
        tell(&recovered, folder, args.json)?;
        return Ok(Exit::OK);
    }
    let found = bramah_server::inspect(folder).map_err(failure)?;
    tell_found(&found, folder, args.json)?;
    let shown = folder.display();
    if found.is_alone() {
        say(format_args!(
            "nothing is to be recovered: it is the only voting member of its cluster, start it \
             with `bramah serve --data {shown}`"
        ));
        return Ok(Exit::OK);
    }
    say("nothing was changed; with --yes it becomes the only member of a new cluster");
    for line in RECOVERY.lines() {
        say(line);
    }
    Ok(Exit::OK)
}

fn tell_found(found: &Found, folder: &Path, json: bool) -> anyhow::Result<()> {
    let recoverable = !found.is_alone();
    let Found { cluster_id, node_id, voters, learners, index, term, committed, sizes, last_token } =
        found;
    let (sizes, last_token) = (*sizes, *last_token);
    let checked = Checked { cluster_id: *cluster_id, index: *index, sizes, last_token };
    let holds = holds_of(&checked);
    let (node_id, term, committed) = (*node_id, *term, *committed);
    if json {
        let member = Member { node_id, voters, learners, term, committed, recoverable, holds };
        return output::object(&member);
    }
    let folder = folder.display();
    output::line(format_args!("{folder}: {}", holds.text()))?;
    output::line(format_args!(
        "last entry: term {term}, index {index}; it knows those up to {committed} to be committed"
    ))?;
    let list = |nodes: &[u64]| match nodes {
        [] => "none".to_owned(),
        nodes => nodes.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
    };
    output::line(format_args!(
        "node {node_id}; members that vote: {}; that do not: {}",
        list(voters),
        list(learners)
    ))?;
    Ok(())
}

/// All causes in one line, and that the data is the reason.
fn unusable(error: &RestoreError) -> anyhow::Error {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    let exit = match error {
        RestoreError::NotEmpty | RestoreError::NoFolder | RestoreError::Alone => Exit::USAGE,
        _ => Exit::UNKNOWN,
    };
    Failure::new(exit, text).into()
}

fn tell(restored: &Restored, folder: &Path, json: bool) -> anyhow::Result<()> {
    let Restored { cluster_id, node_id, from_cluster_id, index, sizes, last_token } = *restored;
    let checked = Checked { cluster_id: from_cluster_id, index, sizes, last_token };
    let (new_cluster_id, node_id) = (Some(cluster_id), Some(node_id));
    let holds = Holds { new_cluster_id, node_id, ..holds_of(&checked) };
    if json {
        return output::object(&holds);
    }
    let folder = folder.display();
    output::line(format_args!("{folder}: {}", holds.text()))?;
    output::line(format_args!(
        "it is the only member of the new cluster {cluster_id} now: start it with \
         `bramah serve --data {folder}`"
    ))?;
    Ok(())
}

fn holds_of(checked: &Checked) -> Holds {
    let Checked { cluster_id, index, sizes, last_token } = *checked;
    Holds {
        cluster_id,
        index,
        new_cluster_id: None,
        node_id: None,
        bytes: None,
        taken: None,
        locks: sizes.locks,
        holds: sizes.holds,
        waiters: sizes.waiters,
        sessions: sizes.sessions,
        last_token: last_token.0,
    }
}

impl Holds {
    fn text(&self) -> String {
        let count =
            |count: usize, what| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        format!(
            "of cluster {} up to entry {}: {} with {} and {}, {}, last token {}",
            self.cluster_id,
            self.index,
            count(self.locks, "lock"),
            count(self.holds, "hold"),
            count(self.waiters, "waiter"),
            count(self.sessions, "session"),
            self.last_token
        )
    }
}
