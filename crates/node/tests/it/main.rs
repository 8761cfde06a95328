//! Journeys through the whole node: all rooms, the real authority, both databases.

mod bad_data;
mod composition;
mod contract;
mod follow_up;
mod gate;
mod house;
mod process;
mod samples;
mod story;
mod support;
