//! The ledgers through public doors, on both databases.

mod erased;
mod keeping;
mod proving;
mod support;
mod verifying;
mod witnessing;
