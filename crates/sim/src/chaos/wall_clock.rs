//! The wall clock of a server, which can be set while it runs: libfaketime adds to it what a file
//! says. The clocks that a server goes by stay as they are.
//!
//! Another rate is not to be had this way: libfaketime would stretch every timeout of the process
//! as well.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};

/// Below a folder of /usr/lib. This one may be called by many threads.
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";
/// How much later than it is asked for a server may write down the time.
const LATE_MAX: Duration = Duration::from_secs(60);

/// The wall clock of one server.
#[derive(Clone, Debug)]
pub(super) struct WallClock {
    library: PathBuf,
    file: PathBuf,
}

impl WallClock {
    /// With the time of this machine, until it is told otherwise in this file.
    pub(super) fn new(library: &Path, file: PathBuf) -> anyhow::Result<WallClock> {
        let clock = WallClock { library: library.to_owned(), file };
        clock.set(0)?;
        Ok(clock)
    }

    /// The program goes by it, as far as the wall clock goes.
    pub(super) fn give_to(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library);
        command.env("FAKETIME_TIMESTAMP_FILE", &self.file).env("FAKETIME_NO_CACHE", "1");
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("NO_FAKE_STAT", "1");
    }

    /// From now on it is ahead of this machine's by so many seconds.
    pub(super) fn set(&self, ahead: i64) -> anyhow::Result<()> {
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{ahead:+}\n"))?;
        Ok(fs::rename(new, &self.file)?)
    }
}

/// Where libfaketime is, if it works here, and else why it does not.
pub(super) fn library() -> Result<PathBuf, String> {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let Some(library) = folders.map(|it| it.path().join(LIBRARY)).find(|path| path.is_file())
    else {
        return Err("libfaketime is not installed (scripts/deps installs it)".to_owned());
    };
    let day_ahead = || -> anyhow::Result<SystemTime> {
        let folder = tempfile::tempdir()?;
        let clock = WallClock::new(&library, folder.path().join("clock"))?;
        clock.set(86_400)?;
        let mut date = Command::new("date");
        clock.give_to(&mut date);
        unix_time(&mut date)
    };
    match day_ahead().and_then(|shown| ensure_ahead(shown, 86_400)) {
        Ok(()) => Ok(library),
        Err(error) => Err(format!("{} does not work: {error:#}", library.display())),
    }
}

/// The last time that a server wrote down must be ahead of this machine's by so many seconds.
pub(super) fn ensure_written(log: &str, ahead: i64) -> anyhow::Result<()> {
    let words = log.lines().rev().filter_map(|line| line.split_once(' '));
    let mut stamps = words.filter(|(stamp, _)| stamp.ends_with('Z') && stamp.contains('T'));
    let (stamp, _) = stamps.next().context("its log has no time")?;
    ensure_ahead(unix_time(Command::new("date").args(["--date", stamp]))?, ahead)
}

/// A time that was shown a moment ago.
fn ensure_ahead(shown: SystemTime, ahead: i64) -> anyhow::Result<()> {
    let seconds =
        |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() as i64;
    let shown = seconds(shown) - seconds(SystemTime::now());
    let late = ahead - shown;
    ensure!(
        (0..=LATE_MAX.as_secs() as i64).contains(&late),
        "its wall clock should be ahead by {ahead} s, and is ahead by {shown} s"
    );
    Ok(())
}

/// What `date` says.
fn unix_time(date: &mut Command) -> anyhow::Result<SystemTime> {
    let output = date.arg("+%s").stderr(Stdio::null()).output().context("could not run date")?;
    let seconds = String::from_utf8(output.stdout)?.trim().parse().context("date says nothing")?;
    Ok(UNIX_EPOCH + Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_log_that_ends_with_the_time_of_the_clock_shows_that_it_was_set() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let stamp = |ahead: u64| {
            let at = format!("@{}", now + ahead);
            let date = ["--utc", "--date", &at, "+%Y-%m-%dT%H:%M:%S.000001Z"];
            let output = Command::new("date").args(date).output().expect("date");
            String::from_utf8(output.stdout).expect("text").trim().to_owned()
        };
        let log = format!("bramah: it begins\n{}  INFO a\n{}  INFO b\nend", stamp(0), stamp(7200));
        ensure_written(&log, 7_200).expect("two hours ahead");
        for ahead in [0, 7_100, 7_300] {
            ensure_written(&log, ahead).expect_err("two hours ahead");
        }
        ensure_written("bramah: it begins", 0).expect_err("no time");
    }
}
