//! A connection to a name that may have several addresses, some of which lead nowhere.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How long an address is tried alone. Then the next is tried beside it.
const ATTEMPT_ALONE: Duration = Duration::from_millis(250);
/// Addresses of one name that are tried, at most.
const ADDRESSES_LEN_MAX: usize = 16;

/// Connects to `HOST:PORT`, whose name is looked up anew: to the first of its addresses that
/// answers. How long that may take is the caller's to say.
///
/// # Errors
/// What came of the last address, if it came of none.
pub(crate) async fn dial(address: &str) -> io::Result<TcpStream> {
    let mut left = interleaved(lookup_host(address).await?.collect()).into_iter();
    let mut attempts = JoinSet::new();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        if let Some(address) = left.next() {
            attempts.spawn(TcpStream::connect(address));
        } else if attempts.is_empty() {
            return Err(last);
        }
        tokio::select! {
            Some(attempt) = attempts.join_next() => match attempt {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = error,
                Err(error) => last = error.into(),
            },
            () = sleep(ATTEMPT_ALONE), if left.len() > 0 => {}
        }
    }
}

/// The addresses in their order, but both families by turns: what is broken is mostly one of them.
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let len_max = first.len().max(second.len());
    let by_turns = (0..len_max).flat_map(|at| [first.get(at), second.get(at)]);
    by_turns.flatten().take(ADDRESSES_LEN_MAX).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().expect("an address")).collect()
    }

    #[test]
    fn families_take_turns_and_each_keeps_its_order() {
        let found = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.0.0.1:1", "1.0.0.2:1"]);
        let order = ["[::1]:1", "1.0.0.1:1", "[::2]:1", "1.0.0.2:1", "[::3]:1"];
        assert_eq!(interleaved(found), addresses(&order));
        let many = (0..40).map(|port| SocketAddr::from(([127, 0, 0, 1], port))).collect();
        assert_eq!(interleaved(many).len(), ADDRESSES_LEN_MAX);
    }

    #[tokio::test]
    async fn an_address_where_nobody_listens_is_told_at_once() {
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = free.local_addr().expect("an address").to_string();
        dial(&address).await.expect("it listens");
        drop(free);
        let error = dial(&address).await.expect_err("nobody listens");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
