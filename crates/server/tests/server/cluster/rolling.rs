//! Every member is restarted, one after the other, while clients work.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bramah_wire::proto;
use bramah_wire::proto::event::What;
use bramah_wire::proto::reply::Outcome;
use bramah_wire::proto::request::Op;

use super::{folder, joining, status, until, until_voters};
use crate::client::Client;
use crate::running::Running;

const CLIENTS: usize = 4;

/// A client that goes elsewhere when it is told to.
struct Worker {
    client: Client,
    session: proto::Handle,
}

impl Worker {
    fn new(server: SocketAddr) -> Worker {
        let mut client = Client::connect(server);
        let session = client.open(60_000);
        Worker { client, session }
    }

    fn work(&mut self, name: &str) {
        let hold = self.client.hold(self.session, name);
        self.move_if_told();
        let released = self.client.release(hold);
        assert!(matches!(released, Outcome::Released(_)), "{released:?}");
        self.move_if_told();
    }

    fn move_if_told(&mut self) {
        for event in std::mem::take(&mut self.client.events) {
            let Some(What::Draining(draining)) = event.what else { continue };
            let server = draining.servers[0].parse().expect("an address");
            self.client = self.client.moved(server);
            let attach = proto::AttachSession { session: Some(self.session), after: 0 };
            let attached = self.client.ask(Op::AttachSession(attach));
            assert!(matches!(attached, Outcome::SessionAttached(_)), "{attached:?}");
        }
    }
}

#[test]
fn no_request_fails_while_all_members_are_restarted_one_after_the_other() {
    let folders = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
    let mut servers = vec![Running::in_folder(folders[0].path())];
    for next in &folders[1..] {
        let config = joining(folder(next.path()), &[&servers[0]]);
        servers.push(Running::start(config).expect("it starts"));
    }
    servers.iter().for_each(|server| drop(until_voters(server, 3)));
    let (is_over, cycles) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            let mut worker = Worker::new(servers[number % 3].address());
            let (is_over, cycles) = (&is_over, &cycles);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    worker.work(&format!("own-{number}"));
                    worker.work("shared by turns");
                    cycles.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for folder in &folders {
            let server = servers.remove(0);
            servers.push(server.restarted(folder.path()));
            until("all are connected again", || {
                let all = servers.iter().all(|server| {
                    let status = status(server);
                    status.has_quorum && status.members.iter().all(|member| member.reachable)
                });
                all.then_some(())
            });
            let before = cycles.load(Ordering::Relaxed);
            until("all go on", || (cycles.load(Ordering::Relaxed) > before + 20).then_some(()));
        }
        is_over.store(true, Ordering::Relaxed);
    });
}
