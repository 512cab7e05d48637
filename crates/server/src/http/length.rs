//! Lengths of time as clients write them: `"30s"`, `"500ms"`, `"1h30m"`, or a number of
//! milliseconds.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

const UNITS: [(&str, f64); 5] =
    [("ms", 1.0), ("s", 1_000.0), ("m", 60_000.0), ("h", 3_600_000.0), ("d", 86_400_000.0)];
const EXPECTED: &str = "expected a length with its unit, such as \"30s\", \"500ms\" or \"1h30m\"";

/// A length of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Length(u64);

impl Length {
    pub(crate) fn as_ms(self) -> u64 {
        self.0
    }

    /// Reads a text. A number alone is refused, or it would be seconds for some and milliseconds
    /// for others; 0 is 0 for all.
    pub(crate) fn parse(text: &str) -> Result<Length, &'static str> {
        if text == "0" {
            return Ok(Length(0));
        }
        let ms = sum(text).filter(|ms| *ms < 1e15).ok_or(EXPECTED)?;
        Ok(Length(ms.round() as u64))
    }
}

fn sum(mut text: &str) -> Option<f64> {
    let is_of_number = |c: char| c.is_ascii_digit() || c == '.';
    let mut ms = None;
    while !text.is_empty() {
        let (number, rest) = text.split_at(text.find(|c| !is_of_number(c))?);
        let (unit, rest) = rest.split_at(rest.find(is_of_number).unwrap_or(rest.len()));
        let (_, unit_ms) = UNITS.iter().find(|(name, _)| *name == unit)?;
        ms = Some(ms.unwrap_or(0.0) + number.parse::<f64>().ok()? * unit_ms);
        text = rest;
    }
    ms
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Length, D::Error> {
        struct Lengths;
        impl Visitor<'_> for Lengths {
            type Value = Length;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length such as \"30s\", or whole milliseconds")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Length, E> {
                Length::parse(text).map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, ms: u64) -> Result<Length, E> {
                Ok(Length(ms))
            }
        }
        deserializer.deserialize_any(Lengths)
    }
}

impl PartialSchema for Length {
    fn schema() -> utoipa::openapi::RefOr<Schema> {
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(r"^(0|([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+)$"))
            .description(Some("A length with its unit."))
            .build();
        let ms = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(0))
            .description(Some("Milliseconds."))
            .build();
        Schema::OneOf(OneOfBuilder::new().item(text).item(ms).build()).into()
    }
}

impl ToSchema for Length {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn units_add_up_and_a_json_number_is_milliseconds() {
        for (json, expected) in [
            ("\"30s\"", 30_000),
            ("\"1.5s\"", 1_500),
            ("\"500ms\"", 500),
            ("\"1h30m\"", 5_400_000),
            ("\"1d\"", 86_400_000),
            ("\"0\"", 0),
            ("1500", 1_500),
        ] {
            let length: Length = serde_json::from_str(json).expect(json);
            assert_eq!(length.as_ms(), expected, "{json}");
        }
    }

    #[test]
    fn what_is_no_length_is_refused_with_what_is() {
        for json in ["\"30\"", "\"\"", "\"s\"", "\"-1s\"", "\"1w\"", "\"5 s\"", "\"1.2.3s\""] {
            let refusal = serde_json::from_str::<Length>(json).expect_err(json).to_string();
            assert!(refusal.contains("such as \"30s\""), "{refusal}");
        }
        for json in ["-1", "1.5", "true", "null", "{}"] {
            assert!(serde_json::from_str::<Length>(json).is_err(), "{json}");
        }
        let long = format!("\"{}d\"", "9".repeat(400));
        assert!(serde_json::from_str::<Length>(&long).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9.msdhw -]{0,20}") {
            let _ = Length::parse(&text);
        }

        #[test]
        fn whole_units_are_exact(hours in 0u64..1000, ms in 0u64..1_000_000) {
            let length = Length::parse(&format!("{hours}h{ms}ms"));
            prop_assert_eq!(length.map(Length::as_ms), Ok(hours * 3_600_000 + ms));
        }
    }
}
