//! The `bramah` command line.
fn main() {}
