//! `tianyuan`: one binary that runs a region's digital trunk line (数字干线).
//!
//! Start reading at [`compose`] (which rooms there are), then [`serve`] (a running node) and
//! [`web`] (what is served besides the rooms' operations).

pub mod backup;
pub mod cli;
pub mod compose;
pub mod demo;
pub mod recovery;
pub mod reference;
pub mod serve;
pub mod web;
