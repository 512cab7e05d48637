//! The one error of the library: a kind to act on, an effect to rely on, a text to read.

use std::fmt;

/// Why something could not be done.
///
/// Its `Debug` is the sentence too, so that a `main` which returns it, and `unwrap`, are readable.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    effect: Effect,
    operation: String,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What kind of error it is. Not getting a lock is none: see [`crate::Acquired`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The service cannot be reached, or has no leader, or is stopping.
    Unavailable,
    /// The hold id is of no living hold.
    NotHolder,
    /// The session ended, and with it all its holds.
    SessionEnded,
    /// A queue is as long as it may be.
    QueueFull,
    /// Another limit of the service is reached.
    LimitExceeded,
    /// The semaphore's limit, or the kind of lock, is not the one in use.
    Mismatch,
    /// Waiting would never end: those who wait, wait for each other.
    Deadlock,
    /// The request makes no sense as it stands.
    Invalid,
    /// This backend cannot do that.
    Unsupported,
    /// The service refuses who asks.
    Denied,
    /// The request was sent, and its answer never came.
    OutcomeUnknown,
    /// The storage of the service, or of this host, failed or is full.
    Storage,
    /// A mistake in this software.
    Internal,
}

/// What the failed request did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Nothing.
    NotApplied,
    /// It may or may not have happened.
    Unknown,
}

impl Error {
    /// An error of a request that did nothing. `operation` and `message` read as one sentence:
    /// could not OPERATION: MESSAGE.
    pub fn new(kind: ErrorKind, operation: impl Into<String>, message: impl Into<String>) -> Error {
        let effect = match kind {
            ErrorKind::OutcomeUnknown => Effect::Unknown,
            _ => Effect::NotApplied,
        };
        let (operation, message) = (operation.into(), message.into());
        Error(Box::new(Inner { kind, effect, operation, message, source: None }))
    }

    /// The same error with what caused it.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Error {
        self.0.source = Some(source.into());
        self
    }

    /// The same error with another effect than its kind's usual one.
    #[must_use]
    pub fn with_effect(mut self, effect: Effect) -> Error {
        self.0.effect = effect;
        self
    }

    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What the request did.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.0.effect
    }

    /// The same request may succeed later, and it is safe to make it again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let passing = matches!(
            self.0.kind,
            ErrorKind::Unavailable | ErrorKind::QueueFull | ErrorKind::Storage
        );
        passing && self.0.effect == Effect::NotApplied
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}: {}", self.0.operation, self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        match &self.0.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
