//! What was seen, written down at once, one line each: microseconds of CLOCK_BOOTTIME, which all
//! processes of this machine share, a letter, and what goes with it.
//!
//! A line has a time before the fact if it is of somebody who acts (a request is written down
//! before it is sent), and after it if it is of somebody who learns. A process that is killed
//! leaves all lines that it wrote.

use std::fs::File;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context, bail};
use bramah::LocalTime;
use bramah_core::{FencingToken, HoldId, LockName, Mode, SessionId};

use crate::fact::LetCause;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A connection stands, to whoever has this address.
    Connected { connection: u64, address: String },
    /// Bytes are about to be written to it.
    Says { connection: u64, bytes: Vec<u8> },
    /// Bytes came from it.
    Hears { connection: u64, bytes: Vec<u8> },
    /// It is over.
    Ended { connection: u64 },
    /// It is held, and was looked at.
    Holds { hold: HoldId, session: SessionId, mode: Mode, name: LockName },
    /// Until then it was surely held.
    Lets { token: FencingToken, why: LetCause },
    /// A client's process is about to be killed, or has ended.
    Dies { client: u32, life: u32 },
    /// A leader could do its work from now on, or not.
    Whole(bool),
    /// Something was done to the cluster or to clients: for whoever reads it.
    Note(String),
    /// All faults are over.
    Calm,
}

/// Where a process writes its lines.
#[derive(Debug)]
pub(super) struct Recorder(Mutex<File>);

impl Recorder {
    pub(super) fn new(path: &Path) -> anyhow::Result<Recorder> {
        let file = File::create(path).with_context(|| format!("could not make {path:?}"))?;
        Ok(Recorder(Mutex::new(file)))
    }

    pub(super) fn write(&self, at: LocalTime, line: &Line) {
        let text = format!("{} {}\n", at.0, text(line));
        let mut file = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // A gap would be taken for a broken promise, or hide one.
        file.write_all(text.as_bytes()).expect("there is room for the record");
    }

    pub(super) fn now(&self, line: &Line) {
        self.write(LocalTime::now(), line);
    }
}

/// All lines of a file, the last one only if it is whole.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<(LocalTime, Line)>> {
    let mut input = BufReader::new(File::open(path)?);
    let mut lines = Vec::new();
    let mut text = String::new();
    loop {
        text.clear();
        input.read_line(&mut text)?;
        let Some(whole) = text.strip_suffix('\n') else { return Ok(lines) };
        let read = parse(whole).with_context(|| format!("not a line of a record: {whole}"))?;
        lines.push(read);
    }
}

fn text(line: &Line) -> String {
    match line {
        Line::Connected { connection, address } => format!("c {connection} {address}"),
        Line::Says { connection, bytes } => format!("> {connection} {}", hex(bytes)),
        Line::Hears { connection, bytes } => format!("< {connection} {}", hex(bytes)),
        Line::Ended { connection } => format!("x {connection}"),
        Line::Holds { hold, session, mode, name } => {
            let mode = match mode {
                Mode::Exclusive => "exclusive".to_owned(),
                Mode::Shared => "shared".to_owned(),
                Mode::Permits { count, limit } => format!("{count}/{limit}"),
            };
            format!("h {hold} {} {mode} {name}", session.0)
        }
        Line::Lets { token, why } => {
            let (_, word) = CAUSES.iter().find(|(cause, _)| cause == why).unwrap_or(&CAUSES[0]);
            format!("l {} {word}", token.0)
        }
        Line::Dies { client, life } => format!("d {client} {life}"),
        Line::Whole(is) => format!("w {}", u8::from(*is)),
        Line::Note(text) => format!("n {text}"),
        Line::Calm => "z".to_owned(),
    }
}

const CAUSES: [(LetCause, &str); 5] = [
    (LetCause::Told, "told"),
    (LetCause::Releases, "releases"),
    (LetCause::Deadline, "deadline"),
    (LetCause::Closes, "closes"),
    (LetCause::Disconnects, "disconnects"),
];

fn parse(text: &str) -> anyhow::Result<(LocalTime, Line)> {
    let (at, rest) = text.split_once(' ').context("no time")?;
    let (kind, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let two = || rest.split_once(' ').context("too short");
    let line = match kind {
        "c" => {
            let (connection, address) = two()?;
            Line::Connected { connection: connection.parse()?, address: address.to_owned() }
        }
        ">" | "<" => {
            let (connection, bytes) = two()?;
            let (connection, bytes) = (connection.parse()?, unhex(bytes)?);
            match kind {
                ">" => Line::Says { connection, bytes },
                _ => Line::Hears { connection, bytes },
            }
        }
        "x" => Line::Ended { connection: rest.parse()? },
        "h" => {
            let mut words = rest.splitn(4, ' ');
            let mut word = || words.next().context("too short");
            Line::Holds {
                hold: word()?.parse().map_err(|_| anyhow::anyhow!("no hold id"))?,
                session: SessionId(word()?.parse()?),
                mode: mode(word()?)?,
                name: LockName::new(word()?).map_err(|_| anyhow::anyhow!("no name"))?,
            }
        }
        "l" => {
            let (token, why) = two()?;
            let why = CAUSES.iter().find(|(_, word)| *word == why).context("no cause")?.0;
            Line::Lets { token: FencingToken(token.parse()?), why }
        }
        "d" => {
            let (client, life) = two()?;
            Line::Dies { client: client.parse()?, life: life.parse()? }
        }
        "w" => Line::Whole(rest == "1"),
        "n" => Line::Note(rest.to_owned()),
        "z" => Line::Calm,
        _ => bail!("no such kind"),
    };
    Ok((LocalTime(at.parse()?), line))
}

fn mode(text: &str) -> anyhow::Result<Mode> {
    Ok(match text.split_once('/') {
        Some((count, limit)) => Mode::Permits { count: count.parse()?, limit: limit.parse()? },
        None if text == "shared" => Mode::Shared,
        None => Mode::Exclusive,
    })
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |number: u8| char::from(DIGITS[usize::from(number)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn unhex(text: &str) -> anyhow::Result<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16).context("no hexadecimal number");
    let byte = |pair: &[u8]| match pair {
        [high, low] => Ok((digit(*high)? * 16 + digit(*low)?) as u8),
        _ => bail!("half a byte"),
    };
    text.as_bytes().chunks(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_as_it_was_written_and_half_a_line_is_left_out() {
        let name = LockName::new("a lock/ü").expect("a name");
        let hold: HoldId = "7-00000000000000ff".parse().expect("a hold id");
        let lines = [
            Line::Connected { connection: 3, address: "10.77.0.11:7420".to_owned() },
            Line::Says { connection: 3, bytes: vec![0, 255, 16] },
            Line::Hears { connection: 3, bytes: vec![] },
            Line::Ended { connection: 3 },
            Line::Holds { hold, session: SessionId(4), mode: Mode::Shared, name: name.clone() },
            Line::Holds {
                hold,
                session: SessionId(4),
                mode: Mode::Permits { count: 1, limit: 3 },
                name,
            },
            Line::Lets { token: FencingToken(7), why: LetCause::Deadline },
            Line::Dies { client: 1, life: 2 },
            Line::Whole(true),
            Line::Note("kill 2".to_owned()),
            Line::Calm,
        ];
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("record");
        let recorder = Recorder::new(&path).expect("a record");
        for (at, line) in lines.iter().enumerate() {
            recorder.write(LocalTime(at as u64), line);
        }
        recorder.0.lock().expect("nobody panicked").write_all(b"77 < 3 00").expect("room");
        let expected: Vec<_> = lines.into_iter().enumerate().collect();
        let expected: Vec<_> =
            expected.into_iter().map(|(at, it)| (LocalTime(at as u64), it)).collect();
        assert_eq!(read(&path).expect("a record"), expected);
    }
}
