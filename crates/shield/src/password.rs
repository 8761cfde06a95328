//! Passwords: Argon2id (RFC 9106) with the library's parameters, 19 MiB, two passes, one lane (a
//! choice of the OWASP password cheat sheet), hashed away from the async threads, a few at a time.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use tianyuan_kernel::prelude::*;
use tokio::sync::Semaphore;

/// Shortest and longest password in characters.
pub const LENGTH: std::ops::RangeInclusive<usize> = 10..=200;

/// Hashing at once; each takes 19 MiB.
static AT_ONCE: Semaphore = Semaphore::const_new(4);

async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let _turn = AT_ONCE.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)
}

/// Refuses what is too short, too long, or the user name itself.
///
/// # Errors
/// 422 that says what would be right.
pub fn check(field: &'static str, password: &str, username: &str) -> Result<()> {
    let (min, max) = (LENGTH.start(), LENGTH.end());
    if !LENGTH.contains(&password.chars().count()) || password.contains('\0') {
        let words = text!(
            "密码应为 {min} 到 {max} 个字符。",
            "A password has {min} to {max} characters."
        );
        return Err(Error::invalid("password_length", field, words));
    }
    let first = password.chars().next();
    if password.eq_ignore_ascii_case(username) || password.chars().all(|c| Some(c) == first) {
        let words = Text::new(
            "密码不能是用户名，也不能是同一个字符的重复。",
            "A password is neither the user name nor one character repeated.",
        );
        return Err(Error::invalid("password_weak", field, words));
    }
    Ok(())
}

/// Hashes a password.
///
/// # Errors
/// 500 when hashing fails.
pub async fn hash(app: &App, password: &str) -> Result<String> {
    let salt = SaltString::encode_b64(&app.random::<16>()).map_err(Error::internal)?;
    let password = password.to_owned();
    on_a_thread(move || {
        let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
        hash.map(|h| h.to_string()).map_err(Error::internal)
    })
    .await?
}

/// True when the password is the one that was hashed. Without a hash it works as long as with
/// one, so that the time does not tell whether an account exists.
///
/// # Errors
/// 500 when the stored hash is unreadable.
pub async fn verify(app: &App, password: &str, hash: Option<&str>) -> Result<bool> {
    let Some(hash) = hash.map(str::to_owned) else {
        let _only_for_its_time = self::hash(app, password).await?;
        return Ok(false);
    };
    let password = password.to_owned();
    on_a_thread(move || {
        let parsed = PasswordHash::new(&hash).map_err(Error::internal)?;
        Ok(Argon2::default()
            .verify_password(password.as_bytes(), &parsed)
            .is_ok())
    })
    .await?
}

/// A random password that people can type: 20 letters and digits without look-alikes.
#[must_use]
pub fn random(app: &App) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let bytes = app.random::<20>();
    let mut word: String = bytes
        .iter()
        .map(|b| ALPHABET[usize::from(b % 32)] as char)
        .collect();
    for place in [15, 10, 5] {
        word.insert(place, '-');
    }
    word
}
