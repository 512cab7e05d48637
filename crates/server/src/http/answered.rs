//! The body of an answer on its way: its bytes are counted until the kernel has them.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use http_body::{Body as _, Frame, SizeHint};

use super::stream::{Busy, Untaken};
use crate::limits::{HTTP_REQUEST_BYTES, HTTP_SEND_BYTES_MAX};
use crate::memory::{Charge, OverBudget};

/// An answer of so many bytes is counted with its request, and a body likewise.
pub(super) const SHORT_BYTES: usize = HTTP_REQUEST_BYTES / 2;

/// The body of an answer; the request is over when all of it is given out.
pub(super) struct Answered {
    body: Body,
    /// What came of the body and is not given out.
    rest: Bytes,
    /// Of what is not given out, where the length was known before.
    charge: Charge,
    /// Of the request, with a short answer.
    _request: Charge,
    is_stream: bool,
    busy: Busy,
    /// There is something to give out that nobody has asked for.
    _untaken: Option<Untaken>,
}

/// A part of it, which waits in a buffer of the connection for as long as its client likes.
struct Part {
    bytes: Bytes,
    _charge: Charge,
    _untaken: Untaken,
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Answered {
    /// `request` counts the request and `charge` the body, if that is not short.
    pub(super) fn new(body: Body, request: Charge, charge: Charge, busy: Busy) -> Answered {
        let hint = body.size_hint();
        let untaken = (hint.lower() > 0).then(|| busy.untaken());
        let (rest, is_stream) = (Bytes::new(), hint.exact().is_none());
        Answered { body, rest, charge, _request: request, is_stream, busy, _untaken: untaken }
    }

    /// What counts the next part.
    fn charge_of(&mut self, bytes: usize) -> Result<Charge, OverBudget> {
        match self.is_stream {
            true => self.charge.beside(bytes),
            false => Ok(self.charge.split(bytes)),
        }
    }
}

impl http_body::Body for Answered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let it = &mut *self;
        if it.rest.is_empty() {
            match ready!(Pin::new(&mut it.body).poll_frame(cx)).map(|it| it.map(Frame::into_data)) {
                Some(Ok(Ok(bytes))) => it.rest = bytes,
                Some(Ok(Err(other))) => return Poll::Ready(Some(Ok(other))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        if it.rest.len() <= SHORT_BYTES && !it.is_stream {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut it.rest)))));
        }
        // No more at once than a client takes in time, however slow its line is.
        let bytes = it.rest.split_to(it.rest.len().min(HTTP_SEND_BYTES_MAX));
        let charge = match it.charge_of(bytes.len()) {
            Ok(charge) => charge,
            Err(over) => return Poll::Ready(Some(Err(axum::Error::new(over)))),
        };
        let part = Part { bytes, _charge: charge, _untaken: it.busy.untaken() };
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_owner(part)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (body, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower() + rest);
        if let Some(upper) = body.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}
