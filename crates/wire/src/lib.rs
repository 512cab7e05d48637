//! (under construction)

pub mod answer;
pub mod ask;
mod codec;
pub mod convert;
pub mod entry;
pub mod error;
pub mod event;
mod fact;
pub mod frame;
pub mod listing;
pub mod membership;
pub mod proto;
mod refusal;
pub mod reply;
pub mod request;
pub mod snapshot;

pub use codec::DecodeError;
pub use error::{Effect, Error, ErrorCode};
