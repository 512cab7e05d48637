//! The reference page's samples, played against a server.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tungstenite::Message;

use super::transport::{next, websocket};
use crate::running::Running;

/// What the page calls by name.
type Names = BTreeMap<String, String>;

/// Compares what came with what the page says, and learns what it names.
fn compare(page: &Value, came: &Value, names: &mut Names) {
    match (page, came) {
        (Value::String(said), Value::String(_)) if said == "…" => {}
        (Value::String(said), Value::String(came)) if said.starts_with('$') => {
            let known = names.entry(said.clone()).or_insert_with(|| came.clone());
            assert_eq!(known, came, "{said}");
        }
        (Value::Object(said), Value::Object(fields)) => {
            // A number that is 0 is left out, as the cluster's time is in its first millisecond.
            let mut said = said.clone();
            said.retain(|key, value| fields.contains_key(key) || value != "…");
            assert!(said.keys().eq(fields.keys()), "the page has {page}, and {came} came");
            said.iter().zip(fields.values()).for_each(|((_, a), b)| compare(a, b, names));
        }
        (Value::Array(said), Value::Array(list)) => {
            assert_eq!(said.len(), list.len(), "the page has {page}, and {came} came");
            said.iter().zip(list).for_each(|(a, b)| compare(a, b, names));
        }
        (said, came) => assert_eq!(said, came),
    }
}

#[test]
fn every_sample_of_the_reference_page_is_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/websocket.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let samples: Vec<&str> = page.split("```json\n").skip(1).collect();
    assert_eq!(samples.len(), 4);
    for sample in samples {
        let sample = sample.split("```").next().expect("its lines");
        let server = Running::in_memory();
        let socket = TcpStream::connect(server.address()).expect("it connects");
        socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
        let mut client = websocket(socket, Some("bramah.v1.json"));
        let mut names = Names::new();
        for line in sample.lines() {
            match line.split_at(2) {
                ("> ", text) => {
                    // The longest first: $KEY is the beginning of $KEY_A.
                    let text = names
                        .iter()
                        .rev()
                        .fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
                    client.send(Message::text(text)).expect("it is sent");
                }
                ("< ", text) => {
                    let said = serde_json::from_str(text).expect("JSON");
                    let Some(Message::Text(came)) = next(&mut client) else {
                        panic!("nothing came for {text}")
                    };
                    let came = serde_json::from_str(&came).expect("JSON");
                    compare(&said, &came, &mut names);
                }
                _ => panic!("a sample has lines that are sent or come: {line}"),
            }
        }
    }
}
