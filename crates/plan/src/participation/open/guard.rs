//! What holds off floods: counts a minute of an address and of all, and a challenge whose answer
//! costs the sender a moment and the node one hash.
//!
//! A challenge is signed with the round's secret, ends after some minutes, and is taken once by
//! each node. Nothing of it names the sender.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tianyuan_kernel::App;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use super::super::rounds::Round;

/// Seconds for which a challenge can be answered.
const CHALLENGE_S: i64 = 900;
/// Addresses counted in one minute; beyond these only the count of all holds.
const ADDRESSES_MAX: usize = 200_000;
/// Answered challenges remembered.
const ANSWERED_MAX: usize = 500_000;
/// Longest answer, characters.
const SOLUTION_CHARS_MAX: usize = 32;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// An opinion, or a file that comes with it.
    Opinion,
    /// A vote.
    Vote,
}

/// A challenge to answer before sending.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Challenge {
    /// The text to put before the answer.
    pub challenge: String,
    /// How many leading zero bits SHA-256 of `challenge:answer` must have; 0 when none is needed.
    pub bits: u32,
    /// Until when it can be answered.
    pub expires_at: Micros,
}

#[derive(Default)]
struct Minute {
    minute: i64,
    all: HashMap<Act, u32>,
    by_address: HashMap<(Act, IpAddr), u32>,
}

/// The counts of this minute, and the challenges already answered.
#[derive(Default)]
pub struct Guard {
    minute: Mutex<Minute>,
    answered: Mutex<HashMap<[u8; 32], i64>>,
}

/// An IPv6 customer has a /64; counting single addresses would count nothing.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => {
                let s = v6.segments();
                IpAddr::V6(Ipv6Addr::new(s[0], s[1], s[2], s[3], 0, 0, 0, 0))
            }
        },
    }
}

impl Guard {
    /// Counts an act, or refuses it until the next minute.
    ///
    /// # Errors
    /// 429 with the seconds to wait.
    pub fn take(&self, app: &App, act: Act, address: Option<IpAddr>) -> Result<()> {
        let limits = &app.config().participation;
        let (one, all) = match act {
            Act::Opinion => (
                limits.opinions_per_minute_address,
                limits.opinions_per_minute,
            ),
            Act::Vote => (limits.votes_per_minute_address, limits.votes_per_minute),
        };
        let now_s = app.now().0 / 1_000_000;
        let left_s = u64::try_from(60 - now_s.rem_euclid(60)).unwrap_or(60);
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        if minute.minute != now_s.div_euclid(60) {
            *minute = Minute {
                minute: now_s.div_euclid(60),
                ..Minute::default()
            };
        }
        let total = *minute.all.get(&act).unwrap_or(&0);
        let key = address.map(|a| (act, network(a)));
        let own = key
            .and_then(|k| minute.by_address.get(&k).copied())
            .unwrap_or(0);
        if own >= one || total >= all {
            return Err(too_often(own >= one, left_s));
        }
        *minute.all.entry(act).or_default() += 1;
        if let Some(key) = key
            && (minute.by_address.len() < ADDRESSES_MAX || minute.by_address.contains_key(&key))
        {
            *minute.by_address.entry(key).or_default() += 1;
        }
        Ok(())
    }

    /// Takes the answer to a challenge, once.
    ///
    /// # Errors
    /// 422 when it is not one of ours, too old, wrong, or taken before.
    pub fn answer(&self, app: &App, round: &Round, challenge: &str, solution: &str) -> Result<()> {
        let bits = app.config().participation.challenge_bits;
        if bits == 0 {
            return Ok(());
        }
        let now_s = app.now().0 / 1_000_000;
        let ends_s = opened(round, challenge).filter(|ends_s| *ends_s > now_s);
        let Some(ends_s) = ends_s else {
            return Err(wrong(
                "challenge_unknown",
                Text::new(
                    "页面停留太久，请再提交一次。",
                    "The page stood too long; send it once more.",
                ),
            ));
        };
        let digest = Sha256::digest(format!("{challenge}:{solution}").as_bytes());
        if solution.len() > SOLUTION_CHARS_MAX || zero_bits(&digest) < bits {
            return Err(wrong(
                "challenge_unanswered",
                Text::new(
                    "校验没有通过，请刷新页面后再提交。",
                    "The check failed; reload the page and send it again.",
                ),
            ));
        }
        let key: [u8; 32] = Sha256::digest(challenge.as_bytes()).into();
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if answered.len() >= ANSWERED_MAX {
            answered.retain(|_, ends| *ends > now_s);
        }
        if answered.insert(key, ends_s).is_some() {
            return Err(wrong(
                "challenge_used",
                Text::new(
                    "这次提交已收到，请不要重复提交。",
                    "This was received already; do not send it twice.",
                ),
            ));
        }
        Ok(())
    }
}

fn wrong(code: &'static str, words: Text) -> Error {
    Error::invalid(code, "challenge", words)
}

fn too_often(of_address: bool, seconds: u64) -> Error {
    let words = if of_address {
        text!(
            "这个网络地址提交得太频繁，请 {seconds} 秒后再试；已写的内容不会丢失。",
            "Too much from this network address; try again in {seconds} seconds. What you wrote stays."
        )
    } else {
        text!(
            "现在提交的人很多，请 {seconds} 秒后再试；已写的内容不会丢失。",
            "Many are sending right now; try again in {seconds} seconds. What you wrote stays."
        )
    };
    Error::too_many("too_many_opinions", words, seconds)
}

/// A new challenge of a round.
#[must_use]
pub fn challenge(app: &App, round: &Round) -> Challenge {
    let ends_s = app.now().0 / 1_000_000 + CHALLENGE_S;
    let text = format!("{}.{ends_s}", hex::encode(app.random::<12>()));
    let seal = seal(round, &text);
    Challenge {
        challenge: format!("{text}.{seal}"),
        bits: app.config().participation.challenge_bits,
        expires_at: Micros(ends_s * 1_000_000),
    }
}

fn seal(round: &Round, text: &str) -> String {
    let key = round.salt.as_deref().unwrap_or_default();
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return String::new();
    };
    mac.update(b"tianyuan/challenge/v1\n");
    mac.update(round.id.as_str().as_bytes());
    mac.update(text.as_bytes());
    hex::encode(&mac.finalize().into_bytes()[..16])
}

/// When a challenge of the round ends, in seconds; `None` for others'.
fn opened(round: &Round, challenge: &str) -> Option<i64> {
    let (text, given) = challenge.rsplit_once('.')?;
    // Its seal is as long as a digest; comparing it in full time tells nothing of the key.
    let expected = seal(round, text);
    let differ = expected
        .bytes()
        .zip(given.bytes())
        .fold(0, |d, (a, b)| d | (a ^ b));
    if round.salt.is_none() || expected.len() != given.len() || differ != 0 {
        return None;
    }
    text.rsplit_once('.')?.1.parse().ok()
}

fn zero_bits(digest: &[u8]) -> u32 {
    let mut bits = 0;
    for byte in digest {
        bits += byte.leading_zeros();
        if *byte != 0 {
            break;
        }
    }
    bits
}

/// The answer to a challenge, as a browser works it out.
#[must_use]
pub fn solve(challenge: &str, bits: u32) -> String {
    (0_u64..)
        .map(|n| n.to_string())
        .find(|n| zero_bits(&Sha256::digest(format!("{challenge}:{n}").as_bytes())) >= bits)
        .unwrap_or_default()
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn zero_bits_are_counted_from_the_front() {
        assert_eq!(zero_bits(&[0, 0b0001_0000]), 11);
        assert_eq!(zero_bits(&[0x80]), 0);
        let solution = solve("x", 8);
        assert!(zero_bits(&Sha256::digest(format!("x:{solution}").as_bytes())) >= 8);
    }

    #[test]
    fn an_ipv6_network_is_one_sender() {
        let a: IpAddr = "2001:db8:1:2:aaaa::1".parse().unwrap();
        let b: IpAddr = "2001:db8:1:2:bbbb::2".parse().unwrap();
        assert_eq!(network(a), network(b));
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(network(mapped), "192.0.2.1".parse::<IpAddr>().unwrap());
    }
}
