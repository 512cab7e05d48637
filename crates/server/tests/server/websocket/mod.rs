//! The protocol over a WebSocket, and the same over all three transports that carry it.

mod bad_input;
mod binding;
mod counter;
mod distrilock;
mod elsewhere;
mod page;
mod pages;
mod silence;
mod speaker;
mod transport;

/// Makes each of these functions, which take a transport, a test of each transport.
macro_rules! over_all_transports {
    ($($scenario:ident,)*) => {
        over_all_transports! { of native_tcp Native: $($scenario,)* }
        over_all_transports! { of websocket_binary WebSocketBinary: $($scenario,)* }
        over_all_transports! { of websocket_json WebSocketJson: $($scenario,)* }
    };
    (of $module:ident $transport:ident: $($scenario:ident,)*) => {
        mod $module {
            $(
                #[test]
                fn $scenario() {
                    super::$scenario::<crate::websocket::transport::$transport>();
                }
            )*
        }
    };
}
pub(crate) use over_all_transports;
