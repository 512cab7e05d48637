//! What a client tells while it is at work, kept until everybody can be asked what they believe:
//! the client itself among them.

use bramah_core::{FencingToken, LockName, Time};
use bramah_node::{Notice, Reply};
use bramah_wire::request::What;

use crate::fact::{CallNo, ClientNo, ConnectionNo, Fact};

/// A fact that owns what is in it.
#[derive(Debug)]
pub(super) enum Told {
    Called(ClientNo, CallNo, What),
    Returned(ClientNo, CallNo, u64, Time, Reply),
    Noticed(ClientNo, ConnectionNo, u64, Time, Notice),
    Wrote(ClientNo, LockName, FencingToken, FencingToken),
    Other(Fact<'static>),
}

impl Told {
    pub(super) fn new(fact: Fact<'_>) -> Told {
        Told::Other(match fact {
            Fact::Called { client, call, what } => return Told::Called(client, call, what.clone()),
            Fact::Returned { client, call, member, now, reply } => {
                return Told::Returned(client, call, member, now, reply.clone());
            }
            Fact::Noticed { client, connection, member, now, notice } => {
                return Told::Noticed(client, connection, member, now, notice.clone());
            }
            Fact::Wrote { client, name, token, before } => {
                return Told::Wrote(client, name.clone(), token, before);
            }
            Fact::Fault(fault) => unreachable!("a client tells of a fault: {fault:?}"),
            Fact::Sent { client, call, connection, id, member } => {
                Fact::Sent { client, call, connection, id, member }
            }
            Fact::Started { member } => Fact::Started { member },
            Fact::Stopped { member, why } => Fact::Stopped { member, why },
            Fact::Leads { member, term } => Fact::Leads { member, term },
            Fact::LeadsNoMore { member } => Fact::LeadsNoMore { member },
            Fact::GaveUp { client, call } => Fact::GaveUp { client, call },
            Fact::Holds(held) => Fact::Holds(held),
            Fact::Lets { client, token, why } => Fact::Lets { client, token, why },
            Fact::SessionOver { client, session } => Fact::SessionOver { client, session },
            Fact::ClientDied { client } => Fact::ClientDied { client },
            Fact::Calm => Fact::Calm,
        })
    }

    pub(super) fn with<R>(&self, look: impl FnOnce(&Fact<'_>) -> R) -> R {
        match self {
            Told::Called(client, call, what) => {
                look(&Fact::Called { client: *client, call: *call, what })
            }
            Told::Returned(client, call, member, now, reply) => look(&Fact::Returned {
                client: *client,
                call: *call,
                member: *member,
                now: *now,
                reply,
            }),
            Told::Noticed(client, connection, member, now, notice) => look(&Fact::Noticed {
                client: *client,
                connection: *connection,
                member: *member,
                now: *now,
                notice,
            }),
            Told::Wrote(client, name, token, before) => {
                look(&Fact::Wrote { client: *client, name, token: *token, before: *before })
            }
            Told::Other(fact) => look(fact),
        }
    }
}
