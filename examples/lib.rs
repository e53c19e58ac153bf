//! The load trace that the stories share.

/// Requests a minute, 1–21 June 1998; see `crates/plimsoll/data/README.md` for origin and terms.
pub const WORLD_CUP: &str = include_str!("../crates/plimsoll/data/worldcup98_part1_1m.csv");
