//! Chance for Monte-Carlo draws: xoshiro256++ from a seed that is kept with the index, so that a
//! result can be made again, on any machine and any version.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng as _, SeedableRng as _};

/// Largest seed: what a JSON number carries exactly.
pub const SEED_MAX: i64 = (1 << 53) - 1;

/// A stream of numbers.
pub struct Random(Xoshiro256PlusPlus);

impl Random {
    /// From a seed.
    #[must_use]
    pub fn new(seed: i64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed.unsigned_abs()))
    }

    /// The next number, from 0 up to but without 1.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of so many.
    pub fn one_of(&mut self, count: usize) -> usize {
        ((self.unit() * count as f64) as usize).min(count.saturating_sub(1))
    }
}
