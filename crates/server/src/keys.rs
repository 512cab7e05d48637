//! Random numbers from the kernel: keys for sessions and holds, numbers of nodes, pauses.

use std::io;

use bramah_core::Key;

const KEYS_LEN: usize = 64;

/// A stock of random keys, so that not each one costs a system call.
#[derive(Default)]
pub(crate) struct Keys {
    stock: Vec<u64>,
}

impl Keys {
    /// The next key.
    ///
    /// # Panics
    /// When the kernel gives no randomness: without it hold ids would prove nothing.
    pub(crate) fn draw(&mut self) -> Key {
        if let Some(key) = self.stock.pop() {
            return Key(key);
        }
        let mut bytes = [0; KEYS_LEN * 8];
        #[expect(clippy::expect_used, reason = "going on without randomness would be unsafe")]
        getrandom::fill(&mut bytes).expect("the kernel gives random bytes");
        let numbers = bytes.as_chunks::<8>().0.iter().map(|chunk| u64::from_ne_bytes(*chunk));
        self.stock.extend(numbers);
        self.stock.pop().map_or_else(|| self.draw(), Key)
    }
}

/// A number that nobody else draws. Never 0, which is nobody's number; within 53 bits, so that
/// every JSON reader gets it right.
pub(crate) fn random_number() -> io::Result<u64> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(u64::from_be_bytes(random) >> 11 | 1)
}

/// A number below `bound`, for pauses: if the kernel gives no randomness it is 0.
pub(crate) fn random_below(bound: u64) -> u64 {
    random_number().map_or(0, |number| (number >> 1) % bound.max(1))
}
