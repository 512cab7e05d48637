//! (under construction)

pub mod convert;
pub mod error;
pub mod event;
pub mod frame;
pub mod listing;
pub mod proto;
mod refusal;
pub mod reply;
pub mod request;

pub use error::{Effect, Error, ErrorCode};
