//! Workbooks a person uploads, byte by byte.
#![no_main]

#[path = "../office.rs"]
mod office;

libfuzzer_sys::fuzz_target!(init: office::let_the_parser_panic(), |bytes: &[u8]| {
    office::read(bytes);
});
