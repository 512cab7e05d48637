//! Bugs that users of other lock services met, as far as the table alone can have them. Each is
//! named after the thread that reports it; `docs/internals/peer-bugs.md` has them all.

mod consul;
mod etcd;
mod others;
mod redis;
mod small;
mod zookeeper;
