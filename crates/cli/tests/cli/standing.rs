//! Commands that use a terminal, stand still, or stand still because of a terminal.

use std::fs;
use std::io::Write;
use std::process::Command;

use rustix::process::Signal;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};

use crate::harness::{Program, Server, state, until};

#[test]
fn a_command_without_stdin_may_still_read_from_the_terminal() {
    let (server, _dir) = Server::start();
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    unlockpt(&terminal).unwrap();
    let stdin = ioctl_tiocgptpeer(&terminal, OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    let lock = server.command("lock n -- sh -c");
    // As in `dump | bramah lock n -- ssh HOST`, where ssh asks for a password.
    let mut command = Command::new("setsid");
    command.args(["--ctty", "sh", "-c", "exec \"$0\" \"$@\" </dev/null"]);
    command.arg(lock.get_program()).args(lock.get_args());
    command.arg("echo $$; read answer </dev/tty; echo $answer").env("BRAMAH_URL", &server.url);
    command.stdin(stdin);
    let mut program = Program::read(command);
    let pid = program.line();
    // (STATE PARENT GROUP SESSION TERMINAL FOREGROUND)
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    assert_eq!(fields[2], fields[5], "its group is the one in front: {stat}");
    fs::File::from(terminal).write_all(b"secret\n").unwrap();
    assert_eq!(program.line(), "secret");
    assert_eq!(program.wait().code, 0);
}

#[test]
fn a_command_that_stands_still_hears_that_it_shall_end() {
    let (server, _dir) = Server::start();
    let mut command = server.command("lock n -- sh -c");
    command.arg("trap 'exit 9' TERM; echo $$; kill -STOP $$; exit 1");
    let mut program = Program::read(command);
    let pid = program.line();
    until("it stands still", || state(&pid) == Some('T'));
    program.signal(Signal::TERM);
    assert_eq!(program.wait().code, 9);
}
