//! The server's description of itself, which every answer must agree with.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::client::{Answer, find};
use super::schema::wrongs;

pub(crate) struct Description {
    document: Value,
}

impl Description {
    /// That of the server at the other end. All servers of a test run are the same program.
    pub(crate) fn of(stream: &TcpStream) -> &'static Description {
        static DESCRIPTION: OnceLock<Description> = OnceLock::new();
        DESCRIPTION.get_or_init(|| {
            let address = stream.peer_addr().expect("it is connected");
            let mut stream = TcpStream::connect(address).expect("it connects");
            let ask = b"GET /openapi.json HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            stream.write_all(ask).expect("it is sent");
            let mut all = Vec::new();
            stream.read_to_end(&mut all).expect("an answer");
            let body = find(&all, b"\r\n\r\n").expect("a body") + 4;
            let document = serde_json::from_slice(&all[body..]).expect("JSON");
            Description { document }
        })
    }

    /// Panics unless the answer is one that the description promises.
    pub(crate) fn check(&self, method: &str, path: &str, answer: &Answer) {
        if method.is_empty() {
            // Something was sent that has no method and path.
            return;
        }
        let method = if method == "HEAD" { "GET" } else { method };
        let Some(operation) = self.operation(method, path) else {
            assert!(answer.status == 204 || answer.status >= 400, "{method} {path}: {answer}");
            return;
        };
        let responses = &operation["responses"];
        let status = answer.status.to_string();
        let response = match responses.get(&status) {
            Some(response) => response,
            None => {
                assert!(answer.status >= 400, "{method} {path} does not promise {status}");
                responses.get("default").unwrap_or(&Value::Null)
            }
        };
        let kind = answer.header("content-type").unwrap_or_default();
        if answer.body.is_empty() {
            return;
        }
        if response.is_null() {
            return self.check_schema(&json!({"$ref": "#/components/schemas/Problem"}), answer);
        }
        let content = response["content"].get(kind);
        let schema = content.unwrap_or_else(|| panic!("{method} {path}: {status} {kind}"));
        self.check_schema(&schema["schema"], answer);
    }

    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let path = path.split('?').next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').collect();
        let paths = self.document["paths"].as_object().expect("paths");
        let (_, methods) = paths.iter().find(|(template, _)| {
            let template: Vec<&str> = template.split('/').collect();
            template.len() == parts.len()
                && template
                    .iter()
                    .zip(&parts)
                    .all(|(expected, part)| expected.starts_with('{') || expected == part)
        })?;
        methods.get(method.to_lowercase())
    }

    fn check_schema(&self, schema: &Value, answer: &Answer) {
        let errors = wrongs(&self.document, schema, &answer.json());
        assert!(errors.is_empty(), "{answer} is not as described: {errors:?}");
    }
}
