//! A plan as text, and back.
//!
//! ```text
//! seed 7
//! members 3
//! clients 4
//! calm_at 31.500000
//! network delay_us=100..2000 drop_ppm=0 duplicate_ppm=0 late_ppm=0 break_ppm=0
//! workload locks=3 sessions_max=2 ttl_ms=500..2000 think_ms=300 hold_ms=500
//! clocks rate_ppm_max=100 beyond_bounds=false
//! fault 12.000000 kill member=2 back_after_ms=500
//! ```
//! Empty lines and lines that start with `#` mean nothing.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::str::FromStr;

use crate::plan::{Fault, Plan, Planned};
use crate::time::SimTime;

/// Why a text is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    line: usize,
    what: String,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the plan: {}", self.line, self.what)
    }
}

impl std::error::Error for PlanError {}

/// A struct of terms that is a line of text.
macro_rules! terms {
    (
        $(#[$doc:meta])*
        pub struct $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }

        impl $name {
            pub(super) fn put(&self, out: &mut String) {
                $($crate::plan::text::put_field(out, stringify!($field), &self.$field);)*
            }

            pub(super) fn take(
                fields: &mut $crate::plan::text::Fields<'_>,
            ) -> Result<$name, String> {
                Ok($name { $($field: fields.take(stringify!($field))?,)* })
            }
        }
    };
}

/// The faults, with their names and what belongs to each.
macro_rules! faults {
    (
        $(#[$doc:meta])*
        pub enum $name:ident {
            $($(#[$fault_doc:meta])* $variant:ident $text:literal
                { $($field:ident: $type:ty),* },)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$fault_doc])* $variant { $($field: $type),* },)* }

        impl $name {
            /// The names of all kinds.
            pub const NAMES: &'static [&'static str] = &[$($text),*];

            /// The name of its kind.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $($name::$variant { .. } => $text,)* }
            }

            pub(super) fn put(&self, out: &mut String) {
                out.push_str(self.name());
                match self {
                    $($name::$variant { $($field),* } => {
                        $($crate::plan::text::put_field(out, stringify!($field), $field);)*
                    })*
                }
            }

            pub(super) fn take(
                name: &str,
                fields: &mut $crate::plan::text::Fields<'_>,
            ) -> Result<$name, String> {
                // A fault without fields takes none.
                let _ = &fields;
                match name {
                    $($text => Ok($name::$variant {
                        $($field: fields.take(stringify!($field))?),*
                    }),)*
                    _ => Err(format!("there is no fault named {name}")),
                }
            }
        }
    };
}

pub(super) use {faults, terms};

/// The value of a field.
pub(crate) trait Field: Sized {
    fn put(&self, out: &mut String);
    fn take(text: &str) -> Option<Self>;
}

macro_rules! plain_field {
    ($($type:ty),*) => {$(
        impl Field for $type {
            fn put(&self, out: &mut String) {
                let _ = write!(out, "{self}");
            }

            fn take(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

plain_field!(bool, u32, u64, i64);

/// From, to, both included.
impl Field for (u64, u64) {
    fn put(&self, out: &mut String) {
        let _ = write!(out, "{}..{}", self.0, self.1);
    }

    fn take(text: &str) -> Option<Self> {
        let (first, last) = text.split_once("..")?;
        let range = (first.parse().ok()?, last.parse().ok()?);
        (range.0 <= range.1).then_some(range)
    }
}

pub(crate) fn put_field(out: &mut String, name: &str, value: &impl Field) {
    out.push(' ');
    out.push_str(name);
    out.push('=');
    value.put(out);
}

/// The fields of one line.
pub(crate) struct Fields<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Fields<'a> {
    fn read(words: impl Iterator<Item = &'a str>) -> Result<Fields<'a>, String> {
        let field = |word: &'a str| {
            word.split_once('=').ok_or_else(|| format!("{word}: must be name=value"))
        };
        words.map(field).collect::<Result<_, _>>().map(Fields)
    }

    pub(crate) fn take<T: Field>(&mut self, name: &str) -> Result<T, String> {
        let text = self.0.remove(name).ok_or_else(|| format!("{name} is missing"))?;
        T::take(text).ok_or_else(|| format!("{name}={text}: no such value"))
    }

    fn end(self) -> Result<(), String> {
        self.0.keys().next().map_or(Ok(()), |name| Err(format!("{name} belongs to nothing here")))
    }
}

impl Plan {
    /// Its text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let Plan { seed, members, clients, calm_at, network, workload, clocks, faults } = self;
        let mut out = String::new();
        let _ = writeln!(out, "seed {seed}\nmembers {members}\nclients {clients}");
        let _ = writeln!(out, "calm_at {calm_at}");
        out.push_str("network");
        network.put(&mut out);
        out.push_str("\nworkload");
        workload.put(&mut out);
        out.push_str("\nclocks");
        clocks.put(&mut out);
        for planned in faults {
            let _ = write!(out, "\nfault {} ", planned.at);
            planned.fault.put(&mut out);
        }
        out.push('\n');
        out
    }

    /// The plan of a text.
    ///
    /// # Errors
    /// Says which line it does not understand.
    pub fn from_text(text: &str) -> Result<Plan, PlanError> {
        let mut read = Read::default();
        for (line, content) in (1..).zip(text.lines()) {
            read.line(content).map_err(|what| PlanError { line, what })?;
        }
        let line = text.lines().count();
        read.finish().ok_or_else(|| PlanError { line, what: "something is missing".to_owned() })
    }
}

/// What was read so far.
#[derive(Default)]
struct Read {
    seed: Option<u64>,
    members: Option<u64>,
    clients: Option<u32>,
    calm_at: Option<SimTime>,
    network: Option<super::NetworkTerms>,
    workload: Option<super::WorkloadTerms>,
    clocks: Option<super::ClockTerms>,
    faults: Vec<Planned>,
}

impl Read {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let mut words = line.split_whitespace();
        let Some(head) = words.next().filter(|head| !head.starts_with('#')) else { return Ok(()) };
        match head {
            "seed" => self.seed = Some(one(words.next())?),
            "members" => self.members = Some(one(words.next())?),
            "clients" => self.clients = Some(one(words.next())?),
            "calm_at" => self.calm_at = Some(time(words.next())?),
            "network" => self.network = Some(rest(&mut words, super::NetworkTerms::take)?),
            "workload" => self.workload = Some(rest(&mut words, super::WorkloadTerms::take)?),
            "clocks" => self.clocks = Some(rest(&mut words, super::ClockTerms::take)?),
            "fault" => {
                let at = time(words.next())?;
                let name = words.next().ok_or("a fault has a time and a name")?;
                let fault = rest(&mut words, |fields| Fault::take(name, fields))?;
                self.faults.push(Planned { at, fault });
            }
            _ => return Err(format!("{head}: no such thing in a plan")),
        }
        words.next().map_or(Ok(()), |word| Err(format!("{word} is too much")))
    }

    fn finish(self) -> Option<Plan> {
        let Read { seed, members, clients, calm_at, network, workload, clocks, mut faults } = self;
        faults.sort_by_key(|planned| planned.at);
        Some(Plan {
            seed: seed?,
            members: members?,
            clients: clients?,
            calm_at: calm_at?,
            network: network?,
            workload: workload?,
            clocks: clocks?,
            faults,
        })
    }
}

/// All the rest of a line.
fn rest<'a, T>(
    words: &mut impl Iterator<Item = &'a str>,
    take: impl FnOnce(&mut Fields<'a>) -> Result<T, String>,
) -> Result<T, String> {
    let mut fields = Fields::read(words)?;
    let terms = take(&mut fields)?;
    fields.end()?;
    Ok(terms)
}

fn one<T: FromStr>(word: Option<&str>) -> Result<T, String> {
    let word = word.ok_or("a number is missing")?;
    word.parse().map_err(|_| format!("{word}: not a number that fits"))
}

/// Seconds with six places.
fn time(word: Option<&str>) -> Result<SimTime, String> {
    let word = word.ok_or("a time is missing")?;
    let of = |word: &str| {
        let (seconds, us) = word.split_once('.')?;
        let us = (us.len() == 6).then_some(us)?;
        let (seconds, us): (u64, u64) = (seconds.parse().ok()?, us.parse().ok()?);
        Some(SimTime(seconds.checked_mul(1_000_000)?.checked_add(us)?))
    };
    of(word).ok_or_else(|| format!("{word}: must be seconds with six places"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Wishes;

    #[test]
    fn a_plan_is_the_same_after_its_text() {
        for seed in 0..500 {
            let plan = Plan::draw(seed, &Wishes::default());
            let text = plan.to_text();
            assert_eq!(Plan::from_text(&text).as_ref(), Ok(&plan), "{text}");
        }
    }

    #[test]
    fn what_is_no_plan_is_refused_with_the_line() {
        let good = Plan::draw(3, &Wishes::default()).to_text();
        let with = |line: &str| format!("# why\n{line}\n{good}");
        for (line, why) in [
            ("fault 1.000000 kill member=1", "back_after_ms is missing"),
            ("fault 1.000000 kill member=x back_after_ms=1", "member=x: no such value"),
            ("fault 1.0 add_member", "1.0: must be seconds with six places"),
            ("fault 1.000000 flood", "there is no fault named flood"),
            ("fault 1.000000 add_member client=1", "client belongs to nothing here"),
            ("seed 1 2", "2 is too much"),
            ("weather fair", "weather: no such thing in a plan"),
        ] {
            let found = Plan::from_text(&with(line)).expect_err(line);
            assert_eq!(found.to_string(), format!("line 2 of the plan: {why}"));
        }
        assert!(Plan::from_text("seed 1\n").is_err());
        assert!(Plan::from_text(&with("fault 1.000000 add_member")).is_ok());
    }
}
