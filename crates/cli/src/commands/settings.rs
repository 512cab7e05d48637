//! Which value each setting of a server has, and where it comes from.

use std::fmt;
use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::Context;
use bramah_server::{Address, ClusterConfig, DEFAULT_LISTEN, Storage};
use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::args::{Listen, LogLevel, ServeArgs, Settings};
use crate::exit::Failure;

const BYTES_PER_MIB: u64 = 1024 * 1024;
/// Most members of a cluster.
const MEMBERS_LEN_MAX: u32 = 7;

/// Where a value comes from; the first goes before the later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Flag,
    Environment,
    File,
    Default,
}

impl Source {
    /// A setting as it is written there.
    fn says(self, key: &str, value: impl fmt::Display) -> String {
        match self {
            Source::Flag => format!("--{}={value}", key.replace('_', "-")),
            Source::Environment => format!("BRAMAH_{}={value}", key.to_uppercase()),
            Source::File => format!("{key} = {value} of the configuration file"),
            Source::Default => format!("{key} = {value}"),
        }
    }
}

#[derive(Debug)]
struct Set<T> {
    value: T,
    source: Source,
}

/// All settings of a server.
#[derive(Debug)]
pub(crate) struct Plan {
    listen: Set<Listen>,
    storage: Set<Storage>,
    connections_max: Set<Option<usize>>,
    memory_max: Set<Option<u64>>,
    /// Shown if they are said; the next too.
    origins: Option<Set<Vec<String>>>,
    snapshot_after_mib: Option<Set<NonZeroU32>>,
    cluster: Cluster,
    log_level: Set<LogLevel>,
}

/// What is said of a cluster; of what is not, nothing is shown.
#[derive(Debug)]
struct Cluster {
    peer_listen: Option<Set<Listen>>,
    peer_address: Option<Set<Address>>,
    client_address: Option<Set<Address>>,
    join: Option<Set<Vec<Address>>>,
    learner: Option<Set<bool>>,
    bootstrap_expect: Option<Set<u32>>,
}

impl Plan {
    /// `matches` are those that `args` were made of.
    pub(crate) fn new(args: &ServeArgs, matches: &ArgMatches) -> anyhow::Result<Plan> {
        let file = args.config.as_deref().map(read).transpose()?.unwrap_or_default();
        let source = |id: &str| match matches.subcommand()?.1.value_source(id)? {
            ValueSource::CommandLine => Some(Source::Flag),
            ValueSource::EnvVariable => Some(Source::Environment),
            _ => None,
        };
        Plan::choose(&args.settings, source, file)
    }

    fn choose(
        said: &Settings,
        source: impl Fn(&str) -> Option<Source>,
        file: Settings,
    ) -> anyhow::Result<Plan> {
        fn first<T>(said: Option<T>, source: Option<Source>, file: Option<T>) -> Option<Set<T>> {
            let said = said.map(|value| Set { value, source: source.unwrap_or(Source::Flag) });
            said.or_else(|| file.map(|value| Set { value, source: Source::File }))
        }
        fn default<T>(value: T) -> Set<T> {
            Set { value, source: Source::Default }
        }
        let data = first(said.data.clone(), source("data"), file.data);
        let in_memory = first(said.in_memory, source("in_memory"), file.in_memory);
        let in_memory = in_memory.filter(|in_memory| in_memory.value);
        let listen = first(said.listen.clone(), source("listen"), file.listen);
        let connections_max =
            first(said.connections_max, source("connections_max"), file.connections_max);
        if let Some(Set { value: 0, source }) = connections_max {
            return Err(Failure::usage(format!(
                "could not use {}: at least 1 is needed",
                source.says("connections_max", 0)
            ))
            .into());
        }
        let memory_max = first(said.memory_max, source("memory_max"), file.memory_max);
        let join = first(said.join.clone(), source("join"), file.join);
        let learner = first(said.learner, source("learner"), file.learner);
        let bootstrap_expect =
            first(said.bootstrap_expect, source("bootstrap_expect"), file.bootstrap_expect);
        let joins = join.as_ref().is_some_and(|join| !join.value.is_empty());
        if let Some(Set { value: true, source }) = learner
            && !joins
        {
            return Err(Failure::usage(format!(
                "could not use {}: a learner joins a cluster that there is; name a member of it \
                 with --join",
                source.says("learner", true)
            ))
            .into());
        }
        check_expected(bootstrap_expect.as_ref(), joins)?;
        Ok(Plan {
            listen: match listen {
                Some(listen) => listen,
                None => {
                    let address =
                        DEFAULT_LISTEN.parse().context("could not use the default address")?;
                    default(Listen { address, name: None })
                }
            },
            cluster: Cluster {
                peer_listen: first(
                    said.peer_listen.clone(),
                    source("peer_listen"),
                    file.peer_listen,
                ),
                peer_address: first(
                    said.peer_address.clone(),
                    source("peer_address"),
                    file.peer_address,
                ),
                client_address: first(
                    said.client_address.clone(),
                    source("client_address"),
                    file.client_address,
                ),
                join,
                learner,
                bootstrap_expect,
            },
            origins: first(said.origins.clone(), source("origins"), file.origins),
            snapshot_after_mib: first(
                said.snapshot_after_mib,
                source("snapshot_after_mib"),
                file.snapshot_after_mib,
            ),
            storage: storage(data, in_memory)?,
            connections_max: connections_max
                .map_or(default(None), |Set { value, source }| Set { value: Some(value), source }),
            memory_max: memory_max
                .map_or(default(None), |Set { value, source }| Set { value: Some(value), source }),
            log_level: first(said.log_level, source("log_level"), file.log_level)
                .unwrap_or(default(LogLevel::Info)),
        })
    }

    /// What the server is told.
    pub(crate) fn config(&self) -> bramah_server::Config {
        let Listen { address, name } = self.listen.value.clone();
        let usual = bramah_server::Config::new(address, self.storage.value.clone());
        let after = self.snapshot_after_mib.as_ref();
        let after = after.map(|mib| u64::from(mib.value.get()) * BYTES_PER_MIB);
        bramah_server::Config {
            listen_name: name,
            connections_max: self.connections_max.value,
            memory_max: self.memory_max.value,
            origins: self.origins.as_ref().map(|set| set.value.clone()).unwrap_or_default(),
            log_bytes_before_snapshot: after.unwrap_or(usual.log_bytes_before_snapshot),
            cluster: self.cluster.config(),
            ..usual
        }
    }

    pub(crate) fn log_level(&self) -> LogLevel {
        self.log_level.value
    }
}

impl Cluster {
    fn config(&self) -> ClusterConfig {
        fn value<T: Clone>(set: &Option<Set<T>>) -> Option<T> {
            set.as_ref().map(|set| set.value.clone())
        }
        ClusterConfig {
            peer_listen: value(&self.peer_listen).map(|it| it.address),
            peer_listen_name: value(&self.peer_listen).and_then(|it| it.name),
            peer_address: value(&self.peer_address),
            client_address: value(&self.client_address),
            join: value(&self.join).unwrap_or_default(),
            learner: value(&self.learner).unwrap_or_default(),
            bootstrap_expect: value(&self.bootstrap_expect),
        }
    }

    /// A line for each that is said.
    fn lines(&self) -> Vec<String> {
        fn line<T>(
            name: &str,
            set: &Option<Set<T>>,
            text: impl Fn(&T) -> String,
        ) -> Option<String> {
            let Set { value, source } = set.as_ref()?;
            Some(format!("{name} = {} # {source}", text(value)))
        }
        let join = |servers: &Vec<Address>| {
            let quoted: Vec<String> = servers.iter().map(quoted).collect();
            format!("[{}]", quoted.join(", "))
        };
        let lines = [
            line("peer_listen", &self.peer_listen, quoted),
            line("peer_address", &self.peer_address, quoted),
            line("client_address", &self.client_address, quoted),
            line("join", &self.join, join),
            line("learner", &self.learner, ToString::to_string),
            line("bootstrap_expect", &self.bootstrap_expect, ToString::to_string),
        ];
        lines.into_iter().flatten().collect()
    }
}

fn quoted(text: &impl ToString) -> String {
    toml::Value::String(text.to_string()).to_string()
}

/// Bytes as they can be told, in the largest unit that is exact.
fn size(bytes: u64) -> String {
    match bytes.trailing_zeros() {
        30.. => format!("{}GiB", bytes >> 30),
        20.. => format!("{}MiB", bytes >> 20),
        _ => format!("{}KiB", bytes >> 10),
    }
}

/// Servers that begin a cluster together are as many as a cluster may have, and know where the
/// others are; wherever each of the two settings comes from.
fn check_expected(expected: Option<&Set<u32>>, joins: bool) -> Result<(), Failure> {
    let Some(Set { value, source }) = expected else { return Ok(()) };
    let refuse = |why: &str| {
        Err(Failure::usage(format!(
            "could not use {}: {why}",
            source.says("bootstrap_expect", value)
        )))
    };
    match value {
        1..=MEMBERS_LEN_MAX if joins || *value == 1 => Ok(()),
        1..=MEMBERS_LEN_MAX => refuse("name all servers that are to begin together with --join"),
        _ => refuse(&format!("a cluster has 1 to {MEMBERS_LEN_MAX} members; 3 and 5 are of use")),
    }
}

/// Of a folder and no folder the one that is said with more weight.
fn storage(
    data: Option<Set<PathBuf>>,
    in_memory: Option<Set<bool>>,
) -> Result<Set<Storage>, Failure> {
    match (data, in_memory) {
        (Some(data), Some(in_memory)) if data.source == in_memory.source => {
            Err(Failure::usage(format!(
                "could not choose between the data folder {} and no folder: {} both",
                data.value.display(),
                match data.source {
                    Source::Flag => "the command line says",
                    Source::Environment => "the environment says",
                    Source::File | Source::Default => "the configuration file says",
                }
            )))
        }
        (Some(Set { value, source }), None) => Ok(Set { value: Storage::Folder(value), source }),
        (Some(Set { value, source }), Some(in_memory)) if source < in_memory.source => {
            Ok(Set { value: Storage::Folder(value), source })
        }
        (_, Some(in_memory)) => Ok(Set { value: Storage::Memory, source: in_memory.source }),
        (None, None) => {
            let value = Storage::Folder(default_folder()?);
            Ok(Set { value, source: Source::Default })
        }
    }
}

/// Where the XDG base directory specification wants state.
fn default_folder() -> Result<PathBuf, Failure> {
    let absolute = |variable| {
        let path = PathBuf::from(std::env::var_os(variable)?);
        path.is_absolute().then_some(path)
    };
    let state = absolute("XDG_STATE_HOME");
    let state = state.or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
    state.map(|state| state.join("bramah")).ok_or_else(|| {
        Failure::usage(
            "could not choose a data folder: neither XDG_STATE_HOME nor HOME is set; name one with \
             --data, or keep nothing with --in-memory",
        )
    })
}

fn read(path: &Path) -> anyhow::Result<Settings> {
    let text = fs::read_to_string(path)
        .map_err(|error| (path, error.to_string()))
        .and_then(|text| toml::from_str(&text).map_err(|error| (path, error.to_string())));
    text.map_err(|(path, reason)| {
        let reason = reason.trim_end().replace('\n', "; ");
        Failure::usage(format!("could not read the settings in {}: {reason}", path.display()))
            .into()
    })
}

/// As a configuration file that sets the same, with the source of each value beside it.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan {
            listen,
            storage,
            connections_max,
            memory_max,
            origins,
            snapshot_after_mib,
            cluster,
            log_level,
        } = self;
        writeln!(f, "listen = {} # {}", quoted(&listen.value), listen.source)?;
        match &storage.value {
            Storage::Folder(folder) => {
                let folder = quoted(&folder.display());
                writeln!(f, "data = {folder} # {}", storage.source)?;
            }
            Storage::Memory => writeln!(f, "in_memory = true # {}", storage.source)?,
        }
        match connections_max.value {
            Some(max) => writeln!(f, "connections_max = {max} # {}", connections_max.source)?,
            None => writeln!(f, "# connections_max: as the limit of open files allows")?,
        }
        match memory_max.value {
            Some(max) => {
                let size = quoted(&size(max));
                writeln!(f, "memory_max = {size} # {}", memory_max.source)?;
            }
            None => writeln!(f, "# memory_max: a share of what there is")?,
        }
        if let Some(Set { value, source }) = origins {
            let quoted: Vec<String> = value.iter().map(quoted).collect();
            writeln!(f, "origins = [{}] # {source}", quoted.join(", "))?;
        }
        if let Some(Set { value, source }) = snapshot_after_mib {
            writeln!(f, "snapshot_after_mib = {value} # {source}")?;
        }
        for line in cluster.lines() {
            writeln!(f, "{line}")?;
        }
        let level = quoted(&format!("{:?}", log_level.value).to_lowercase());
        write!(f, "log_level = {level} # {}", log_level.source)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Flag => "flag",
            Source::Environment => "environment",
            Source::File => "file",
            Source::Default => "default",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Settings {
        toml::from_str(text).unwrap()
    }

    fn choose(said: &str, source: Source, file: &str) -> anyhow::Result<Plan> {
        Plan::choose(&settings(said), |_| Some(source), settings(file))
    }

    #[test]
    fn what_is_said_goes_before_the_file_and_the_file_before_the_default() {
        let plan = choose(
            "listen = '127.0.0.1:1'\ndata = '/d'",
            Source::Environment,
            "listen = '127.0.0.1:2'\nlog_level = 'debug'",
        );
        assert_eq!(
            plan.unwrap().to_string(),
            "listen = \"127.0.0.1:1\" # environment\n\
             data = \"/d\" # environment\n\
             # connections_max: as the limit of open files allows\n\
             # memory_max: a share of what there is\n\
             log_level = \"debug\" # file"
        );
    }

    #[test]
    fn a_snapshot_is_made_when_it_is_said_and_after_64_mib_if_nothing_is() {
        let bytes = |said| {
            let plan = choose(said, Source::Flag, "");
            plan.map(|plan| plan.config().log_bytes_before_snapshot)
        };
        assert_eq!(bytes("snapshot_after_mib = 3").unwrap(), 3 * 1024 * 1024);
        assert_eq!(bytes("").unwrap(), 64 * 1024 * 1024);
        assert!(toml::from_str::<Settings>("snapshot_after_mib = 0").is_err());
        let plan = choose("snapshot_after_mib = 3", Source::Flag, "").unwrap().to_string();
        assert!(plan.contains("snapshot_after_mib = 3 # flag"), "{plan}");
    }

    #[test]
    fn origins_of_pages_are_told_to_the_server() {
        let plan = choose("origins = ['https://a.example', 'http://b']", Source::File, "").unwrap();
        assert_eq!(plan.config().origins, ["https://a.example", "http://b"]);
        let shown = plan.to_string();
        assert!(
            shown.contains("origins = [\"https://a.example\", \"http://b\"] # file"),
            "{shown}"
        );
        assert!(choose("", Source::Flag, "").unwrap().config().origins.is_empty());
    }

    #[test]
    fn a_folder_and_no_folder_are_weighed_and_never_both_of_one_source() {
        let storage = |said, file| choose(said, Source::Flag, file).map(|plan| plan.storage.value);
        let folder = || Storage::Folder("/d".into());
        assert_eq!(storage("in_memory = true", "data = '/d'").unwrap(), Storage::Memory);
        assert_eq!(storage("data = '/d'", "in_memory = true").unwrap(), folder());
        assert_eq!(
            storage("in_memory = false", "in_memory = true\ndata = '/d'").unwrap(),
            folder()
        );
        assert!(storage("data = '/d'\nin_memory = true", "").is_err());
    }

    #[test]
    fn servers_that_begin_together_know_each_other_wherever_that_is_said() {
        let expect = "bootstrap_expect = 3";
        let join = "join = ['a:1', 'b:1', 'c:1']";
        for source in [Source::Flag, Source::Environment] {
            for (said, file) in [(expect, join), (join, expect)] {
                let plan = choose(said, source, file).unwrap().config().cluster;
                assert_eq!((plan.bootstrap_expect, plan.join.len()), (Some(3), 3));
            }
        }
        for (said, file) in [(expect, ""), ("", expect), (expect, "join = []")] {
            let error = choose(said, Source::Environment, file).unwrap_err().to_string();
            let names = ["BRAMAH_BOOTSTRAP_EXPECT=3:", "bootstrap_expect = 3 of the configuration"];
            assert!(names.iter().any(|name| error.contains(name)), "{error}");
            assert!(error.contains("with --join"), "{error}");
        }
        for many in [0, 8] {
            let error = choose(join, Source::Flag, &format!("bootstrap_expect = {many}"));
            let error = error.unwrap_err().to_string();
            assert!(
                error.contains("of the configuration file: ") && error.contains("1 to 7"),
                "{error}"
            );
        }
        assert!(choose("bootstrap_expect = 1", Source::Flag, "").is_ok(), "it is alone");
    }

    #[test]
    fn an_unknown_key_is_refused_by_its_name() {
        let error = toml::from_str::<Settings>("lisen = 'x'").unwrap_err().to_string();
        assert!(error.contains("lisen") && error.contains("connections_max"), "{error}");
    }
}
