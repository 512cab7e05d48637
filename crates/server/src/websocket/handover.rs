//! How an HTTP connection becomes a WebSocket: the request is answered by its handler, and the
//! connection's own task goes on with the socket once HTTP is done with it. So a WebSocket counts
//! as the connection that it was.

use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bramah_wire::ErrorCode;
use bytes::BytesMut;
use hyper::upgrade::OnUpgrade;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tracing::debug;

use super::framing::Format;
use super::handshake::{Refused, agree};
use super::origin::Origins;
use super::{Patience, serve};
use crate::http::Problem;
use crate::limits::OPENING_TIME_MAX;
use crate::memory::Account;
use crate::mutex::lock;
use crate::service::Service;

/// Where a connection's handler leaves what was agreed on, for the connection's task.
#[derive(Default)]
pub(crate) struct Handover(Mutex<Option<(OnUpgrade, Option<Format>)>>);

/// Answers a request for a WebSocket. The connection's [`Handover`] and the server's [`Origins`]
/// are extensions of the request.
pub(crate) async fn upgrade(mut request: Request) -> Response {
    let extensions = request.extensions();
    let (handover, origins) = (extensions.get::<Arc<Handover>>(), extensions.get::<Arc<Origins>>());
    let (Some(handover), Some(origins)) = (handover.cloned(), origins) else {
        return Problem::new(ErrorCode::Internal, "open a WebSocket: it is not set up")
            .into_response();
    };
    match agree(request.method(), request.version(), request.headers(), origins) {
        Ok(agreed) => {
            let upgraded = hyper::upgrade::on(&mut request);
            *lock(&handover.0) = Some((upgraded, agreed.format));
            (StatusCode::SWITCHING_PROTOCOLS, agreed.headers).into_response()
        }
        Err(refused) => {
            let Refused { status, error, header: more } = *refused;
            let mut response = Problem::from(error).with_status(status).into_response();
            let headers = response.headers_mut();
            headers.extend(more);
            if status == StatusCode::UPGRADE_REQUIRED {
                headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            }
            response
        }
    }
}

impl Handover {
    /// Goes on with a connection whose HTTP is over, if it is to become a WebSocket. `into_socket`
    /// takes apart what HTTP had: the socket, and what was read of it and not used.
    pub(crate) async fn go_on(
        &self,
        into_socket: impl FnOnce(hyper::upgrade::Upgraded) -> Option<(TcpStream, BytesMut)>,
        service: &dyn Service,
        account: Arc<Account>,
    ) {
        let agreed = lock(&self.0).take();
        let Some((upgraded, format)) = agreed else { return };
        // HTTP has ended, so this waits for nobody's bytes.
        match timeout(OPENING_TIME_MAX, upgraded).await {
            Ok(Ok(upgraded)) => match into_socket(upgraded) {
                Some((stream, first)) => {
                    let patience = Patience::default();
                    serve(stream, first.into(), format, patience, service, account).await;
                }
                None => debug!("a WebSocket came from another kind of connection"),
            },
            Ok(Err(error)) => debug!(%error, "connection ended before it was a WebSocket"),
            Err(_) => debug!("connection did not become a WebSocket"),
        }
    }
}
