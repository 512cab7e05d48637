//! What the wrapper and the keeper say to each other: frames of [`FRAME_LEN`] bytes, a letter and a
//! number.

use bramah::LocalTime;
use rustix::process::Signal;

/// Bytes of one frame.
pub(crate) const FRAME_LEN: usize = 9;

/// A frame as it is sent.
pub(crate) type Frame = [u8; FRAME_LEN];

/// From the wrapper to the keeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The lock is surely held until then.
    Deadline(LocalTime),
    /// A signal is meant for the command.
    Forward(Signal),
    /// Everything is to stand still, to be answered by [`Report::Paused`].
    Pause,
    /// Everything may go on.
    Resume,
    /// The lock is lost: everything must end.
    Stop,
}

/// From the keeper to the wrapper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// The command runs as this process.
    Started(i32),
    /// It could not be started, for this reason (an errno).
    NotStarted(i32),
    /// Everything stands still.
    Paused,
    /// It is being stopped since the lock was not renewed.
    Stopping,
    /// This signal could not be passed on: the command runs as another user.
    NotForwarded(i32),
    /// This process may not be signalled and runs on.
    Refused(i32),
    /// The command ended by itself with this wait status.
    Ended(i32),
    /// The command had to be stopped, and nothing of it is left.
    Stopped,
}

impl Order {
    pub(crate) fn encode(self) -> Frame {
        match self {
            Order::Deadline(LocalTime(us)) => frame(b'd', us),
            Order::Forward(signal) => frame(b'f', of_number(signal.as_raw())),
            Order::Pause => frame(b'p', 0),
            Order::Resume => frame(b'r', 0),
            Order::Stop => frame(b's', 0),
        }
    }

    /// None if it is no order.
    pub(crate) fn decode(frame: Frame) -> Option<Order> {
        let (letter, number) = parts(frame);
        Some(match letter {
            b'd' => Order::Deadline(LocalTime(number)),
            b'f' => Order::Forward(Signal::from_named_raw(to_number(number)?)?),
            b'p' => Order::Pause,
            b'r' => Order::Resume,
            b's' => Order::Stop,
            _ => return None,
        })
    }
}

impl Report {
    pub(crate) fn encode(self) -> Frame {
        match self {
            Report::Started(pid) => frame(b'S', of_number(pid)),
            Report::NotStarted(errno) => frame(b'N', of_number(errno)),
            Report::Paused => frame(b'P', 0),
            Report::Stopping => frame(b'L', 0),
            Report::NotForwarded(signal) => frame(b'F', of_number(signal)),
            Report::Refused(pid) => frame(b'R', of_number(pid)),
            Report::Ended(status) => frame(b'E', of_number(status)),
            Report::Stopped => frame(b'X', 0),
        }
    }

    /// None if it is no report.
    pub(crate) fn decode(frame: Frame) -> Option<Report> {
        let (letter, number) = parts(frame);
        Some(match letter {
            b'S' => Report::Started(to_number(number)?),
            b'N' => Report::NotStarted(to_number(number)?),
            b'P' => Report::Paused,
            b'L' => Report::Stopping,
            b'F' => Report::NotForwarded(to_number(number)?),
            b'R' => Report::Refused(to_number(number)?),
            b'E' => Report::Ended(to_number(number)?),
            b'X' => Report::Stopped,
            _ => return None,
        })
    }
}

fn frame(letter: u8, number: u64) -> Frame {
    let mut frame = [letter; FRAME_LEN];
    frame[1..].copy_from_slice(&number.to_le_bytes());
    frame
}

fn parts(frame: Frame) -> (u8, u64) {
    let [letter, number @ ..] = frame;
    (letter, u64::from_le_bytes(number))
}

fn of_number(number: i32) -> u64 {
    u64::from(number.cast_unsigned())
}

fn to_number(number: u64) -> Option<i32> {
    u32::try_from(number).ok().map(u32::cast_signed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood() {
        let orders = [
            Order::Deadline(LocalTime(u64::MAX)),
            Order::Forward(Signal::USR2),
            Order::Pause,
            Order::Resume,
            Order::Stop,
        ];
        for order in orders {
            assert_eq!(Order::decode(order.encode()), Some(order));
        }
        let reports = [
            Report::Started(9),
            Report::NotStarted(2),
            Report::Paused,
            Report::Stopping,
            Report::NotForwarded(15),
            Report::Refused(77),
            Report::Ended(-1),
            Report::Stopped,
        ];
        for report in reports {
            assert_eq!(Report::decode(report.encode()), Some(report));
        }
        assert_eq!(Order::decode([0; FRAME_LEN]), None);
    }
}
