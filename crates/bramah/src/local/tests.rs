//! What can be shown without a second process.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use bramah_core::{FencingToken, LockName, Mode, Owner, Priority, Value};
use proptest::prelude::*;
use tempfile::tempdir;

use super::contents::{self, Contents, Header};
use super::file_name::{self, Named};
use super::folder::Folder;
use super::table::{NEVER, Seat, Table};
use crate::clock::LocalTime;
use crate::error::{Error, ErrorKind};

fn name(text: &str) -> LockName {
    LockName::new(text).unwrap()
}

fn seat(ticket: u64, mode: Mode) -> Seat {
    Seat {
        ticket,
        token: None,
        mode,
        priority: Priority(0),
        upgrades: None,
        since: LocalTime(1),
        until: NEVER,
        entries: 1,
        owner: Owner { host: "db1".into(), pid: 7, ..Owner::default() },
        value: None,
    }
}

fn holder(ticket: u64, mode: Mode) -> Seat {
    Seat { token: Some(FencingToken(ticket)), ..seat(ticket, mode) }
}

fn table(seats: Vec<Seat>) -> Table {
    Table { token_newest: 9, ticket_newest: 9, seats, ..Table::new(name("a")) }
}

/// Whom the last seat of the table waits for, if all but the `dead` live.
fn blocker(table: &Table, dead: &[u64]) -> Option<u64> {
    let me = table.seats.last().unwrap();
    table.in_the_way(me, |seat| !dead.contains(&seat.ticket)).map(|seat| seat.ticket)
}

const EXCLUSIVE: Mode = Mode::Exclusive;
const SHARED: Mode = Mode::Shared;

fn permits(count: u32) -> Mode {
    Mode::Permits { count, limit: 3 }
}

proptest! {
    #[test]
    fn every_name_has_a_file_name_of_its_own(a in "\\PC{1,170}", b in "\\PC{1,170}") {
        let (Ok(a), Ok(b)) = (LockName::new(&a), LockName::new(&b)) else { return Ok(()) };
        let file_name = file_name::of_lock(&a);
        prop_assert!(file_name.len() <= 255 && !file_name.starts_with('.'));
        prop_assert!(!file_name.contains(['/', '\0']));
        match file_name::to_lock(&file_name) {
            Some(Named::Lock(back)) => prop_assert_eq!(&back, &a),
            Some(Named::InFile) => prop_assert!(a.as_str().len() > 70),
            None => prop_assert!(false, "{} is not read back", file_name),
        }
        prop_assert_eq!(file_name == file_name::of_lock(&b), a == b);
    }

    #[test]
    fn a_foreign_file_name_is_of_no_lock_or_of_one(file_name in "[a~%0-9.A-F]{0,40}(\\.lock)?") {
        if let Some(Named::Lock(lock)) = file_name::to_lock(&file_name) {
            prop_assert_eq!(file_name::of_lock(&lock), file_name);
        }
    }

    #[test]
    fn any_bytes_are_read_as_a_table_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        if let Some(table) = Table::decode(&bytes) {
            prop_assert_eq!(Table::decode(&table.encode()), Some(table));
        }
    }

    #[test]
    fn a_changed_byte_of_a_file_never_makes_another_table(at in 0usize..1400, flip in 1u8..) {
        let dir = tempdir().unwrap();
        let path = dir.path().join("f");
        let file = fs::File::create_new(&path).unwrap();
        let old = table(vec![holder(1, SHARED)]);
        let new = table(vec![holder(1, SHARED), seat(2, EXCLUSIVE)]);
        let header = contents::write(&file, Header::default(), &old).unwrap();
        contents::write(&file, header, &new).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        let at = at % bytes.len();
        bytes[at] ^= flip;
        fs::write(&path, &bytes).unwrap();
        match contents::read(&fs::File::open(&path).unwrap()).unwrap() {
            Contents::Whole(_, read) => prop_assert!(read == new),
            Contents::Torn(_) | Contents::Damaged | Contents::Foreign => {}
            Contents::Nothing => prop_assert!(false, "a used file is not new"),
        }
    }
}

#[test]
fn a_table_is_read_as_it_was_written() {
    let full = Seat {
        priority: Priority(-3),
        upgrades: Some(4),
        value: Some(Value::new(b"10.0.0.1:80").unwrap()),
        ..holder(5, permits(2))
    };
    let written = table(vec![full, seat(6, EXCLUSIVE)]);
    let read =
        Table { token_newest: 9, ticket_newest: 9, ..Table::decode(&written.encode()).unwrap() };
    assert_eq!(read, written);
}

#[test]
fn a_killed_writer_leaves_the_old_table() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("f");
    let file = fs::File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    let mut old = table(vec![holder(1, EXCLUSIVE)]);
    let mut header = contents::write(&file, Header::default(), &old).unwrap();
    for seats in [3, 1, 1, 2] {
        let new = table((1..=seats).map(|ticket| seat(ticket, SHARED)).collect());
        let before = fs::read(&path).unwrap();
        header = contents::write(&file, header, &new).unwrap();
        let after = fs::read(&path).unwrap();
        // The headers are the first 1024 bytes, and the last that is written: whatever part of the
        // new table is there, the old one stands.
        for len in 1024..=after.len() {
            let mut torn = after[..len].to_vec();
            torn.extend(before.get(len..).unwrap_or_default());
            torn[..1024].copy_from_slice(&before[..1024]);
            fs::write(&path, torn).unwrap();
            let read = contents::read(&file).unwrap();
            assert!(matches!(read, Contents::Whole(_, table) if table == old), "cut at {len}");
        }
        fs::write(&path, after).unwrap();
        old = new;
    }
}

#[test]
fn an_unused_file_gives_back_what_values_took() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("f");
    let file = fs::File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    let large = Seat { value: Some(Value::new(&[7; 65_536]).unwrap()), ..holder(1, EXCLUSIVE) };
    let mut header = Header::default();
    for _ in 0..3 {
        header = contents::write(&file, header, &table(vec![large.clone()])).unwrap();
        header = contents::write(&file, header, &table(vec![])).unwrap();
        assert!(file.metadata().unwrap().len() <= 4096);
        assert!(matches!(contents::read(&file).unwrap(), Contents::Whole(..)));
    }
}

#[test]
fn a_forged_counter_is_refused_before_it_overflows() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("f");
    let file = fs::File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    let forged = Table { ticket_newest: u64::MAX, ..table(vec![]) };
    contents::write(&file, Header::default(), &forged).unwrap();
    assert!(matches!(contents::read(&file).unwrap(), Contents::Damaged));
}

#[test]
fn a_first_write_that_was_killed_leaves_an_unused_file() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("f");
    let file = fs::File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    contents::write(&file, Header::default(), &table(vec![holder(1, SHARED)])).unwrap();
    // The headers are the first 1024 bytes, and the last that is written.
    let mut written = fs::read(&path).unwrap();
    written[..1024].fill(0);
    fs::write(&path, written).unwrap();
    assert!(matches!(contents::read(&file).unwrap(), Contents::Nothing));
}

#[test]
fn readers_share_and_a_writer_waits() {
    assert_eq!(blocker(&table(vec![holder(1, SHARED), seat(2, SHARED)]), &[]), None);
    assert_eq!(blocker(&table(vec![holder(1, SHARED), seat(2, EXCLUSIVE)]), &[]), Some(1));
    assert_eq!(blocker(&table(vec![holder(1, EXCLUSIVE), seat(2, SHARED)]), &[]), Some(1));
}

#[test]
fn a_reader_does_not_pass_a_waiting_writer() {
    let table = table(vec![holder(1, SHARED), seat(2, EXCLUSIVE), seat(3, SHARED)]);
    assert_eq!(blocker(&table, &[]), Some(2));
    assert_eq!(blocker(&table, &[2]), None, "the dead are in nobody's way");
}

#[test]
fn who_waited_for_its_whole_time_is_in_nobodys_way() {
    let short = Seat { until: LocalTime(5), ..seat(2, EXCLUSIVE) };
    let over = |now| short.is_over(LocalTime(now));
    assert_eq!((over(4), over(5)), (false, true));
}

#[test]
fn time_acts_next_when_the_first_of_the_ends_to_come_does() {
    let until = |until, of: Seat| Seat { until: LocalTime(until), ..of };
    let table = table(vec![until(5, holder(1, SHARED)), until(7, seat(2, EXCLUSIVE))]);
    let acts_at = |now| table.changes_at(LocalTime(now)).0;
    assert_eq!([acts_at(4), acts_at(5), acts_at(7)], [5, 7, NEVER.0]);
}

#[test]
fn permits_fit_beside_those_that_hold_and_those_that_wait_before() {
    let two_of_three = table(vec![holder(1, permits(2)), seat(2, permits(1))]);
    assert_eq!(blocker(&two_of_three, &[]), None);
    let behind_a_large_one =
        table(vec![holder(1, permits(1)), seat(2, permits(3)), seat(3, permits(1))]);
    assert_eq!(blocker(&behind_a_large_one, &[]), Some(2));
}

#[test]
fn the_more_urgent_and_the_upgrade_go_first() {
    let urgent = Seat { priority: Priority(1), ..seat(3, EXCLUSIVE) };
    let queue = table(vec![seat(2, EXCLUSIVE), urgent]);
    assert_eq!(blocker(&queue, &[]), None);
    let upgrade = Seat { upgrades: Some(1), ..seat(4, EXCLUSIVE) };
    let urgent = Seat { priority: Priority(1), ..seat(3, EXCLUSIVE) };
    let queue = table(vec![holder(1, SHARED), urgent, upgrade]);
    assert_eq!(blocker(&queue, &[]), None);
    assert_eq!(queue.queue()[0].ticket, 4);
}

#[test]
fn a_token_is_above_the_last_one_and_above_the_clock() {
    let mut table = Table::new(name("a"));
    let (first, _) = table.next_token(1_000);
    assert_eq!(first.0, 1_000 << 20);
    table.token_newest = first.0;
    assert_eq!(table.next_token(1_000), (FencingToken(first.0 + 1), false));
    assert_eq!(table.next_token(1_001), (FencingToken(1_001 << 20), false));
    // A file that was lost and made again a second later.
    assert!(Table::new(name("a")).next_token(1_001).0 > first);
}

#[test]
fn a_token_ahead_of_the_clock_must_be_synced() {
    let table = Table { token_newest: 2_000 << 20, ..Table::new(name("a")) };
    assert_eq!(table.next_token(1_000), (FencingToken((2_000 << 20) + 1), true));
}

fn refusal(folder: &Path) -> Error {
    Folder::private(folder).unwrap_err()
}

#[test]
fn a_private_folder_is_made_for_its_user_alone() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("locks");
    Folder::private(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    Folder::private(&path).unwrap();
}

#[test]
fn a_private_folder_that_others_can_write_is_refused() {
    let dir = tempdir().unwrap();
    for mode in [0o720, 0o702] {
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
        let error = refusal(dir.path());
        assert_eq!(error.kind(), ErrorKind::Denied);
        assert!(error.to_string().contains("other users"), "{error}");
    }
}

#[test]
fn a_private_folder_that_is_a_link_or_a_file_is_refused() {
    let dir = tempdir().unwrap();
    symlink(dir.path(), dir.path().join("link")).unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    refusal(&dir.path().join("link"));
    refusal(&dir.path().join("file"));
}

#[test]
fn a_private_folder_of_another_user_is_refused() {
    if !rustix::process::geteuid().is_root() {
        // Only root can give a folder away; what others own is refused by the same line.
        return assert!(refusal(Path::new("/")).to_string().contains("belongs to user 0"));
    }
    let dir = tempdir().unwrap();
    std::os::unix::fs::chown(dir.path(), Some(12_345), None).unwrap();
    let error = refusal(dir.path());
    assert!(error.to_string().contains("belongs to user 12345"), "{error}");
}

#[test]
fn a_lock_file_that_is_a_link_or_a_pipe_is_refused() {
    let dir = tempdir().unwrap();
    let folder = Folder::chosen(dir.path()).unwrap();
    fs::write(dir.path().join("target"), "").unwrap();
    symlink(dir.path().join("target"), dir.path().join("a.lock")).unwrap();
    folder.open_or_make("a.lock").unwrap_err();
    rustix::fs::mkfifoat(rustix::fs::CWD, dir.path().join("b.lock"), 0o600.into()).unwrap();
    folder.open_or_make("b.lock").unwrap_err();
    folder.open_to_read("b.lock").unwrap_err();
}
