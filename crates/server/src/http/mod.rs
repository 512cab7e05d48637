//! The HTTP front: resources in JSON over HTTP/1.1 and HTTP/2.
//!
//! [`opening`] tells HTTP from the other protocols of the port. A connection has one [`desk`] at
//! the service; each of its requests is a [`call`], which a handler answers that [`routes`] finds:
//! [`acquire`] (with [`wanted`], [`numbers`] and [`repeats`]), [`holds`], [`locks`], [`sessions`],
//! [`past`], [`operator`], [`server`], [`watch`] (with [`newsroom`] and [`events`]). What they say
//! is in [`view`] and [`problem`], and [`openapi`] tells all of it.

mod acquire;
mod answered;
mod body;
mod call;
mod desk;
mod events;
mod fingerprint;
pub(crate) mod fuzzing;
mod guard;
mod holds;
mod length;
mod locks;
mod newsroom;
mod numbers;
mod openapi;
pub(crate) mod opening;
mod operator;
mod past;
mod problem;
mod query;
mod repeats;
mod routes;
mod server;
mod sessions;
mod stream;
mod ticket;
mod view;
mod wanted;
mod watch;

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Method;
use axum::response::IntoResponse;
use bytes::BytesMut;
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tower_service::Service as _;
use tracing::debug;

use self::answered::{Answered, SHORT_BYTES};
use self::desk::Desk;
use self::newsroom::Newsroom;
use self::numbers::Numbers;
pub(crate) use self::problem::Problem;
use self::stream::{Activity, Busy, Ending, Rewound};
use crate::keys::random_number;
use crate::limits::{
    GOODBYE_TIME_MAX, HTTP_HEAD_BYTES_MAX, HTTP_HEAD_TIME_MAX, HTTP_IDLE_TIME_MAX,
    HTTP_LEFT_TIME_MAX, HTTP_REQUEST_BYTES, HTTP_SEND_BYTES_MAX, HTTP_STREAMS_MAX,
    HTTP_UNREAD_BYTES_MAX, HTTP_UNREAD_TIME_MAX, HTTP2_PING_INTERVAL, HTTP2_PING_TIME_MAX,
    HTTP2_UNTAKEN_TIME_MAX, HTTP2_WINDOW_BYTES,
};
use crate::memory::Accounts;
use crate::service::Service;
use crate::websocket::{Handover, Origins};

/// Shortest time between two looks at a connection: nothing is late by less.
const LOOK_PAUSE_MIN: Duration = Duration::from_millis(10);

/// What all HTTP connections of a server share.
pub(crate) struct Front {
    service: Arc<dyn Service>,
    router: Router,
    numbers: Arc<Numbers>,
    newsroom: Arc<Newsroom>,
    origins: Arc<Origins>,
}

/// Which HTTP a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// HTTP/1.1 or 1.0.
    One,
    /// HTTP/2.
    Two,
}

impl Front {
    pub(crate) fn new(
        service: Arc<dyn Service>,
        origins: Arc<Origins>,
        changes_bytes_max: usize,
    ) -> Arc<Front> {
        let begin = random_number().unwrap_or_default();
        let numbers = Arc::new(Numbers::new(begin));
        let newsroom = Newsroom::new(service.clone(), changes_bytes_max);
        Arc::new(Front { service, router: routes::router(), numbers, newsroom, origins })
    }
}

/// Serves a connection that opened as HTTP, until it ends. `first` holds what was read of it.
pub(crate) async fn serve(
    front: Arc<Front>,
    accounts: Accounts,
    stream: TcpStream,
    first: BytesMut,
    version: Version,
) {
    let activity = Arc::new(Activity::default());
    let desk = Desk::open(front.service.clone(), front.numbers.clone());
    let handover = Arc::new(Handover::default());
    let lock_service = front.service.clone();
    let stream = Rewound::new(stream, first, activity.clone());
    let ending = stream.ending();
    let stream = TokioIo::new(stream);
    let service = service_fn({
        let (desk, activity) = (desk.clone(), activity.clone());
        let (handover, accounts) = (handover.clone(), accounts.clone());
        move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(handover.clone());
            request.extensions_mut().insert(front.origins.clone());
            answer(front.clone(), desk.clone(), accounts.clone(), activity.begin(), request)
        }
    });
    let end = match version {
        Version::One => {
            let mut builder = http1::Builder::new();
            // A server keeps the time of its connections by itself, with one timer for each.
            builder.timer(TokioTimer::new()).header_read_timeout(None);
            builder.max_buf_size(HTTP_HEAD_BYTES_MAX).max_header_size(HTTP_HEAD_BYTES_MAX);
            let connection = builder.serve_connection(stream, service).with_upgrades();
            let mut connection = pin!(connection);
            let shutdown = |it: Pin<&mut _>| http1::UpgradeableConnection::graceful_shutdown(it);
            tokio::select! {
                end = watch(&desk, &activity, version, connection.as_mut(), shutdown) => end,
                () = is_left(&ending, &activity) => {
                    Err("its client went away, or says too much".to_owned())
                }
            }
        }
        Version::Two => {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder.timer(TokioTimer::new());
            builder.max_concurrent_streams(HTTP_STREAMS_MAX);
            builder.max_header_list_size(HTTP_HEAD_BYTES_MAX as u32);
            builder.max_send_buf_size(HTTP_SEND_BYTES_MAX);
            builder.initial_stream_window_size(HTTP2_WINDOW_BYTES);
            builder.initial_connection_window_size(HTTP2_WINDOW_BYTES);
            builder.keep_alive_interval(HTTP2_PING_INTERVAL);
            builder.keep_alive_timeout(HTTP2_PING_TIME_MAX);
            let mut connection = pin!(builder.serve_connection(stream, service));
            let shutdown = |it: Pin<&mut _>| http2::Connection::graceful_shutdown(it);
            tokio::select! {
                end = watch(&desk, &activity, version, connection.as_mut(), shutdown) => end,
                () = untaken(&activity) => Err("its client takes no answers".to_owned()),
            }
        }
    };
    drop(ending);
    desk.close();
    match end {
        Ok(()) => debug!("http connection closed"),
        Err(error) => debug!(%error, "http connection ended"),
    }
    handover.go_on(into_socket, &*lock_service, accounts.traffic).await;
}

/// The socket of a connection whose HTTP is over, and what was read of it and not used.
fn into_socket(upgraded: Upgraded) -> Option<(TcpStream, BytesMut)> {
    let parts = upgraded.downcast::<TokioIo<Rewound>>().ok()?;
    let (stream, first) = parts.io.into_inner().into_parts()?;
    // What HTTP read comes before what it did not.
    Some((stream, BytesMut::from_iter(parts.read_buf.into_iter().chain(first))))
}

/// Runs a connection, and ends it when it is silent for too long or the server is about to stop.
async fn watch<C>(
    desk: &Desk,
    activity: &Activity,
    version: Version,
    mut connection: Pin<&mut C>,
    shutdown: impl Fn(Pin<&mut C>),
) -> Result<(), String>
where
    C: Future<Output = hyper::Result<()>>,
{
    let ended = |end: hyper::Result<()>| end.map_err(|error| error.to_string());
    // It was heard just now: it opened.
    let mut silent_since = Instant::now();
    let mut head_since = Some(silent_since);
    loop {
        let by_head = head_since.map(|since| since + HTTP_HEAD_TIME_MAX);
        let until = by_head.unwrap_or(silent_since + HTTP_IDLE_TIME_MAX);
        let look_at = until.max(Instant::now() + LOOK_PAUSE_MIN);
        tokio::select! {
            end = timeout_at(look_at, connection.as_mut()) => match end {
                Ok(end) => return ended(end),
                Err(_) => {
                    let (now, seen) = (Instant::now(), activity.look());
                    if seen.is_busy || seen.has_ended {
                        (silent_since, head_since) = (now, None);
                    } else if seen.has_read && version == Version::One && head_since.is_none() {
                        head_since = Some(now);
                    } else if now >= until {
                        shutdown(connection.as_mut());
                        let end = timeout(GOODBYE_TIME_MAX, connection.as_mut()).await;
                        return end.map_or(Err("it was silent for too long".to_owned()), ended);
                    }
                }
            },
            () = desk.leaving.notified() => {
                shutdown(connection.as_mut());
                return ended(connection.as_mut().await);
            }
        }
    }
}

/// Ends when the client has, and its requests are no more answered one after the other. Over
/// HTTP/1.1 nothing is read while a request waits and something came after it, so the end behind
/// that would not be seen. Behind more than the socket takes it does not even come, so nobody may
/// say so much.
async fn is_left(ending: &Ending, activity: &Activity) {
    let mut answered = activity.answered();
    while timeout(HTTP_UNREAD_TIME_MAX, ending.came()).await.is_err() {
        let before = std::mem::replace(&mut answered, activity.answered());
        let is_stuck = activity.is_busy() && before == answered;
        if is_stuck && ending.unread() > HTTP_UNREAD_BYTES_MAX {
            return;
        }
    }
    loop {
        sleep(HTTP_LEFT_TIME_MAX).await;
        if answered == std::mem::replace(&mut answered, activity.answered()) {
            return;
        }
    }
}

/// Ends when answers have waited for a while, and nothing of them was taken.
async fn untaken(activity: &Activity) {
    let mut taken = activity.taken();
    loop {
        sleep(HTTP2_UNTAKEN_TIME_MAX).await;
        let before = std::mem::replace(&mut taken, activity.taken());
        if before == taken && activity.has_untaken() {
            return;
        }
    }
}

async fn answer(
    front: Arc<Front>,
    desk: Arc<Desk>,
    accounts: Accounts,
    busy: Busy,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Answered>, Infallible> {
    let mut request = request.map(Body::new);
    let page = guard::page(&request, &front.origins);
    let cluster_id = front.service.cluster_id();
    let checked = guard::check_head(&request)
        .and_then(|()| guard::check_cluster(request.headers(), cluster_id))
        .and_then(|()| guard::check(&request, &front.origins));
    // A change that was made must be answered, so room for its answer is made before.
    let Accounts { connections, traffic } = accounts;
    let counted = checked.and_then(|()| Ok(connections.take(HTTP_REQUEST_BYTES)?));
    let changes_nothing = matches!(*request.method(), Method::GET | Method::HEAD);
    let (mut response, request) = match counted {
        Ok(counted) => {
            request.extensions_mut().insert(desk);
            request.extensions_mut().insert(front.clone());
            request.extensions_mut().insert(traffic.clone());
            match front.router.clone().call(request).await {
                Ok(response) => (response, counted),
                Err(never) => match never {},
            }
        }
        Err(problem) => (problem.into_response(), connections.nothing()),
    };
    let mut charge = traffic.nothing();
    let bytes = usize::try_from(response.body().size_hint().lower()).unwrap_or(usize::MAX);
    if bytes > SHORT_BYTES {
        match charge.grow_to(bytes) {
            Err(over) if changes_nothing => response = Problem::from(over).into_response(),
            Err(_) => charge.set(bytes),
            Ok(()) => {}
        }
    }
    if let Some(cluster_id) = cluster_id {
        response.headers_mut().insert(guard::CLUSTER, cluster_id.into());
    }
    if let Some(page) = page {
        guard::share(response.headers_mut(), page);
    }
    Ok(response.map(|body| Answered::new(body, request, charge, busy)))
}

#[cfg(test)]
mod tests;
