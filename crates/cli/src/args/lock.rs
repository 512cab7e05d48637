//! How a lock is asked for: shared by `lock`, `try` and `acquire`.

use std::ffi::OsString;
use std::time::Duration;

use bramah::{LockBuilder, Locker, Mode, Owner};
use clap::value_parser;

use super::{ServiceArgs, parse_duration, parse_ttl};
use crate::exit::{self, Exit, Failure};

/// Most bytes of a command that listings show of it.
const COMMAND_BYTES_MAX: usize = 256;
/// Longest time that a command gets to end, unless it is told.
const GRACE_MAX: Duration = Duration::from_secs(5);

/// What the command finds in its environment.
const ENVIRONMENT: &str = "\
Environment of the command (what a service does not have is empty or 0):
  BRAMAH_NAME         name of the lock
  BRAMAH_TOKEN        fencing token of this hold; let what is written to check it
  BRAMAH_HOLD_ID      for `bramah set`, `renew` and `release`
  BRAMAH_SESSION      number of the session, as `bramah sessions` shows it
  BRAMAH_DEADLINE_MS  until when it was surely held at the start, in ms of CLOCK_BOOTTIME
  BRAMAH_URL          the service, so that `bramah` in the command asks the same one
  BRAMAH_HELD         all holds this runs under: a wait for one of them, with no end, is refused

What it cannot do:
  A keeper process beside the command ends it in time also when this program is stopped or killed.
  Nobody does when the keeper is killed too, or for what the command lets others start, as
  `docker run` does. Only a check of BRAMAH_TOKEN keeps that from writing.
  A command that changes its user, as sudo does, cannot be stopped when the lock is lost: that is
  said on stderr, and it runs on. Write `sudo bramah lock NAME -- COMMAND` instead of
  `bramah lock NAME -- sudo COMMAND`.
  Two commands that hold a lock each and wait for the other's wait for ever: each `lock` is a
  session of its own, and a circle is seen only inside one. Nest in one order, or wait with -w.

Examples:
  bramah lock nightly -- ./backup.sh          wait for its turn
  bramah lock -n -q nightly -- ./backup.sh    only if free, and say nothing: for cron
  bramah lock -w 10m -c 'dump | zip >x' db    wait at most ten minutes, for a pipe";

/// Below the flags of `lock` and `try`.
pub(super) fn after_help() -> String {
    format!("{ENVIRONMENT}\n\n{}", exit::TABLE)
}

#[derive(Debug, clap::Args)]
pub(crate) struct LockArgs {
    #[command(flatten)]
    pub(crate) wish: Wish,

    /// How long the command gets between being asked to end (TERM) and being killed, both before
    /// the lock can be granted to another; at most half of the TTL and of the maximum hold
    /// [default: a quarter of them, at most 5s]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    grace: Option<Duration>,

    /// Release as soon as the connection ends, instead of when the TTL is over
    #[arg(long)]
    pub(crate) release_on_disconnect: bool,

    /// Run this with /bin/sh
    #[arg(short = 'c', value_name = "STRING", conflicts_with = "command")]
    shell: Option<OsString>,

    /// Name of the lock
    pub(crate) name: String,

    /// Command to run, never without the lock, and its arguments
    #[arg(
        value_name = "COMMAND",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required_unless_present = "shell"
    )]
    command: Vec<OsString>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct AcquireArgs {
    #[command(flatten)]
    pub(crate) wish: Wish,

    /// Print one JSON object. Its `deadline_ms` says until when the lock is surely held unless it
    /// is renewed: milliseconds of this host's CLOCK_BOOTTIME, the clock of /proc/uptime
    #[arg(long)]
    pub(crate) json: bool,

    /// Name of the lock
    pub(crate) name: String,
}

/// How a lock is wanted.
#[derive(Debug, clap::Args)]
pub(crate) struct Wish {
    /// Alone (default)
    #[arg(short = 'x', long, short_alias = 'e')]
    exclusive: bool,

    /// Together with others who want it shared
    #[arg(short, long, conflicts_with = "exclusive")]
    shared: bool,

    /// Take so many permits of a semaphore
    #[arg(long, value_name = "N", requires = "of", value_parser = value_parser!(u32).range(1..),
          conflicts_with_all = ["exclusive", "shared"])]
    permits: Option<u32>,

    /// The semaphore has so many permits. Another number counts once all are gone who hold it by
    /// the old one, and waits until then
    #[arg(long, value_name = "LIMIT", value_parser = value_parser!(u32).range(1..),
          conflicts_with_all = ["exclusive", "shared"])]
    of: Option<u32>,

    /// Do not wait
    #[arg(short, long, conflicts_with = "wait")]
    nonblock: bool,

    /// Wait at most so long: 5, 1.5, 500ms, 2m, 1h30m; for a server at most 24h
    /// [default: for ever]
    #[arg(short, long, value_name = "DURATION", alias = "timeout", value_parser = parse_duration)]
    wait: Option<Duration>,

    /// Exit with this code when the lock is not acquired; 0 stays for "done"
    #[arg(short = 'E', long, value_name = "CODE", default_value = "75",
          value_parser = value_parser!(u8).range(1..))]
    conflict_exit_code: u8,

    /// How long the lock stays held when this host dies or is cut off, 500ms to 24h
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = parse_ttl)]
    pub(crate) ttl: Duration,

    /// The higher is granted first, -128 to 127
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    priority: i8,

    /// Do not queue behind so many
    #[arg(long, value_name = "N")]
    max_waiters: Option<u32>,

    /// After an unclean end the lock rests so long
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    lock_delay: Option<Duration>,

    /// An earlier release takes effect only so long after the grant
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    min_hold: Option<Duration>,

    /// The lock is lost so long after the grant, however often it is renewed
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    max_hold: Option<Duration>,

    /// Say why, for whoever looks or waits
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// What everybody can read with `get` while the lock is held
    #[arg(long, value_name = "TEXT")]
    value: Option<OsString>,

    /// Do not say who is in the way; of `acquire`: print nothing but the hold id
    #[arg(short, long)]
    pub(crate) quiet: bool,

    #[command(flatten)]
    pub(crate) service: ServiceArgs,
}

impl LockArgs {
    /// The same, without waiting.
    pub(crate) fn at_once(mut self) -> LockArgs {
        self.wish.nonblock = true;
        self.wish.wait = None;
        self
    }

    /// What is to be run, program first.
    pub(crate) fn command(&self) -> Vec<OsString> {
        match &self.shell {
            Some(script) => ["/bin/sh".into(), "-c".into(), script.clone()].into(),
            None => self.command.clone(),
        }
    }

    /// Refuses a command that looks like a mistyped flag, unless `--` stands before it in `line`,
    /// the whole command line.
    pub(crate) fn check_command(&self, line: &[OsString]) -> Result<(), Failure> {
        let Some(first) = self.command.first().map(|word| word.to_string_lossy()) else {
            return Ok(());
        };
        // The command is the end of the line.
        let before = line.len().checked_sub(self.command.len() + 1);
        let is_separated = before.and_then(|at| line.get(at)).is_some_and(|word| word == "--");
        if is_separated || !first.starts_with('-') {
            return Ok(());
        }
        Err(Failure::usage(format!(
            "could not understand {first}: there is no such flag; a command that begins with a - \
             stands behind --; try --help"
        )))
    }

    /// How long the lock is held at most without being renewed.
    pub(crate) fn life(&self) -> Duration {
        let ttl = self.wish.ttl;
        self.wish.max_hold.map_or(ttl, |max_hold| max_hold.min(ttl))
    }

    /// How long before the deadline the command is asked to end.
    ///
    /// With more than half the TTL, one keepalive that comes a little late would stop it.
    pub(crate) fn grace(&self) -> Result<Duration, Failure> {
        let life = self.life();
        match self.grace {
            None => Ok(GRACE_MAX.min(life / 4)),
            Some(grace) if grace <= life / 2 => Ok(grace),
            Some(grace) => Err(Failure::usage(format!(
                "could not use --grace {}: at most half of {}, the TTL or the maximum hold, is \
                 possible",
                bramah::Span(grace),
                bramah::Span(life)
            ))),
        }
    }

    /// Who will hold: this process, with the command instead of its own command line.
    pub(crate) fn owner(&self) -> Owner {
        let words: Vec<_> = match &self.shell {
            Some(script) => vec![script.to_string_lossy()],
            None => self.command.iter().map(|word| word.to_string_lossy()).collect(),
        };
        let mut command = words.join(" ");
        while command.len() > COMMAND_BYTES_MAX {
            command.pop();
        }
        Owner { command, ..self.wish.owner() }
    }
}

impl Wish {
    /// Who will hold.
    pub(crate) fn owner(&self) -> Owner {
        let reason = self.reason.clone().unwrap_or_default();
        Owner { reason, ..bramah::owner_of_this_process() }
    }

    /// The exit code for a lock that somebody else has.
    pub(crate) fn conflict_exit(&self) -> Exit {
        Exit::Code(self.conflict_exit_code)
    }

    /// How many permits the semaphore has, as it is said here.
    pub(crate) fn limit(&self) -> Option<u32> {
        self.of
    }

    /// How it is wanted.
    pub(crate) fn mode(&self) -> Mode {
        match self.of {
            Some(limit) => Mode::Permits { count: self.permits.unwrap_or(1), limit },
            None if self.shared => Mode::Shared,
            None => Mode::Exclusive,
        }
    }

    /// There is no end to its wait.
    pub(crate) fn waits_for_ever(&self) -> bool {
        !self.nonblock && self.wait.is_none()
    }

    /// How long it is waited for, in words that fit after "could not acquire".
    pub(crate) fn patience(&self) -> String {
        match self.wait {
            Some(wait) if !self.nonblock => format!("within {}", bramah::Span(wait)),
            _ => "at once".to_owned(),
        }
    }

    /// The request for the lock `name`.
    pub(crate) fn request(
        &self,
        locker: &Locker,
        name: &str,
    ) -> Result<LockBuilder, bramah::Error> {
        let mut request = locker.lock(name)?.priority(self.priority);
        if self.shared {
            request = request.shared();
        }
        if let Some(limit) = self.of {
            request = request.permits(self.permits.unwrap_or(1)).of(limit);
        }
        if let Some(wait) = if self.nonblock { Some(Duration::ZERO) } else { self.wait } {
            request = request.wait(wait);
        }
        if let Some(waiters) = self.max_waiters {
            request = request.max_waiters(waiters);
        }
        if let Some(value) = &self.value {
            request = request.value(value.as_encoded_bytes());
        }
        request = request.lock_delay(self.lock_delay.unwrap_or_default());
        request = request.min_hold(self.min_hold.unwrap_or_default());
        Ok(request.max_hold(self.max_hold.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command};
    use bramah::TTL_DEFAULT;
    use clap::Parser;

    fn parse(line: &str) -> Result<LockArgs, clap::Error> {
        match Args::try_parse_from(line.split(' '))?.command {
            Command::Lock(args) => Ok(args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_default_ttl_is_the_library_s() {
        assert_eq!(parse("bramah lock n true").unwrap().wish.ttl, TTL_DEFAULT);
    }

    #[test]
    fn flags_after_the_name_s_command_are_the_command_s() {
        let args = parse("bramah lock -n n ls -w --json").unwrap();
        assert_eq!(args.command(), ["ls", "-w", "--json"]);
        let args = parse("bramah lock n -- ls -x").unwrap();
        assert_eq!(args.command(), ["ls", "-x"]);
    }

    #[test]
    fn an_unknown_flag_is_no_command_unless_it_is_said_to_be_one() {
        let check = |line: &str| {
            let line = format!("bramah lock {line}");
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            parse(&line).unwrap().check_command(&words).map_err(|failure| failure.to_string())
        };
        for line in ["n -t 5 -- true", "n --tll 5s true", "-q n -t", "n -t"] {
            let refused = check(line).unwrap_err();
            assert!(refused.contains("there is no such flag"), "{line}: {refused}");
        }
        for line in ["n true -t", "n -- true -t", "n -- -t 5", "n --ttl 5s -- true", "-c true n"] {
            assert_eq!(check(line), Ok(()), "{line}");
        }
    }

    #[test]
    fn a_string_is_run_by_the_shell_and_stands_for_no_command_as_well() {
        let args = parse("bramah lock -c echo n").unwrap();
        assert_eq!(args.command(), ["/bin/sh", "-c", "echo"]);
        assert!(parse("bramah lock -c echo n ls").is_err());
        assert!(parse("bramah lock n").is_err());
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for line in [
            "bramah lock -x -s n true",
            "bramah lock -n -w 5 n true",
            "bramah lock --permits 3 n true",
            "bramah lock --permits 0 --of 3 n true",
            "bramah lock -s --of 3 n true",
            "bramah lock -E 0 n true",
            "bramah lock -E 256 n true",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn the_grace_is_a_quarter_of_the_lease_up_to_5_s_and_at_most_half() {
        let grace = |flags: &str| parse(&format!("bramah lock {flags} n true")).unwrap().grace();
        assert_eq!(grace("--ttl 8s").ok(), Some(Duration::from_secs(2)));
        assert_eq!(grace("--ttl 1h").ok(), Some(Duration::from_secs(5)));
        assert_eq!(grace("--ttl 2s --grace 1s").ok(), Some(Duration::from_secs(1)));
        assert_eq!(grace("--max-hold 2s").ok(), Some(Duration::from_millis(500)));
        assert!(grace("--ttl 2s --grace 1001ms").is_err());
        assert!(grace("--max-hold 2s --grace 1001ms").is_err());
    }

    #[test]
    fn a_long_command_is_cut_for_the_listings() {
        let args = parse(&format!("bramah lock n {}é", "a".repeat(COMMAND_BYTES_MAX - 1))).unwrap();
        assert_eq!(args.owner().command, "a".repeat(COMMAND_BYTES_MAX - 1));
    }
}
