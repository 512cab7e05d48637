use bramah_core::{
    FencingToken, HoldId, InvalidName, Key, LockName, SessionHandle, SessionId, Time,
};

#[test]
fn ids_are_read_back_as_they_were_written() {
    let session = SessionHandle { id: SessionId(42), key: Key(0x9f3a_c81d_2b4e_6f70) };
    assert_eq!(session.to_string(), "42-9f3ac81d2b4e6f70");
    assert_eq!("42-9f3ac81d2b4e6f70".parse(), Ok(session));
    let hold = HoldId { token: FencingToken(u64::MAX), key: Key(1) };
    assert_eq!(hold.to_string(), "18446744073709551615-0000000000000001");
    assert_eq!(hold.to_string().parse(), Ok(hold));
}

#[test]
fn a_text_that_is_no_id_is_refused() {
    let all = [
        "",
        "-",
        "42",
        "42-",
        "-9f3ac81d2b4e6f70",
        "+42-9f3ac81d2b4e6f70",
        "42-9f3ac81d2b4e6f7",
        "42-9f3ac81d2b4e6f700",
        "42-+f3ac81d2b4e6f70",
        "4 2-9f3ac81d2b4e6f70",
        "18446744073709551616-0000000000000001",
        "42-9f3ac81d2b4e6f7ä",
        "١-9f3ac81d2b4e6f70",
    ];
    for text in all {
        let refused = text.parse::<HoldId>().expect_err(text).to_string();
        assert!(refused.starts_with("not a hold id: "), "{refused}");
        assert!(text.parse::<SessionHandle>().is_err(), "{text}");
    }
}

#[test]
fn a_key_is_not_printed_by_accident() {
    assert_eq!(format!("{:?}", Key(7)), "Key(..)");
}

#[test]
fn a_name_is_not_empty_and_has_no_control_characters() {
    assert_eq!(LockName::new(""), Err(InvalidName::Empty));
    for name in ["a\nb", "\0", "a\u{7f}", "\u{85}"] {
        assert_eq!(LockName::new(name), Err(InvalidName::ControlCharacter), "{name:?}");
    }
    for name in ["a", " ", "billing/close month", "ключ", "."] {
        assert_eq!(LockName::new(name).unwrap().as_str(), name);
    }
}

#[test]
fn tokens_of_a_later_epoch_are_above_all_of_an_earlier_one() {
    let epochs = [0, 1, 31, 32, 0x7fff].map(FencingToken::before_epoch);
    assert!(epochs.is_sorted());
    assert!(i64::try_from(epochs[4].0).is_ok());
    assert!(epochs[3].0 <= 1 << 53, "exact in JavaScript until epoch 32");
}

#[test]
fn time_stops_at_its_end() {
    assert_eq!(Time(u64::MAX).plus_ms(1), Time(u64::MAX));
    assert_eq!((Time(5).ms_since(Time(2)), Time(2).ms_since(Time(5))), (3, 0));
}
