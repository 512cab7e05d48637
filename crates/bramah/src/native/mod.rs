//! The client of a Bramah server.
use std::sync::Arc;

use crate::backend::Backend;
use crate::error::{Error, ErrorKind};
use crate::locker::Options;

pub(crate) async fn connect(
    addresses: Vec<String>,
    _options: Options,
) -> Result<Arc<dyn Backend>, Error> {
    let message = "this backend is not finished";
    Err(Error::new(ErrorKind::Unsupported, format!("connect to {addresses:?}"), message))
}
