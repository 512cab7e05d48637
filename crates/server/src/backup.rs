//! Backups, a part at a time: whoever asks for the next one says that there is room for it.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::time::Instant;

use bramah_node::{ClientId, Unavailable};
use bramah_wire::backup::{BackupHead, BackupWriter};
use bramah_wire::{Error, ErrorCode};
use tracing::info;

use crate::limits::{BACKUP_IDLE_TIME_MAX, BACKUP_PART_BYTES, BACKUPS_MAX};
use crate::log::{COMPACTION_REST, LogError, Published};
use crate::runtime::Runtime;
use crate::service::Answer;

/// The backups that are under way.
#[derive(Default)]
pub(crate) struct Backups {
    /// Who waits for a snapshot: the request's id, and the last entry that must be in it.
    waiting: BTreeMap<ClientId, (u64, u64)>,
    /// Who reads one.
    reading: BTreeMap<ClientId, Reading>,
}

struct Reading {
    data: BackupWriter<Box<dyn Read + Send>>,
    sent: u64,
    /// The reader asked for a part then.
    asked: Instant,
}

impl Backups {
    /// There is room for another one, if need be in the place of those that nobody goes on with.
    fn make_room(&mut self, now: Instant) -> bool {
        let has_room = |it: &Backups| it.waiting.len() + it.reading.len() < BACKUPS_MAX;
        if !has_room(self) {
            let is_read = |it: &Reading| now.duration_since(it.asked) <= BACKUP_IDLE_TIME_MAX;
            self.reading.retain(|_, reading| is_read(reading));
        }
        has_room(self)
    }

    /// The connection is gone.
    pub(crate) fn forget(&mut self, client: ClientId) {
        self.waiting.remove(&client);
        self.reading.remove(&client);
    }
}

impl Runtime {
    /// Begins a backup, or gives the next part of it.
    pub(crate) fn ask_backup(&mut self, client: ClientId, id: u64, from: u64) {
        if from > 0 {
            let answer = self.next_part(client, from);
            return self.answer(client, id, answer);
        }
        if let Some((before, _)) = self.backups.waiting.remove(&client) {
            let text = "make the backup: another was begun on this connection";
            let error = Error::new(ErrorCode::InvalidRequest, text);
            self.answer(client, before, Answer::Refused(error));
        }
        self.backups.forget(client);
        let (_, index, _) = self.node.applied();
        let error = if index == 0 {
            let error = crate::encode::unavailable(Unavailable::NoLeader);
            Error { servers: self.other_servers(), ..error }
        } else if !self.backups.make_room(Instant::now()) {
            let text = format!("make the backup: {BACKUPS_MAX} are under way, as many as may be");
            Error::new(ErrorCode::LimitExceeded, text)
        } else {
            self.backups.waiting.insert(client, (id, index));
            self.snapshots.is_ordered = true;
            return;
        };
        self.answer(client, id, Answer::Refused(error));
    }

    fn next_part(&mut self, client: ClientId, from: u64) -> Answer {
        let Some(reading) = self.backups.reading.get_mut(&client).filter(|it| it.sent == from)
        else {
            let text = format!(
                "go on with the backup: none on this connection has come to byte {from}; \
                 begin another"
            );
            return Answer::Refused(Error::new(ErrorCode::InvalidRequest, text));
        };
        reading.asked = Instant::now();
        match part(&mut reading.data) {
            Ok((data, last)) => {
                reading.sent += data.len() as u64;
                if last {
                    info!(bytes = reading.sent, "gave a backup out");
                    self.backups.reading.remove(&client);
                }
                Answer::BackupPart { data: data.into(), last }
            }
            Err(error) => {
                self.backups.reading.remove(&client);
                let text = format!("read the snapshot for the backup: {error}");
                Answer::Refused(Error::new(ErrorCode::StorageFailed, text))
            }
        }
    }

    /// Begins those backups for which there is a snapshot now, and refuses those for which none can
    /// be made.
    pub(crate) fn begin_backups(&mut self) -> Result<(), LogError> {
        if self.backups.waiting.is_empty() {
            return Ok(());
        }
        let published = self.writer.log().published()?.map_or(0, |published| published.meta.index);
        let waiting = std::mem::take(&mut self.backups.waiting);
        for (client, (id, index)) in waiting {
            if index > published {
                self.backups.waiting.insert(client, (id, index));
                continue;
            }
            let Some(Published { meta, data, .. }) = self.writer.log().published()? else {
                continue;
            };
            let cluster_id = self.folder.cluster_id;
            let head = BackupHead { cluster_id, index: meta.index, term: meta.term };
            let data = BackupWriter::new(&head, data);
            let reading = Reading { data, sent: 0, asked: Instant::now() };
            self.backups.reading.insert(client, reading);
            let answer = self.next_part(client, 0);
            self.answer(client, id, answer);
        }
        let why = self.writer.log().makes_no_snapshots();
        if let Some(why) = why {
            self.refuse_backups(&why);
        }
        Ok(())
    }

    /// Tells those who wait for a snapshot why it cannot be made.
    fn refuse_backups(&mut self, why: &str) {
        for (client, (id, _)) in std::mem::take(&mut self.backups.waiting) {
            let text = format!(
                "make the backup: the server can make no snapshot now: {why}; see to that, and \
                 try again {COMPACTION_REST:?} later"
            );
            let error = Error::new(ErrorCode::DiskFull, text);
            self.answer(client, id, Answer::Refused(error));
        }
    }
}

/// The next bytes, and whether they are the last.
fn part(data: &mut impl Read) -> io::Result<(Vec<u8>, bool)> {
    let mut part = Vec::with_capacity(BACKUP_PART_BYTES);
    data.take(BACKUP_PART_BYTES as u64).read_to_end(&mut part)?;
    let last = part.len() < BACKUP_PART_BYTES;
    Ok((part, last))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn reading(asked: Instant) -> Reading {
        let head = BackupHead { cluster_id: 1, index: 1, term: 1 };
        let data: Box<dyn Read + Send> = Box::new(io::empty());
        Reading { data: BackupWriter::new(&head, data), sent: 0, asked }
    }

    #[test]
    fn readers_that_ask_for_nothing_more_make_room_for_another() {
        let began = Instant::now();
        let (idle, later) = (began + BACKUP_IDLE_TIME_MAX, Duration::from_secs(1));
        let mut backups = Backups::default();
        for number in 1..BACKUPS_MAX {
            backups.reading.insert(ClientId(number as u64), reading(began));
            assert!(backups.make_room(idle + later));
        }
        assert_eq!(backups.reading.len(), BACKUPS_MAX - 1, "where there is room, none goes");
        backups.reading.insert(ClientId(0), reading(began + later));
        assert!(!backups.make_room(idle), "all of them may still go on");
        assert!(backups.make_room(idle + later));
        let left: Vec<ClientId> = backups.reading.into_keys().collect();
        assert_eq!(left, [ClientId(0)], "who asked a moment later goes on");
    }
}
