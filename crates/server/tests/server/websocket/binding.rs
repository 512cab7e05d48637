//! A session that is bound to its connection ends with it, however it ends: what it held goes to
//! the next at once, though its TTL is ten minutes.

use super::over_all_transports;
use super::speaker::Speaker;
use super::transport::{Native, Transport};
use crate::running::Running;

over_all_transports! {
    a_bound_session_ends_when_its_connection_is_closed,
    a_bound_session_ends_with_a_fin,
    a_bound_session_ends_with_a_reset,
    an_unbound_session_outlives_its_connection_and_is_attached_to_another,
}

fn ends_with<T: Transport>(end: fn(T)) {
    let server = Running::in_memory();
    let mut waiter = Speaker::<Native>::new(server.address());
    let mut holder = Speaker::<T>::bound(server.address());
    let hold = holder.take("x");
    waiter.queue("x");
    let mut second = Speaker::<T>::bound(server.address());
    second.queue("x");
    // A waiter that goes leaves its place, a holder its lock.
    end(second.transport);
    end(holder.transport);
    let next = waiter.granted();
    assert!(next.number > hold.number);
    waiter.give_back(next);
    assert!(!waiter.peek("x"), "who left had a place in the queue still");
}

fn a_bound_session_ends_when_its_connection_is_closed<T: Transport>() {
    ends_with(T::close);
}

fn a_bound_session_ends_with_a_fin<T: Transport>() {
    ends_with(T::fin);
}

fn a_bound_session_ends_with_a_reset<T: Transport>() {
    ends_with(T::reset);
}

fn an_unbound_session_outlives_its_connection_and_is_attached_to_another<T: Transport>() {
    let server = Running::in_memory();
    for end in [T::close, T::fin, T::reset] {
        let mut holder = Speaker::<T>::new(server.address());
        let hold = holder.take("x");
        let session = holder.session;
        end(holder.transport);
        let mut again = Speaker::<T>::new(server.address());
        assert!(again.verify("x", hold.number));
        assert_eq!(again.attach(session), vec![hold]);
        again.give_back_by_id(hold);
    }
}
