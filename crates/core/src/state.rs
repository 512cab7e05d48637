//! The table.
/// The table.
#[derive(Debug)]
pub struct State;
/// Builds a table from facts.
#[derive(Debug)]
pub struct Restore;
