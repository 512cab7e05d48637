//! The power goes at every operation of a workload, and keeps any part of what was not synced.

use bramah_wal::{Options, SimDisk, Wal};

use crate::model::{Model, OPTIONS, Step, append, snapshot};

/// Up to so many unsynced changes every combination is tried, and beyond that as many at random.
const EXHAUSTIVE_MAX: usize = 9;

/// Rolls over segments, replaces suffixes inside of one and across several, makes snapshots of its
/// own and takes foreign ones, uses segments again, and writes batches of one sector and of many.
fn workload() -> Vec<Step> {
    vec![
        append(1, 1..=1, 20),
        append(1, 2..=4, 200),
        append(1, 5..=9, 150),
        append(2, 8..=10, 100),
        Step::Append(None, vec![]),
        append(2, 11..=13, 300),
        append(3, 6..=7, 100),
        snapshot(4, 1),
        append(3, 8..=12, 250),
        Step::Seal,
        snapshot(10, 3),
        append(3, 13..=16, 300),
        append(4, 15..=15, 10),
        snapshot(15, 4),
        append(4, 16..=20, 200),
        append(4, 21..=40, 50),
        // A snapshot that a leader sent: the entries here are of another history.
        snapshot(38, 5),
        append(5, 39..=42, 250),
        append(5, 43..=48, 200),
        snapshot(60, 6),
        append(6, 61..=63, 100),
        append(6, 64..=67, 250),
        snapshot(66, 6),
        append(6, 68..=90, 150),
        Step::Seal,
    ]
}

/// What the log may hold after a crash inside of a step: all states that it passes through.
fn stages(before: &Model, step: Option<&Step>) -> Vec<Model> {
    let mut stages = vec![before.recovered()];
    let Some(step) = step else { return stages };
    if let Step::Append(Some(hard_state), entries) = step {
        // A long append is written as several batches.
        for count in 1..entries.len() {
            let mut hard_state = *hard_state;
            hard_state.commit = hard_state.commit.min(entries[count - 1].index);
            let mut stage = before.clone();
            stage.apply(&Step::Append(Some(hard_state), entries[..count].to_vec()));
            stages.push(stage.recovered());
        }
    }
    let mut after = before.clone();
    after.apply(step);
    stages.push(after.recovered());
    stages
}

/// Runs steps until one fails. Gives how many were acknowledged, and what the log should hold then.
fn run(disk: &SimDisk, options: Options, steps: &[Step]) -> (usize, Model) {
    let mut model = Model::default();
    let Ok((mut wal, _)) = Wal::open(disk.clone(), options) else {
        return (0, model);
    };
    for (done, step) in steps.iter().enumerate() {
        if step.run(&mut wal).is_err() {
            assert!(step.run(&mut wal).is_err(), "a log that failed goes on failing");
            return (done, model);
        }
        model.apply(step);
    }
    (steps.len(), model)
}

/// The log opens, holds what it may hold, takes the rest of the work and holds it all at the end.
fn check(disk: &SimDisk, steps: &[Step], done: usize, before: &Model, label: &str) {
    let (mut wal, found) = Model::open(disk);
    assert!(
        stages(before, steps.get(done)).contains(&found),
        "{label}: step {done} {:?}\nfound {found:?}\nbefore {before:?}",
        steps.get(done)
    );
    let mut model = found;
    for step in steps[done..].iter().take(3) {
        if let (Step::Snapshot(new, _), Some((old, _))) = (step, &model.snapshot)
            && new.index <= old.index
        {
            continue;
        }
        step.run(&mut wal).unwrap_or_else(|error| panic!("{label}: {error:?}"));
        model.apply(step);
    }
    drop(wal);
    let (_, again) = Model::open(disk);
    assert_eq!(again, model.recovered(), "{label}");
}

fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}

/// Every way, or many ways, in which the power loss may have left the disk.
fn outcomes(disk: &SimDisk, seed: u64) -> Vec<(String, SimDisk)> {
    let unsynced = disk.unsynced_len();
    let mut next = random(seed);
    (0..1_u64 << EXHAUSTIVE_MAX.min(unsynced))
        .map(|choice| {
            let kept: Vec<bool> = match choice {
                _ if unsynced <= EXHAUSTIVE_MAX => {
                    (0..unsynced).map(|place| choice >> place & 1 == 1).collect()
                }
                0 => vec![false; unsynced],
                1 => vec![true; unsynced],
                _ => (0..unsynced).map(|_| next() % 2 == 1).collect(),
            };
            (format!("kept {kept:?}"), disk.restart(|place| kept[place]))
        })
        .collect()
}

#[test]
fn the_power_goes_at_every_operation() {
    assert!(lose_power_everywhere(OPTIONS) > 2_000);
}

#[test]
fn the_power_goes_at_every_operation_with_long_segments() {
    let options = Options { segment_bytes: 8192, ..OPTIONS };
    assert!(lose_power_everywhere(options) > 5_000);
}

/// Gives how many outcomes were tried.
fn lose_power_everywhere(options: Options) -> usize {
    let steps = workload();
    let whole = SimDisk::new(7);
    let (done, model) = run(&whole, options, &steps);
    assert_eq!(done, steps.len());
    assert_eq!(Model::open(&whole).1, model.recovered());
    let mut tried = 0;
    for operation in 0..whole.operations() {
        let disk = SimDisk::new(7);
        disk.lose_power_at(operation);
        let (done, before) = run(&disk, options, &steps);
        for (kept, left) in outcomes(&disk, operation) {
            check(&left, &steps, done, &before, &format!("operation {operation}, {kept}"));
            tried += 1;
        }
    }
    tried
}

#[test]
fn the_power_goes_again_while_the_log_is_opened() {
    let steps = workload();
    let whole = SimDisk::new(8);
    run(&whole, OPTIONS, &steps);
    for operation in (0..whole.operations()).step_by(3) {
        let disk = SimDisk::new(8);
        disk.lose_power_at(operation);
        let (done, before) = run(&disk, OPTIONS, &steps);
        let mut next = random(operation);
        let left = disk.restart(|_| next() % 2 == 1);
        for second in 0.. {
            let again = left.restart(|_| true);
            again.lose_power_at(second);
            let _ = Wal::open(again.clone(), OPTIONS);
            if !again.is_powerless() {
                break;
            }
            let finally = again.restart(|_| next() % 2 == 1);
            let label = format!("operation {operation}, then {second} of the opening");
            check(&finally, &steps, done, &before, &label);
        }
    }
}

#[test]
fn any_failing_operation_stops_the_log_and_loses_nothing() {
    let steps = workload();
    let whole = SimDisk::new(9);
    run(&whole, OPTIONS, &steps);
    for operation in 0..whole.operations() {
        let disk = SimDisk::new(9);
        disk.fail_at(operation, std::io::ErrorKind::Other);
        let (done, before) = run(&disk, OPTIONS, &steps);
        assert!(done < steps.len(), "operation {operation} failed and nobody said so");
        // The process starts again on the same disk: what it finds it must be able to keep, also
        // what a failed sync left to be seen and not to be kept.
        let (_, found) = Model::open(&disk);
        assert!(stages(&before, steps.get(done)).contains(&found), "operation {operation}");
        disk.lose_power_at(disk.operations());
        let left = disk.restart(|_| false);
        assert_eq!(Model::open(&left).1, found, "operation {operation}");
    }
}

#[test]
fn a_killed_process_leaves_what_it_wrote_and_power_may_still_take_what_is_not_synced() {
    use bramah_wal::{Disk, DiskFile};

    let disk = SimDisk::new(9);
    let file = disk.create("a").expect("created");
    disk.sync_names().expect("synced");
    file.write_at(0, b"one").expect("written");
    file.sync().expect("synced");
    file.write_at(0, b"two").expect("written");
    disk.lose_power_at(disk.operations());
    let killed = disk.kill();
    // What the dead process still does to its files is not seen, and no fault was taken along.
    disk.remove("a").expect_err("the power of the old folder is gone");
    assert_eq!(killed.content("a").as_deref(), Some(&b"two"[..]));
    assert_eq!(killed.restart(|_| false).content("a").as_deref(), Some(&b"one"[..]));
    killed.create("b").expect("the power of this one is not");
}
