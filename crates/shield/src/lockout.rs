//! Slows down guessing. Failures count for an account and an address together, so that nobody
//! can shut somebody else out by failing in their name from elsewhere.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use tianyuan_kernel::prelude::*;

/// Failures that cost nothing.
const FREE_FAILURES: u32 = 5;
/// Longest wait in seconds.
const WAIT_S_MAX: i64 = 900;
/// After so many seconds of quiet, failures are forgotten.
const FORGET_S: i64 = 3_600;
/// Pairs that are remembered; beyond it the oldest go first.
const PAIRS_MAX: usize = 10_000;

/// The network an address stands for when callers are counted: whoever has one IPv6 address has
/// 2^64 of them, so those count as one. IPv4 inside IPv6 is IPv4.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let prefix = u128::from(v6) >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
        v4 => v4,
    }
}

/// Seconds to wait after so many failures in a row.
#[must_use]
pub fn wait_s(failures: u32) -> i64 {
    if failures < FREE_FAILURES {
        return 0;
    }
    let doublings = (failures - FREE_FAILURES).min(20);
    (1_i64 << (doublings + 1)).min(WAIT_S_MAX)
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Micros,
}

impl Failures {
    fn waiting_s(self, now: Micros) -> i64 {
        let until = self.last.plus_seconds(wait_s(self.count));
        (until.seconds_since(now).ceil() as i64).max(0)
    }
}

/// Failures remembered by this process.
#[derive(Default)]
pub struct Lockout(Mutex<HashMap<(String, IpAddr), Failures>>);

impl Lockout {
    /// Seconds this account must wait from this address; 0 when it may try.
    #[must_use]
    pub fn waiting_s(&self, account: &str, address: IpAddr, now: Micros) -> i64 {
        let pairs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = pairs.get(&(account.to_lowercase(), network(address)));
        failures.map_or(0, |f| f.waiting_s(now))
    }

    /// Goes on only when this account may try from this address.
    ///
    /// # Errors
    /// Seconds to wait.
    pub fn check(
        &self,
        account: &str,
        address: IpAddr,
        now: Micros,
    ) -> std::result::Result<(), u64> {
        match self.waiting_s(account, address, now) {
            0 => Ok(()),
            wait => Err(wait.unsigned_abs()),
        }
    }

    /// Takes note of an attempt that was looked at: counts a failure, forgets the failures after
    /// a success. Whoever must wait by now learns nothing, not even that they were right:
    /// otherwise a hundred guesses at once would all have begun before the first one failed.
    ///
    /// # Errors
    /// Seconds to wait.
    pub fn settle(
        &self,
        account: &str,
        address: IpAddr,
        now: Micros,
        right: bool,
    ) -> std::result::Result<(), u64> {
        let mut pairs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = (account.to_lowercase(), network(address));
        let wait = pairs.get(&pair).map_or(0, |f| f.waiting_s(now));
        if wait > 0 {
            return Err(wait.unsigned_abs());
        }
        if right {
            pairs.remove(&pair);
            return Ok(());
        }
        if pairs.len() >= PAIRS_MAX && !pairs.contains_key(&pair) {
            forget(&mut pairs, now);
        }
        let failures = pairs.entry(pair).or_insert(Failures {
            count: 0,
            last: now,
        });
        if now.seconds_since(failures.last) >= FORGET_S as f64 {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
        Ok(())
    }
}

/// Forgets what is an hour old, or else the one pair that was quiet for longest.
fn forget(pairs: &mut HashMap<(String, IpAddr), Failures>, now: Micros) {
    pairs.retain(|_, f| now.seconds_since(f.last) < FORGET_S as f64);
    if pairs.len() < PAIRS_MAX {
        return;
    }
    let oldest = pairs.iter().min_by_key(|(_, f)| f.last);
    if let Some(oldest) = oldest.map(|(pair, _)| pair.clone()) {
        pairs.remove(&oldest);
    }
}

/// Keys that a set of buckets remembers.
const KEYS_MAX: usize = 50_000;

/// A bucket's level, and when it was last looked at.
type Level = (f64, Micros);

/// Token buckets per key: so many a minute, bursts of the same size, bounded memory.
pub struct Buckets<K> {
    per_minute: f64,
    levels: Mutex<Generations<K>>,
}

/// Two generations of at most half of [`KEYS_MAX`] keys. Whoever comes moves to the young one;
/// when that is full, the old one is dropped whole. So only keys are forgotten after which
/// `KEYS_MAX / 2` others came, without ever looking through all of them: whoever goes on asking
/// stays known, however many others are sent in between.
struct Generations<K> {
    young: HashMap<K, Level>,
    old: HashMap<K, Level>,
}

impl<K: std::hash::Hash + Eq> Generations<K> {
    fn level(&mut self, key: K, new: Level) -> &mut Level {
        let known = self.old.remove(&key).unwrap_or(new);
        if self.young.len() >= KEYS_MAX / 2 && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.entry(key).or_insert(known)
    }
}

impl<K: std::hash::Hash + Eq> Buckets<K> {
    /// So many a minute for each key.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        Self {
            per_minute: f64::from(per_minute.max(1)),
            levels: Mutex::new(Generations {
                young: HashMap::new(),
                old: HashMap::new(),
            }),
        }
    }

    /// Takes one; otherwise answers the seconds until there is one again.
    ///
    /// # Errors
    /// Seconds to wait.
    pub fn take(&self, key: K, now: Micros) -> std::result::Result<(), u64> {
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        let (level, last) = levels.level(key, (self.per_minute, now));
        let gained = now.seconds_since(*last).max(0.0) * self.per_minute / 60.0;
        *level = (*level + gained).min(self.per_minute);
        *last = now;
        if *level >= 1.0 {
            *level -= 1.0;
            return Ok(());
        }
        Err(((1.0 - *level) * 60.0 / self.per_minute).ceil() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    #[test]
    fn waiting_grows_and_is_bounded() {
        assert_eq!(wait_s(4), 0);
        assert_eq!(wait_s(5), 2);
        assert_eq!(wait_s(6), 4);
        assert_eq!(wait_s(u32::MAX), WAIT_S_MAX);
        assert!((0..100).all(|n| wait_s(n) <= wait_s(n + 1)));
    }

    #[test]
    fn failing_in_somebodys_name_from_elsewhere_does_not_shut_them_out() {
        let lockout = Lockout::default();
        let now = Micros(0);
        for _ in 0..20 {
            let _counts_until_it_waits = lockout.settle("Admin", OTHER, now, false);
        }
        assert!(lockout.waiting_s("admin", OTHER, now) > 0);
        assert_eq!(lockout.waiting_s("admin", ME, now), 0);
        let later = now.plus_seconds(WAIT_S_MAX);
        assert_eq!(lockout.check("admin", OTHER, later), Ok(()));
        assert_eq!(lockout.settle("admin", OTHER, later, true), Ok(()));
        assert_eq!(lockout.waiting_s("admin", OTHER, now), 0);
    }

    #[test]
    fn of_many_guesses_at_once_only_the_free_ones_learn_anything() {
        let lockout = Lockout::default();
        let now = Micros(0);
        // All of them were let in before the first was looked at; the last one is right.
        assert!((0..100).all(|_| lockout.check("admin", ME, now).is_ok()));
        let told = (0..99).filter(|_| lockout.settle("admin", ME, now, false).is_ok());
        assert_eq!(told.count(), FREE_FAILURES as usize);
        assert_eq!(lockout.settle("admin", ME, now, true), Err(2));
    }

    #[test]
    fn the_oldest_pair_goes_first_and_the_others_stay() {
        let lockout = Lockout::default();
        let later = Micros(1_000_000);
        for _ in 0..5 {
            lockout.settle("first", ME, Micros(0), false).unwrap();
            lockout.settle("second", ME, later, false).unwrap();
        }
        for stranger in 0..PAIRS_MAX - 1 {
            let name = format!("stranger{stranger}");
            lockout.settle(&name, OTHER, later, false).unwrap();
        }
        assert_eq!(lockout.0.lock().unwrap().len(), PAIRS_MAX);
        assert_eq!(lockout.waiting_s("first", ME, Micros(0)), 0);
        assert_eq!(lockout.waiting_s("second", ME, later), 2);
    }

    #[test]
    fn an_ipv6_network_counts_as_one_caller() {
        let at = |text: &str| network(text.parse().unwrap());
        assert_eq!(at("2001:db8:1:2:aaaa::1"), at("2001:db8:1:2::9"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_eq!(at("::ffff:10.0.0.1"), ME);
        assert_ne!(at("10.0.0.1"), at("10.0.0.2"));
        let lockout = Lockout::default();
        for host in 0..6_u16 {
            let address = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host);
            let _counts_until_it_waits = lockout.settle("admin", address.into(), Micros(0), false);
        }
        let another = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 9, 9, 9, 9);
        assert!(lockout.waiting_s("admin", another.into(), Micros(0)) > 0);
    }

    #[test]
    fn buckets_stay_bounded_whoever_comes() {
        let buckets = Buckets::new(1);
        for key in 0..3 * KEYS_MAX {
            assert_eq!(buckets.take(key, Micros(0)), Ok(()));
        }
        let levels = buckets.levels.lock().unwrap();
        assert!(levels.young.len() + levels.old.len() <= KEYS_MAX);
    }

    #[test]
    fn a_flood_of_others_does_not_refill_a_bucket() {
        let buckets = Buckets::new(1);
        let me = usize::MAX;
        assert_eq!(buckets.take(me, Micros(0)), Ok(()));
        for other in 0..3 * KEYS_MAX {
            assert_eq!(buckets.take(other, Micros(0)), Ok(()));
            if other % 1_000 == 0 {
                assert_eq!(buckets.take(me, Micros(0)), Err(60), "after {other}");
            }
        }
    }

    #[test]
    fn a_bucket_gives_its_rate_and_no_more() {
        let buckets = Buckets::new(60);
        let taken = (0..100)
            .filter(|_| buckets.take(1, Micros(0)).is_ok())
            .count();
        assert_eq!(taken, 60);
        assert_eq!(buckets.take(1, Micros(0)), Err(1));
        assert_eq!(buckets.take(2, Micros(0)), Ok(()));
        assert_eq!(buckets.take(1, Micros(1_000_000)), Ok(()));
        assert_eq!(buckets.take(1, Micros(1_000_000)), Err(1));
    }
}
