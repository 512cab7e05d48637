//! The description of this API, made from the handlers and what they take and give.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use utoipa::OpenApi;

use super::call::Call;
use super::problem::Problem;
use super::{acquire, events, holds, locks, operator, past, server, sessions, watch};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Bramah",
        description = "A distributed lock service. Lengths of time in answers are whole \
                       milliseconds, and end in _ms. Errors are problems of RFC 9457 with a code \
                       of the table of errors.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/", description = "The server that gave this description.")),
    paths(
        acquire::acquire,
        locks::get,
        locks::list,
        holds::set_value,
        holds::renew,
        holds::release,
        operator::revoke,
        sessions::open,
        sessions::list,
        sessions::get,
        sessions::keep_alive,
        sessions::close_session,
        watch::watch,
        past::history,
        past::verify,
        server::health,
        server::ready,
        server::cluster,
        describe,
    ),
    components(schemas(
        events::SnapshotEvent,
        events::ChangeEvent,
        events::LaggedEvent,
        events::LeavingEvent,
    )),
    tags(
        (name = "locks", description = "Who holds what, and who waits."),
        (name = "holds", description = "What a holder does with its hold."),
        (name = "sessions", description = "Several holds kept alive by one keepalive."),
        (name = "server", description = "The server and its cluster."),
    ),
)]
struct Api;

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    let document = Api::openapi().to_pretty_json().unwrap_or_default();
    Bytes::from(document)
});

/// This description.
#[utoipa::path(
    get, path = "/openapi.json", tag = "server",
    responses((status = 200, description = "OpenAPI 3.1.", body = Object)),
)]
pub(crate) async fn describe(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let mut response = Response::new(Body::from(DOCUMENT.clone()));
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}
