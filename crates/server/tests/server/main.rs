//! A server as its clients see it, over real sockets, with a client that can also do what is wrong.

mod bad_input;
mod client;
mod cluster;
mod durability;
mod flow;
mod http;
mod memory;
mod running;
mod websocket;
