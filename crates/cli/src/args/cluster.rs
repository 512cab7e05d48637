//! Operating the servers of a cluster.

use clap::Subcommand;

use super::PlainArgs;

/// How examples look below `--help`.
pub(crate) const EXAMPLES: &str = "\
A member is named by its number or by one of its addresses, as `bramah cluster status` shows them.
Any member may be asked; what only the leader can do goes to the leader.

Examples:
  bramah cluster status --on bramah://db1,db2,db3
  bramah serve --join db1:7420,db2:7420          # how a server joins: it adds itself
  bramah cluster transfer                        # before the leader's host is restarted
  bramah cluster remove db2:7420                 # a member that is gone for ever";

#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Show the members, who leads, and whether there is a quorum; exit 69 if there is none
    Status(PlainArgs),
    /// Make a server a member that gets the log and does not vote yet. A server that is started
    /// with --join does this itself
    Add(AddArgs),
    /// Let a learner vote, once it has caught up
    Promote(MemberArgs),
    /// Make a member one no more. Its number is never used again
    Remove(MemberArgs),
    /// Hand the leadership over
    Transfer(TransferArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct AddArgs {
    /// The number that the server drew: `node_id` of the line that `serve --json` prints
    pub(crate) node_id: u64,

    /// Where other members reach it
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) peer_address: String,

    /// Where clients reach it
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) client_address: String,

    #[command(flatten)]
    pub(crate) plain: PlainArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct MemberArgs {
    /// Which: its number, or HOST:PORT for clients or for members
    pub(crate) member: String,

    #[command(flatten)]
    pub(crate) plain: PlainArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TransferArgs {
    /// To whom: its number, or HOST:PORT for clients or for members [default: the voter that has
    /// most of the log]
    pub(crate) to: Option<String>,

    #[command(flatten)]
    pub(crate) plain: PlainArgs,
}
