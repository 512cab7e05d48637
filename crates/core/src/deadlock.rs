//! deadlock
