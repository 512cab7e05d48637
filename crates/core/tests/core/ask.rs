//! How a scenario says what it asks for.

use bramah_core::{Acquire, AcquireMany, IfHeld, Item, Key, Mode, Priority, Terms, Wait};

use crate::table::{lock_name, value};

/// One lock, asked for with no limit of time unless said otherwise.
#[derive(Clone)]
pub(crate) struct Ask(Acquire);

pub(crate) fn exclusive(name: &str) -> Ask {
    ask(name, Mode::Exclusive)
}

pub(crate) fn shared(name: &str) -> Ask {
    ask(name, Mode::Shared)
}

pub(crate) fn permits(name: &str, count: u32, limit: u32) -> Ask {
    ask(name, Mode::Permits { count, limit })
}

fn ask(name: &str, mode: Mode) -> Ask {
    Ask(Acquire {
        item: Item { name: lock_name(name), mode, value: None },
        key: Key(0),
        wait: Wait::Forever,
        priority: Priority(0),
        if_held: IfHeld::Refuse,
        max_waiters: None,
        terms: Terms::default(),
    })
}

impl Ask {
    pub(crate) fn try_once(mut self) -> Ask {
        self.0.wait = Wait::Try;
        self
    }

    pub(crate) fn for_ms(mut self, ms: u64) -> Ask {
        self.0.wait = Wait::ForMs(ms);
        self
    }

    pub(crate) fn priority(mut self, priority: i8) -> Ask {
        self.0.priority = Priority(priority);
        self
    }

    pub(crate) fn value(mut self, text: &str) -> Ask {
        self.0.item.value = Some(value(text));
        self
    }

    pub(crate) fn reenter(mut self) -> Ask {
        self.0.if_held = IfHeld::Reenter;
        self
    }

    /// The session has several independent users.
    pub(crate) fn many_users(mut self) -> Ask {
        self.0.if_held = IfHeld::Queue;
        self
    }

    pub(crate) fn max_waiters(mut self, max: u32) -> Ask {
        self.0.max_waiters = Some(max);
        self
    }

    pub(crate) fn lock_delay(mut self, ms: u64) -> Ask {
        self.0.terms.lock_delay_ms = ms;
        self
    }

    pub(crate) fn min_hold(mut self, ms: u64) -> Ask {
        self.0.terms.min_hold_ms = ms;
        self
    }

    pub(crate) fn max_hold(mut self, ms: u64) -> Ask {
        self.0.terms.max_hold_ms = ms;
        self
    }

    pub(crate) fn with_key(mut self, key: Key) -> Acquire {
        self.0.key = key;
        self.0
    }
}

impl From<&str> for Ask {
    fn from(name: &str) -> Ask {
        exclusive(name)
    }
}

/// Several locks at once.
pub(crate) struct Many(AcquireMany);

pub(crate) fn many(asks: impl IntoIterator<Item = Ask>) -> Many {
    Many(AcquireMany {
        items: asks.into_iter().map(|ask| ask.0.item).collect(),
        key: Key(0),
        wait: Wait::Forever,
        priority: Priority(0),
        if_held: IfHeld::Refuse,
        terms: Terms::default(),
    })
}

impl Many {
    pub(crate) fn wait(mut self, wait: Wait) -> Many {
        self.0.wait = wait;
        self
    }

    pub(crate) fn priority(mut self, priority: i8) -> Many {
        self.0.priority = Priority(priority);
        self
    }

    pub(crate) fn if_held(mut self, if_held: IfHeld) -> Many {
        self.0.if_held = if_held;
        self
    }

    pub(crate) fn with_key(mut self, key: Key) -> AcquireMany {
        self.0.key = key;
        self.0
    }
}

impl<const N: usize> From<[&str; N]> for Many {
    fn from(names: [&str; N]) -> Many {
        many(names.map(exclusive))
    }
}
