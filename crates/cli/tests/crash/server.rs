//! A server process that is killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running server. It is killed when dropped.
pub(crate) struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts one; port 0 takes a free one.
    pub(crate) fn start(folder: &Path, port: u16) -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bramah"));
        command.args(["serve", "--json", "--log-level", "warn", "--data"]).arg(folder);
        command.args(["--listen", &format!("127.0.0.1:{port}")]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        output.read_line(&mut line).expect("a line");
        let ready: serde_json::Value = serde_json::from_str(&line).expect("it is ready");
        let address = ready["address"].as_str().expect("an address").to_owned();
        Server { child, address }
    }

    pub(crate) fn url(&self) -> String {
        format!("bramah://{}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        let port = self.address.rsplit(':').next().expect("a port");
        port.parse().expect("a number")
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
