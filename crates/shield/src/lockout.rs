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

/// Failures remembered by this process.
#[derive(Default)]
pub struct Lockout(Mutex<HashMap<(String, IpAddr), Failures>>);

impl Lockout {
    /// Seconds this account must wait from this address; 0 when it may try.
    #[must_use]
    pub fn waiting_s(&self, account: &str, address: IpAddr, now: Micros) -> i64 {
        let pairs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(failures) = pairs.get(&(account.to_lowercase(), network(address))) else {
            return 0;
        };
        let until = failures.last.plus_seconds(wait_s(failures.count));
        (until.seconds_since(now).ceil() as i64).max(0)
    }

    /// Remembers a failure.
    pub fn failed(&self, account: &str, address: IpAddr, now: Micros) {
        let mut pairs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pairs.len() >= PAIRS_MAX {
            pairs.retain(|_, f| now.seconds_since(f.last) < FORGET_S as f64);
            if pairs.len() >= PAIRS_MAX
                && let Some(oldest) = pairs
                    .iter()
                    .min_by_key(|(_, f)| f.last)
                    .map(|(k, _)| k.clone())
            {
                pairs.remove(&oldest);
            }
        }
        let entry = pairs.entry((account.to_lowercase(), network(address)));
        let failures = entry.or_insert(Failures {
            count: 0,
            last: now,
        });
        if now.seconds_since(failures.last) >= FORGET_S as f64 {
            failures.count = 0;
        }
        failures.count += 1;
        failures.last = now;
    }

    /// Forgets the failures of a pair that has signed in.
    pub fn succeeded(&self, account: &str, address: IpAddr) {
        let mut pairs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pairs.remove(&(account.to_lowercase(), network(address)));
    }
}

/// Keys that a set of buckets remembers.
const KEYS_MAX: usize = 50_000;

/// Token buckets per key: so many a minute, bursts of the same size, bounded memory.
pub struct Buckets<K> {
    per_minute: f64,
    levels: Mutex<HashMap<K, (f64, Micros)>>,
}

impl<K: std::hash::Hash + Eq> Buckets<K> {
    /// So many a minute for each key.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        Self {
            per_minute: f64::from(per_minute.max(1)),
            levels: Mutex::default(),
        }
    }

    /// Takes one; otherwise answers the seconds until there is one again.
    ///
    /// # Errors
    /// Seconds to wait.
    pub fn take(&self, key: K, now: Micros) -> std::result::Result<(), u64> {
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        if levels.len() >= KEYS_MAX && !levels.contains_key(&key) {
            // Whoever was quiet for a minute has a full bucket again and need not be remembered.
            levels.retain(|_, (_, last)| now.seconds_since(*last) < 60.0);
            if levels.len() >= KEYS_MAX / 2 {
                // Begin anew: looking through them again and again would cost more than it saves.
                levels.clear();
            }
        }
        let (level, last) = levels.entry(key).or_insert((self.per_minute, now));
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
            lockout.failed("Admin", OTHER, now);
        }
        assert!(lockout.waiting_s("admin", OTHER, now) > 0);
        assert_eq!(lockout.waiting_s("admin", ME, now), 0);
        assert_eq!(
            lockout.waiting_s("admin", OTHER, now.plus_seconds(WAIT_S_MAX)),
            0
        );
        lockout.succeeded("admin", OTHER);
        assert_eq!(lockout.waiting_s("admin", OTHER, now), 0);
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
            lockout.failed("admin", address.into(), Micros(0));
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
        assert!(buckets.levels.lock().unwrap().len() <= KEYS_MAX);
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
