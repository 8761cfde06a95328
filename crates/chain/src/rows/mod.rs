//! Rows on their way out: pages of them for tables and scripts, and whole files. Every exit here
//! asks the lake, and the lake's gate decides what leaves and in what form.

pub mod api;
mod export;
