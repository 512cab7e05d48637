//! Lengths of time as people write them.

use std::time::Duration;

use bramah::{Span, TTL_MAX, TTL_MIN};

const UNITS: [(&str, f64); 5] =
    [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3_600.0), ("d", 86_400.0)];

/// Understands `5` and `1.5` as seconds, and `500ms`, `2m`, `1h30m`, `1d`.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let seconds = if text.chars().all(is_of_number) { text.parse().ok() } else { sum(text) };
    let duration = seconds.and_then(|seconds: f64| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or_else(|| "expected a duration such as 5, 1.5, 500ms, 2m or 1h30m".to_owned())
}

/// The same, for how long a hold lives without being renewed.
pub(crate) fn parse_ttl(text: &str) -> Result<Duration, String> {
    let ttl = parse(text)?;
    match (TTL_MIN..=TTL_MAX).contains(&ttl) {
        true => Ok(ttl),
        false => {
            let hours = TTL_MAX.as_secs() / 3_600;
            Err(format!("a lock lives from {} to {hours}h without its holder", Span(TTL_MIN)))
        }
    }
}

fn sum(mut text: &str) -> Option<f64> {
    let mut seconds = 0.0;
    while !text.is_empty() {
        let (number, rest) = text.split_at(text.find(|c| !is_of_number(c))?);
        let (unit, rest) = rest.split_at(rest.find(is_of_number).unwrap_or(rest.len()));
        let (_, unit_seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
        seconds += number.parse::<f64>().ok()? * unit_seconds;
        text = rest;
    }
    Some(seconds)
}

fn is_of_number(c: char) -> bool {
    c.is_ascii_digit() || c == '.'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_is_seconds_and_units_add_up() {
        let ms = |text| parse(text).map(|duration| duration.as_millis());
        for (text, expected) in [
            ("0", 0),
            ("5", 5_000),
            ("1.5", 1_500),
            (".5", 500),
            ("500ms", 500),
            ("2m", 120_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            ("1d", 86_400_000),
            ("1s250ms", 1_250),
        ] {
            assert_eq!(ms(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_what_is() {
        for text in [
            "",
            "x",
            "-1",
            "1w",
            "ms",
            "1.2.3",
            "5 s",
            "1h30",
            "1e3",
            "inf",
            "9".repeat(400).as_str(),
        ] {
            let refusal = parse(text).expect_err(text);
            assert!(refusal.contains("such as 5, 1.5, 500ms"), "{refusal}");
        }
    }
}
