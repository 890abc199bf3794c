//! What the institution does with a guarantee: one file per act.

pub mod decline;
