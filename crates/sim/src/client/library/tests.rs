//! An application alone: nobody answers it.

use super::*;

#[test]
fn an_application_that_reaches_nobody_gives_up_believes_nothing_and_ends_when_told_to() {
    let run = || {
        let terms = WorkloadTerms {
            locks: 4,
            sessions_max: 2,
            ttl_ms: (500, 900),
            think_ms: 5,
            hold_ms: 20,
        };
        let mut client = Library::new(0, 0, Random::new(7, "client"), &terms, 3);
        let (mut out, mut told) = (Vec::new(), Vec::new());
        let mut now = LocalTime(0);
        while !client.is_idle() {
            let input = match out.last() {
                Some(ClientOutput::Connect { connection, member: 0 }) => {
                    ClientInput::Connected { connection: *connection, member: 1 }
                }
                Some(ClientOutput::Connect { connection, .. }) => {
                    ClientInput::Disconnected(*connection)
                }
                _ if now > LocalTime(20_000_000) && !client.shell.winds_down() => {
                    ClientInput::WindDown
                }
                _ => ClientInput::Wake,
            };
            if let Some(order) = out.pop() {
                told.push(format!("{order:?}"));
            }
            client.handle(now, input, &mut out, &mut |fact| told.push(format!("{fact:?}")));
            assert!(client.believes(now, &LockName::new("a/0").expect("a name")).is_empty());
            now = now.max(client.next_wake().unwrap_or(now));
            assert!(now < LocalTime(60_000_000), "it does not end");
        }
        told
    };
    let told = run();
    assert!(told.iter().any(|fact| fact.contains("OpenSession")));
    assert!(told.iter().any(|fact| fact.contains("GaveUp")));
    assert_eq!(told, run());
}
