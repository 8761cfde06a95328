//! Journeys through the whole node: all rooms, the real authority, both databases.

mod composition;
mod contract;
mod house;
mod story;
mod support;
