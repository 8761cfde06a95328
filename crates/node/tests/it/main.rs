//! Journeys through the whole node: all rooms, the real authority, both databases.

mod composition;
mod contract;
mod follow_up;
mod house;
mod process;
mod samples;
mod story;
mod support;
