//! The `baohan` program.
fn main() {}
