//! Connects to a server at the first of its addresses that answers ("happy eyeballs", RFC 8305).

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::limits::{ADDRESSES_DIALED_MAX, DIAL_HEAD_START_MAX};

/// Connects to `HOST:PORT`, whose name may have several addresses.
///
/// # Errors
/// Why the name has no address, or why the address that failed last does not answer.
pub(super) async fn dial(server: &str, dial_max: Duration) -> io::Result<TcpStream> {
    dial_any(interleaved(lookup_host(server).await?), dial_max).await
}

/// Calls the addresses one after the other, the next one as soon as one has failed or its head
/// start is over. All of them are called well before `dial_max` is over.
async fn dial_any(addresses: Vec<SocketAddr>, dial_max: Duration) -> io::Result<TcpStream> {
    let head_start = DIAL_HEAD_START_MAX.min(dial_max / (addresses.len() as u32 + 1));
    let mut why = io::Error::new(io::ErrorKind::NotFound, "its name has no address");
    let mut attempts = JoinSet::new();
    let mut addresses = addresses.into_iter();
    loop {
        if let Some(address) = addresses.next() {
            attempts.spawn(TcpStream::connect(address));
        }
        let ended = if addresses.len() == 0 {
            attempts.join_next().await
        } else {
            let Ok(ended) = timeout(head_start, attempts.join_next()).await else { continue };
            ended
        };
        match ended {
            None => return Err(why),
            Some(Ok(Ok(stream))) => return Ok(stream),
            Some(Ok(Err(error))) => why = error,
            Some(Err(error)) => why = error.into(),
        }
    }
}

/// The addresses in their order, but for the families, which take turns: where one of them does not
/// work at all, only every second call is in vain.
fn interleaved(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut of_family = [0, 0];
    let mut ranked: Vec<(usize, SocketAddr)> = addresses
        .map(|address| {
            let rank = &mut of_family[usize::from(address.is_ipv6())];
            *rank += 1;
            (*rank, address)
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, address)| address).take(ADDRESSES_DIALED_MAX).collect()
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpSocket};
    use tokio::time::Instant;

    use super::*;

    const DIAL_MAX: Duration = Duration::from_secs(30);

    /// An address that drops what is sent to it: its backlog is full. With what must be kept for
    /// that.
    async fn silent() -> (SocketAddr, TcpListener, Vec<JoinSet<io::Result<TcpStream>>>) {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
        let listener = socket.listen(1).expect("a listener");
        let address = listener.local_addr().expect("its address");
        let mut kept = Vec::new();
        loop {
            let mut attempt = JoinSet::new();
            attempt.spawn(TcpStream::connect(address));
            let is_full = timeout(Duration::from_millis(300), attempt.join_next()).await;
            match is_full {
                Ok(Some(Ok(Ok(stream)))) => {
                    attempt.spawn(async move { Ok(stream) });
                    kept.push(attempt);
                }
                Err(_) => return (address, listener, kept),
                Ok(other) => panic!("{other:?}"),
            }
        }
    }

    /// An address where nobody listens.
    async fn closed() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        listener.local_addr().expect("its address")
    }

    async fn open() -> (SocketAddr, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        (listener.local_addr().expect("its address"), listener)
    }

    #[tokio::test]
    async fn an_address_that_is_silent_does_not_keep_the_next_from_being_called() {
        let (silent, _listener, _kept) = silent().await;
        let (open, _open) = open().await;
        let began = Instant::now();
        let stream = dial_any(vec![silent, silent, open], DIAL_MAX).await.expect("a connection");
        assert_eq!(stream.peer_addr().expect("an address"), open);
        assert!(began.elapsed() < DIAL_MAX / 2, "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn all_addresses_are_called_in_time_however_many_are_silent() {
        let (silent, _listener, _kept) = silent().await;
        let (open, _open) = open().await;
        let mut addresses = vec![silent; ADDRESSES_DIALED_MAX - 1];
        addresses.push(open);
        let dial_max = Duration::from_secs(2);
        let dialed = timeout(dial_max, dial_any(addresses, dial_max)).await;
        assert_eq!(dialed.expect("in time").expect("a connection").peer_addr().ok(), Some(open));
    }

    #[tokio::test]
    async fn an_address_that_refuses_gives_way_to_the_next_at_once() {
        let (open, _open) = open().await;
        let addresses = vec![closed().await, closed().await, open];
        let stream = dial_any(addresses, DIAL_MAX).await.expect("a connection");
        assert_eq!(stream.peer_addr().expect("an address"), open);
    }

    #[tokio::test]
    async fn when_none_answers_it_is_said_why() {
        let refused = dial_any(vec![closed().await, closed().await], DIAL_MAX).await;
        assert_eq!(refused.expect_err("nobody").kind(), io::ErrorKind::ConnectionRefused);
        let nowhere = dial_any(Vec::new(), DIAL_MAX).await.expect_err("nobody");
        assert_eq!(nowhere.to_string(), "its name has no address");
    }

    #[test]
    fn the_families_take_turns_and_there_is_a_limit() {
        let order = |addresses: &[&str]| -> Vec<String> {
            let addresses = addresses.iter().map(|it| SocketAddr::new(it.parse().expect("ip"), 1));
            interleaved(addresses).iter().map(|it| it.ip().to_string()).collect()
        };
        assert_eq!(
            order(&["::1", "::2", "::3", "10.0.0.1", "10.0.0.2"]),
            ["::1", "10.0.0.1", "::2", "10.0.0.2", "::3"]
        );
        assert_eq!(order(&["10.0.0.1", "::1", "::2"]), ["10.0.0.1", "::1", "::2"]);
        assert_eq!(order(&["10.0.0.1"; ADDRESSES_DIALED_MAX + 1]).len(), ADDRESSES_DIALED_MAX);
    }
}
