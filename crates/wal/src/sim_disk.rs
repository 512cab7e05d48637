//! A disk that can be asked to fail: the same from the same seed, every time.
//!
//! It keeps apart what a process sees and what is durable. Between the two stand unsynced changes,
//! each of which a loss of power keeps or drops as a whole: one sector of 512 bytes, one file
//! length, one name created, renamed or removed. Which ones are kept is the test's choice, in any
//! combination; a real disk and file system allow fewer.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::{Disk, DiskFile};

/// What a loss of power keeps or drops as a whole.
pub const SECTOR_BYTES: usize = 512;

/// A simulated folder. Clones are the same folder, as after the process alone was killed and
/// started again; [`SimDisk::restart`] makes the folder that a loss of power leaves.
#[derive(Clone)]
pub struct SimDisk {
    world: Arc<Mutex<World>>,
}

/// An open file of a [`SimDisk`].
pub struct SimFile {
    world: Arc<Mutex<World>>,
    id: u64,
    /// Says that the file is open.
    _open: Arc<()>,
}

#[derive(Default)]
struct World {
    files: BTreeMap<u64, FileState>,
    next_id: u64,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    unsynced: Vec<Change>,
    operations: u64,
    faults: BTreeMap<u64, Fault>,
    powerless: bool,
    capacity_bytes: Option<u64>,
    random: u64,
}

#[derive(Default)]
struct FileState {
    seen: Vec<u8>,
    durable: Vec<u8>,
    open: Arc<()>,
}

/// One unsynced change.
#[derive(Clone)]
enum Change {
    Sector { file: u64, number: usize, bytes: Vec<u8> },
    Length { file: u64, bytes: usize },
    Link { name: String, file: u64 },
    Unlink { name: String },
    Rename { from: String, to: String, file: u64 },
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    LosePower,
    Fail(io::ErrorKind),
}

impl SimDisk {
    /// An empty folder.
    pub fn new(seed: u64) -> SimDisk {
        SimDisk::with(World { random: seed, ..World::default() })
    }

    /// Operations so far that change something or sync: writes, syncs, names.
    pub fn operations(&self) -> u64 {
        self.world().operations
    }

    /// The power goes with that operation, the first being 0: its change is made and not synced (a
    /// sync does nothing), and it and all after it fail.
    pub fn lose_power_at(&self, operation: u64) {
        self.world().faults.insert(operation, Fault::LosePower);
    }

    /// That operation fails: a write after an arbitrary part of it; a sync for good, so that the
    /// bytes are seen as written, are never made durable, and the next sync is called a success.
    pub fn fail_at(&self, operation: u64, kind: io::ErrorKind) {
        self.world().faults.insert(operation, Fault::Fail(kind));
    }

    /// Lets files grow to this many bytes together; none is no limit.
    pub fn set_capacity_bytes(&self, capacity: Option<u64>) {
        self.world().capacity_bytes = capacity;
    }

    /// Length of all files together.
    pub fn used_bytes(&self) -> u64 {
        self.world().used_bytes()
    }

    /// Whether the power is gone.
    pub fn is_powerless(&self) -> bool {
        self.world().powerless
    }

    /// How many unsynced changes a loss of power may keep or drop now.
    pub fn unsynced_len(&self) -> usize {
        self.world().unsynced.len()
    }

    /// The folder after a loss of power, with those unsynced changes kept for which `keep` says so
    /// by their place in the order in which they were made. This folder stays as it is.
    pub fn restart(&self, mut keep: impl FnMut(usize) -> bool) -> SimDisk {
        let world = self.world();
        let mut files: BTreeMap<u64, Vec<u8>> =
            world.files.iter().map(|(id, file)| (*id, file.durable.clone())).collect();
        let mut names = world.durable_names.clone();
        for (_, change) in world.unsynced.iter().enumerate().filter(|(place, _)| keep(*place)) {
            change.apply(&mut files, &mut names);
        }
        files.retain(|id, _| names.values().any(|named| named == id));
        let state = |bytes: Vec<u8>| FileState {
            seen: bytes.clone(),
            durable: bytes,
            ..FileState::default()
        };
        SimDisk::with(World {
            files: files.into_iter().map(|(id, bytes)| (id, state(bytes))).collect(),
            next_id: world.next_id,
            durable_names: names.clone(),
            names,
            capacity_bytes: world.capacity_bytes,
            random: world.random ^ 0x5265_7374_6172_7421,
            ..World::default()
        })
    }

    /// The folder after the process alone was killed: all that it changed is seen, synced or not,
    /// and no fault is ahead. This folder stays as it is, for what the dead process still drops.
    pub fn kill(&self) -> SimDisk {
        let world = self.world();
        let state = |file: &FileState| FileState {
            seen: file.seen.clone(),
            durable: file.durable.clone(),
            open: Arc::default(),
        };
        SimDisk::with(World {
            files: world.files.iter().map(|(id, file)| (*id, state(file))).collect(),
            next_id: world.next_id,
            names: world.names.clone(),
            durable_names: world.durable_names.clone(),
            unsynced: world.unsynced.clone(),
            capacity_bytes: world.capacity_bytes,
            random: world.random ^ 0x4b69_6c6c_2121_2121,
            ..World::default()
        })
    }

    /// The content of a file as it is seen.
    pub fn content(&self, name: &str) -> Option<Vec<u8>> {
        let world = self.world();
        Some(world.files[world.names.get(name)?].seen.clone())
    }

    /// Changes one bit of a file, on the disk and as it is seen.
    pub fn flip_bit(&self, name: &str, offset: usize, bit: u8) {
        let mut world = self.world();
        let Some(id) = world.names.get(name).copied() else { return };
        let Some(file) = world.files.get_mut(&id) else { return };
        for bytes in [&mut file.seen, &mut file.durable] {
            if let Some(byte) = bytes.get_mut(offset) {
                *byte ^= 1 << (bit % 8);
            }
        }
    }

    fn with(world: World) -> SimDisk {
        SimDisk { world: Arc::new(Mutex::new(world)) }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    fn file(&self, world: &World, id: u64) -> SimFile {
        let open = Arc::clone(&world.files[&id].open);
        SimFile { world: Arc::clone(&self.world), id, _open: open }
    }
}

impl Disk for SimDisk {
    type File = SimFile;

    fn list(&self) -> io::Result<Vec<String>> {
        let world = self.world();
        world.powered()?;
        Ok(world.names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<SimFile> {
        let mut world = self.world();
        let fault = world.begin()?;
        fail(fault)?;
        let id = world.next_id;
        world.next_id += 1;
        world.files.insert(id, FileState::default());
        world.names.insert(name.to_owned(), id);
        world.unsynced.push(Change::Link { name: name.to_owned(), file: id });
        world.end(fault)?;
        Ok(self.file(&world, id))
    }

    fn open(&self, name: &str) -> io::Result<SimFile> {
        let world = self.world();
        world.powered()?;
        let id = *world.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.file(&world, id))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut world = self.world();
        let fault = world.begin()?;
        fail(fault)?;
        let file = world.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        world.names.insert(to.to_owned(), file);
        world.unsynced.push(Change::Rename { from: from.to_owned(), to: to.to_owned(), file });
        world.end(fault)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut world = self.world();
        let fault = world.begin()?;
        fail(fault)?;
        world.names.remove(name).ok_or(io::ErrorKind::NotFound)?;
        world.unsynced.push(Change::Unlink { name: name.to_owned() });
        world.end(fault)
    }

    fn sync_names(&self) -> io::Result<()> {
        let mut world = self.world();
        let fault = world.begin()?;
        fail(fault)?;
        world.end(fault)?;
        world.sync_names();
        world.drop_unreachable();
        Ok(())
    }

    fn salt(&self) -> u64 {
        self.world().next_random()
    }
}

impl DiskFile for SimFile {
    fn bytes(&self) -> io::Result<u64> {
        let world = lock(&self.world);
        world.powered()?;
        Ok(world.files[&self.id].seen.len() as u64)
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let world = lock(&self.world);
        world.powered()?;
        let seen = world.files[&self.id].seen.get(offset as usize..).unwrap_or_default();
        let found = seen.get(..bytes.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        bytes.copy_from_slice(found);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut world = lock(&self.world);
        let fault = world.begin()?;
        let room = world.room(self.id, offset as usize + bytes.len());
        let whole = matches!(fault, None | Some(Fault::LosePower)) && room;
        let bytes = match whole {
            true => bytes,
            // Some part of it, from its start, as a file system does.
            false if room => &bytes[..world.next_random() as usize % (bytes.len() + 1)],
            false => &[],
        };
        world.write(self.id, offset as usize, bytes);
        fail(fault)?;
        if !room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        world.end(fault)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_sectors(0..usize::MAX)
    }

    /// Two operations; makes durable what it wrote, and nothing else that was written before.
    fn write_durably_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_at(offset, bytes)?;
        let end = offset as usize + bytes.len();
        self.sync_sectors(offset as usize / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES))
    }
}

impl SimFile {
    fn sync_sectors(&self, sectors: Range<usize>) -> io::Result<()> {
        let mut world = lock(&self.world);
        let fault = world.begin()?;
        if let Some(Fault::Fail(kind)) = fault {
            world.unsynced.retain(|change| match change {
                Change::Sector { file, number, .. } => {
                    *file != self.id || !sectors.contains(number)
                }
                change => change.file() != Some(self.id),
            });
            return Err(kind.into());
        }
        world.end(fault)?;
        world.sync_sectors(self.id, &sectors);
        Ok(())
    }
}

impl World {
    /// Counts an operation, and says what is to happen to it.
    fn begin(&mut self) -> io::Result<Option<Fault>> {
        self.powered()?;
        let fault = self.faults.remove(&self.operations);
        self.operations += 1;
        Ok(fault)
    }

    /// Ends an operation whose change was made.
    fn end(&mut self, fault: Option<Fault>) -> io::Result<()> {
        self.powerless |= matches!(fault, Some(Fault::LosePower));
        self.powered()
    }

    fn powered(&self) -> io::Result<()> {
        if self.powerless { Err(io::Error::other("the power is gone")) } else { Ok(()) }
    }

    fn write(&mut self, id: u64, offset: usize, bytes: &[u8]) {
        let Some(file) = self.files.get_mut(&id) else { return };
        let end = offset + bytes.len();
        if bytes.is_empty() {
            return;
        }
        if end > file.seen.len() {
            file.seen.resize(end, 0);
            self.unsynced.push(Change::Length { file: id, bytes: end });
        }
        file.seen[offset..end].copy_from_slice(bytes);
        for number in offset / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES) {
            let start = number * SECTOR_BYTES;
            let sector = &file.seen[start..file.seen.len().min(start + SECTOR_BYTES)];
            self.unsynced.push(Change::Sector { file: id, number, bytes: sector.to_vec() });
        }
    }

    /// Makes the changes of these sectors of a file durable, and its length.
    fn sync_sectors(&mut self, id: u64, sectors: &Range<usize>) {
        let Some(FileState { seen, durable, .. }) = self.files.get_mut(&id) else { return };
        self.unsynced.retain(|change| match change {
            // All changes of a sector become durable together, and so what is seen of it does.
            Change::Sector { file, number, .. } if *file == id && sectors.contains(number) => {
                // What lies behind the length of the file is lost with it.
                let end = durable.len().min((number + 1) * SECTOR_BYTES);
                let start = end.min(number * SECTOR_BYTES);
                durable[start..end].copy_from_slice(&seen[start..end]);
                false
            }
            Change::Length { file, bytes } if *file == id => {
                durable.resize(*bytes, 0);
                false
            }
            _ => true,
        });
    }

    /// Makes the changes of names durable.
    fn sync_names(&mut self) {
        let World { unsynced, durable_names, .. } = self;
        unsynced.retain(|change| {
            let stays = change.file().is_some();
            if !stays {
                change.apply(&mut BTreeMap::new(), durable_names);
            }
            stays
        });
    }

    fn room(&self, id: u64, length: usize) -> bool {
        let growth = length.saturating_sub(self.files[&id].seen.len()) as u64;
        growth == 0
            || self.capacity_bytes.is_none_or(|capacity| self.used_bytes() + growth <= capacity)
    }

    fn used_bytes(&self) -> u64 {
        self.names.values().map(|id| self.files[id].seen.len() as u64).sum()
    }

    /// Forgets files without a name that nobody has open.
    fn drop_unreachable(&mut self) {
        let (names, durable) = (&self.names, &self.durable_names);
        self.files.retain(|id, file| {
            Arc::strong_count(&file.open) > 1
                || names.values().chain(durable.values()).any(|named| named == id)
        });
    }

    /// SplitMix64.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Change {
    /// The file whose content it changes.
    fn file(&self) -> Option<u64> {
        match self {
            Change::Sector { file, .. } | Change::Length { file, .. } => Some(*file),
            Change::Link { .. } | Change::Unlink { .. } | Change::Rename { .. } => None,
        }
    }

    fn apply(&self, files: &mut BTreeMap<u64, Vec<u8>>, names: &mut BTreeMap<String, u64>) {
        match self {
            Change::Sector { file, number, bytes } => {
                // What lies behind the length of the file is lost with it.
                let start = number * SECTOR_BYTES;
                if let Some(content) = files.get_mut(file)
                    && let Some(room) = content.len().checked_sub(start)
                {
                    let kept = room.min(bytes.len());
                    content[start..start + kept].copy_from_slice(&bytes[..kept]);
                }
            }
            Change::Length { file, bytes } => {
                files.entry(*file).or_default().resize(*bytes, 0);
            }
            Change::Link { name, file } => {
                names.insert(name.clone(), *file);
            }
            Change::Unlink { name } => {
                names.remove(name);
            }
            Change::Rename { from, to, file } => {
                if names.get(from) == Some(file) {
                    names.remove(from);
                }
                names.insert(to.clone(), *file);
            }
        }
    }
}

impl fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let world = self.world();
        let names: Vec<&String> = world.names.keys().collect();
        f.debug_struct("SimDisk")
            .field("operations", &world.operations)
            .field("names", &names)
            .finish()
    }
}

impl fmt::Debug for SimFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimFile").field("id", &self.id).finish_non_exhaustive()
    }
}

fn fail(fault: Option<Fault>) -> io::Result<()> {
    match fault {
        Some(Fault::Fail(kind)) => Err(kind.into()),
        _ => Ok(()),
    }
}

/// A panic elsewhere leaves the folder as whole as a crash does.
fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}
