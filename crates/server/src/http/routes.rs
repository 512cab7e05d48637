//! Which path leads to which handler.

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post, put};
use bramah_wire::ErrorCode;

use super::problem::Problem;
use super::{acquire, holds, locks, openapi, operator, past, server, sessions, watch};
use crate::websocket;

/// All resources; whatever else is asked for gets a problem too.
pub(super) fn router() -> Router {
    Router::new()
        .route("/healthz", get(server::health))
        .route("/readyz", get(server::ready))
        .route("/openapi.json", get(openapi::describe))
        .route("/v1/cluster", get(server::cluster))
        .route("/v1/locks", get(locks::list))
        .route("/v1/locks/{name}", get(locks::get).post(acquire::acquire))
        .route("/v1/locks/{name}/value", put(holds::set_value))
        .route("/v1/locks/{name}/revoke", post(operator::revoke))
        .route("/v1/holds/{hold}", delete(holds::release))
        .route("/v1/holds/{hold}/renew", post(holds::renew))
        .route("/v1/sessions", get(sessions::list).post(sessions::open))
        .route("/v1/sessions/{session}", get(sessions::get).delete(sessions::close_session))
        .route("/v1/sessions/{session}/keepalive", post(sessions::keep_alive))
        .route("/v1/history", get(past::history))
        .route("/v1/verify", get(past::verify))
        .route("/v1/watch", get(watch::watch))
        .route("/v1/ws", any(websocket::upgrade))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
}

async fn no_such_path(request: Request) -> Problem {
    let path = request.uri().path();
    let hint = match path.starts_with("/v1/locks/") {
        true => "; a slash in a lock's name is written %2F",
        false => "; GET /openapi.json tells what there is",
    };
    Problem::new(ErrorCode::NotFound, format!("find {path:?}: nothing is there{hint}"))
}

/// Which methods there are stands in the header `allow`, which the router adds.
async fn no_such_method(request: Request) -> Response {
    if request.method() == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let (method, path) = (request.method(), request.uri().path());
    let text = format!("{method} {path:?}: the header `allow` has the methods that it takes");
    Problem::new(ErrorCode::MethodNotAllowed, text).into_response()
}
