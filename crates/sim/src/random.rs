//! Everything that is left to chance in a run, from its seed.
//!
//! The generator is one whose numbers are the same on every machine and in every release, so that a
//! seed stays what it is. Each part of the world draws from a stream of its own: what one part does
//! then leaves the others' luck alone, and a failing plan can be made smaller.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Random(Xoshiro256PlusPlus);

impl Random {
    /// The stream of that name of a seed.
    #[must_use]
    pub fn new(seed: u64, name: &str) -> Random {
        // FNV-1a, which is enough to keep names apart.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        Random(Xoshiro256PlusPlus::seed_from_u64(seed ^ hash.rotate_left(17)))
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        // The high half of the product; its bias is 2^-64 times `end`.
        ((u128::from(self.number()) * u128::from(end)) >> 64) as u64
    }

    /// A number from `first` to `last`, both included.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// Yes, so many times in a million.
    pub fn chance(&mut self, ppm: u32) -> bool {
        self.below(1_000_000) < u64::from(ppm)
    }

    /// One of several, of which there is at least one.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }

    /// A number up to `max`, small ones far more often: evenly over its orders of magnitude.
    pub fn skewed(&mut self, max: u64) -> u64 {
        let bits = u64::from(max.checked_ilog2().map_or(0, |log| log + 1));
        let shift = self.below(bits + 1);
        self.below((max >> shift).saturating_add(1))
    }
}
