//! Check digits and shapes of the numbers people and firms are known by. Input is ASCII, already
//! folded from full width; letters may be of either case.

/// First two digits of division codes (GB/T 2260), with 81–83 for Hong Kong, Macao and Taiwan.
const PROVINCES: [u8; 34] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52,
    53, 54, 61, 62, 63, 64, 65, 71, 81, 82,
];
/// The characters of a unified social credit code in the order of their values (GB 32100, table 1):
/// no I, O, S, V, Z.
const CREDIT_CHARS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// Weights of its first 17 characters (GB 32100, 4.3.2).
const CREDIT_WEIGHTS: [u32; 17] = [
    1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28,
];

/// True for 18 characters that have the shape of a resident identity number.
pub(super) fn resident_id_shape(run: &[u8]) -> bool {
    run.len() == 18
        && run[..17].iter().all(u8::is_ascii_digit)
        && (run[17].is_ascii_digit() || run[17].eq_ignore_ascii_case(&b'X'))
}

/// True for a resident identity number whose division, date of birth and check digit agree
/// (GB 11643-1999: ISO 7064 MOD 11-2).
pub(super) fn resident_id(run: &[u8]) -> bool {
    resident_id_shape(run) && province(run) && date(&run[6..14]) && resident_check(run)
}

/// True for the 15 digits used before 1999, which carry no check digit.
pub(super) fn resident_id_old(run: &[u8]) -> bool {
    if run.len() != 15 || !run.iter().all(u8::is_ascii_digit) || !province(run) {
        return false;
    }
    let mut born = *b"19000000";
    born[2..].copy_from_slice(&run[6..12]);
    date(&born)
}

fn resident_check(run: &[u8]) -> bool {
    // The weight of place i, counted from the right, is 2^i mod 11; the sum is 1 mod 11.
    let mut weight = 1_u32;
    let mut sum = 0;
    for &byte in run.iter().rev() {
        let value = if byte.eq_ignore_ascii_case(&b'X') {
            10
        } else {
            u32::from(byte - b'0')
        };
        sum = (sum + value * weight) % 11;
        weight = weight * 2 % 11;
    }
    sum == 1
}

fn province(run: &[u8]) -> bool {
    PROVINCES.contains(&((run[0] - b'0') * 10 + (run[1] - b'0'))) || run.starts_with(b"83")
}

fn number(digits: &[u8]) -> i16 {
    digits
        .iter()
        .fold(0, |n, d| n * 10 + i16::from(d.saturating_sub(b'0')))
}

/// True for a day YYYYMMDD on which somebody in today's files can be born.
fn date(digits: &[u8]) -> bool {
    let (year, month, day) = (
        number(&digits[..4]),
        number(&digits[4..6]),
        number(&digits[6..8]),
    );
    let narrow = |n: i16| i8::try_from(n).unwrap_or_default();
    (1880..=2100).contains(&year)
        && jiff::civil::Date::new(year, narrow(month), narrow(day)).is_ok()
}

/// True for 18 characters that have the shape of a unified social credit code.
pub(super) fn credit_code_shape(run: &[u8]) -> bool {
    run.len() == 18
        && run.iter().all(|&b| credit_value(b).is_some())
        && run[2..8].iter().all(u8::is_ascii_digit)
}

fn credit_value(byte: u8) -> Option<u32> {
    let upper = byte.to_ascii_uppercase();
    let place = CREDIT_CHARS.iter().position(|&c| c == upper)?;
    u32::try_from(place).ok()
}

/// True for a unified social credit code whose check character agrees (GB 32100-2015, 4.3).
pub(super) fn credit_code(run: &[u8]) -> bool {
    if !credit_code_shape(run) {
        return false;
    }
    let sum: u32 = run
        .iter()
        .zip(CREDIT_WEIGHTS)
        .map(|(&b, weight)| credit_value(b).unwrap_or_default() * weight)
        .sum();
    credit_value(run[17]) == Some((31 - sum % 31) % 31)
}

/// True for 13 to 19 digits.
pub(super) fn card_shape(run: &[u8]) -> bool {
    (13..=19).contains(&run.len()) && run.iter().all(u8::is_ascii_digit)
}

/// True for a bank card number: an issuer's first digits and a check digit that agrees
/// (ISO/IEC 7812-1, annex B). Cards issued here begin with 62; 3, 4, 5 and 9 are others' and older.
pub(super) fn bank_card(run: &[u8]) -> bool {
    card_shape(run) && matches!(run[0], b'3' | b'4' | b'5' | b'6' | b'9') && luhn(run)
}

fn luhn(run: &[u8]) -> bool {
    let sum: u32 = run
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &byte)| {
            let value = u32::from(byte - b'0') * if place % 2 == 1 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

/// True for a mobile number of the mainland, with or without the country code 86.
pub(super) fn mobile(run: &[u8]) -> bool {
    let local = match run.len() {
        13 if run.starts_with(b"86") => &run[2..],
        11 => run,
        _ => return false,
    };
    local.iter().all(u8::is_ascii_digit) && local[0] == b'1' && local[1] >= b'3'
}

/// True for a passport number of the mainland: E or G with eight digits, E with a letter and seven
/// digits, and the service, diplomatic and public affairs series D, S and P.
pub(super) fn passport(run: &[u8]) -> bool {
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let letter = |b: u8| b.is_ascii_uppercase() && b != b'I' && b != b'O';
    match run {
        [b'E' | b'G' | b'D' | b'S' | b'P', rest @ ..] if rest.len() == 8 && digits(rest) => true,
        [b'E', second, rest @ ..] if rest.len() == 7 => letter(*second) && digits(rest),
        [b'D' | b'S' | b'P', b'E', rest @ ..] if rest.len() == 7 => digits(rest),
        _ => false,
    }
}
