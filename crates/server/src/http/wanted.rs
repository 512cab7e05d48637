//! What the body of an acquire asks for, checked.

use std::sync::Arc;

use bramah_core::limits::{OWNER_BYTES_MAX, PERMITS_MAX, TERM_MS_MAX, VALUE_BYTES_MAX};
use bramah_core::{
    Acquire, Grant, IfHeld, Item, Key, LockName, Mode, Owner, Priority, SessionHandle, Terms, Ttl,
    Value, Wait,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call;
use super::length::Length;
use super::problem::Problem;
use super::query::hex;
use super::view::{ModeName, OwnerView};
use crate::limits::{
    HTTP_TTL_DEFAULT, HTTP_WAIT_TIME_MAX, REQUEST_ID_BYTES_MAX, REQUEST_ID_BYTES_MIN,
};

/// The body of an acquire. An empty one asks for the lock alone, at once, for 15 s.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AcquireBody {
    /// How long the hold lives without being renewed; 15 s if not given. Not with `session`, which
    /// has its own.
    ttl: Option<Length>,
    /// How long to wait for it; not at all if not given.
    wait: Option<Length>,
    /// How to hold it; `exclusive` if not given, or `permits` if `limit` is.
    mode: Option<ModeName>,
    /// Of `permits`: how many; 1 if not given.
    #[schema(minimum = 1, maximum = 1_000_000)]
    permits: Option<u32>,
    /// Of `permits`: out of how many. All who hold or wait must name the same.
    #[schema(minimum = 1, maximum = 1_000_000)]
    limit: Option<u32>,
    /// Bytes for everybody to see beside the hold, as text.
    value: Option<String>,
    /// The same, in hexadecimal digits.
    value_hex: Option<String>,
    /// The client's own name for this request. A repeat of it is the same request: it is not done
    /// twice. Without a session it is as secret as the hold, so it must not be guessable.
    #[schema(min_length = 1, max_length = 128)]
    request_id: Option<String>,
    /// The session that is to hold it; one of its own, that ends with the hold, if not given.
    session: Option<String>,
    /// Who asks, for all listings. Not with `session`, which has its own.
    owner: Option<OwnerView>,
    /// The higher is granted first.
    priority: i8,
    /// What it means that the session holds the lock already.
    if_held: IfHeldName,
    /// Be refused rather than queue behind so many.
    max_waiters: Option<u32>,
    /// After an unclean end the lock rests so long.
    lock_delay: Length,
    /// A release earlier than this after the grant takes effect only then.
    min_hold: Length,
    /// The hold ends so long after its grant, however often it is renewed; 0 for never.
    max_hold: Length,
}

/// What it means that the session holds the lock already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IfHeldName {
    /// It is told of its hold.
    #[default]
    Refuse,
    /// The hold is counted once more.
    Reenter,
    /// It queues as anybody else.
    Queue,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    item: Item,
    pub(crate) wait: Wait,
    priority: Priority,
    if_held: IfHeld,
    max_waiters: Option<u32>,
    terms: Terms,
    /// The session that is to hold it; none for one of its own.
    pub(crate) session: Option<SessionHandle>,
    pub(crate) ttl: Ttl,
    pub(crate) owner: Arc<Owner>,
    pub(crate) request_id: Option<String>,
}

impl Wanted {
    pub(crate) fn name(&self) -> &LockName {
        &self.item.name
    }

    /// Whether what an earlier request of this name acquired can be what is wanted: it is held in
    /// the same way. The table keeps no other parameters of a request.
    pub(crate) fn check_found(&self, found: &Grant) -> Result<(), Problem> {
        if self.request_id.is_none() || found.mode == self.item.mode {
            return Ok(());
        }
        let how = match found.mode {
            Mode::Exclusive => "exclusive".to_owned(),
            Mode::Shared => "shared".to_owned(),
            Mode::Permits { count, limit } => format!("{count} permits out of {limit}"),
        };
        Err(Problem::invalid(format!(
            "use request_id again: the request of this name acquired {:?} as {how}, and a repeat \
             asks for the same; another request needs another request_id",
            found.name.as_str()
        )))
    }

    pub(crate) fn acquire(&self, key: Key) -> Acquire {
        Acquire {
            item: self.item.clone(),
            key,
            wait: self.wait,
            priority: self.priority,
            if_held: self.if_held,
            max_waiters: self.max_waiters,
            terms: self.terms,
        }
    }
}

impl AcquireBody {
    /// Checks it.
    pub(crate) fn check(self, name: LockName) -> Result<Wanted, Problem> {
        let session = self.session.as_deref().map(call::session).transpose()?;
        if session.is_some() && (self.ttl.is_some() || self.owner.is_some()) {
            let text = "acquire: ttl and owner are those of the session, leave them out";
            return Err(Problem::invalid(text));
        }
        check_request_id(self.request_id.as_deref(), session.is_none())?;
        let if_held = match self.if_held {
            IfHeldName::Refuse => IfHeld::Refuse,
            IfHeldName::Reenter => IfHeld::Reenter,
            IfHeldName::Queue => IfHeld::Queue,
        };
        if session.is_none() && if_held == IfHeld::Reenter {
            let text = "acquire: if_held is about the session's other holds, and none is given";
            return Err(Problem::invalid(text));
        }
        let mode = mode(self.mode, self.permits, self.limit)?;
        let value = value(self.value, self.value_hex.as_deref())?;
        Ok(Wanted {
            item: Item { name, mode, value },
            wait: wait(self.wait.unwrap_or_default())?,
            priority: Priority(self.priority),
            if_held,
            max_waiters: self.max_waiters,
            terms: Terms {
                lock_delay_ms: term("lock_delay", self.lock_delay)?,
                min_hold_ms: term("min_hold", self.min_hold)?,
                max_hold_ms: term("max_hold", self.max_hold)?,
            },
            session,
            ttl: ttl(self.ttl)?,
            owner: owner(self.owner)?,
            request_id: self.request_id,
        })
    }
}

fn check_request_id(id: Option<&str>, is_secret: bool) -> Result<(), Problem> {
    let Some(id) = id else { return Ok(()) };
    let (bytes, max) = (id.len(), REQUEST_ID_BYTES_MAX);
    if bytes == 0 || bytes > max {
        let text = format!("use request_id: it has {bytes} bytes, allowed are 1 to {max}");
        return Err(Problem::invalid(text));
    }
    if is_secret && bytes < REQUEST_ID_BYTES_MIN {
        let text = format!(
            "use request_id: without a session whoever knows it gets the hold, so it must have \
             {REQUEST_ID_BYTES_MIN} bytes or more that nobody guesses, such as a UUID"
        );
        return Err(Problem::invalid(text));
    }
    Ok(())
}

/// The TTL of a session, checked.
pub(crate) fn ttl(length: Option<Length>) -> Result<Ttl, Problem> {
    let ms = length.map_or(HTTP_TTL_DEFAULT.as_millis() as u64, Length::as_ms);
    Ttl::from_ms(ms).map_err(|why| Problem::invalid(format!("use the TTL: {why}")))
}

/// Who a session says it is, checked.
pub(crate) fn owner(owner: Option<OwnerView>) -> Result<Arc<Owner>, Problem> {
    let owner = Owner::from(owner.unwrap_or_default());
    let (bytes, max) = (owner.bytes(), OWNER_BYTES_MAX);
    if bytes > max {
        let text =
            format!("use the owner: its texts have {bytes} bytes, at most {max} are allowed");
        return Err(Problem::invalid(text));
    }
    Ok(Arc::new(owner))
}

/// A value, checked.
pub(crate) fn value(text: Option<String>, digits: Option<&str>) -> Result<Option<Value>, Problem> {
    let bytes = match (text, digits) {
        (None, None) => return Ok(None),
        (Some(text), None) => text.into_bytes(),
        (None, Some(digits)) if digits.len() > 2 * VALUE_BYTES_MAX + 1 => {
            let text = format!("use value_hex: at most {VALUE_BYTES_MAX} bytes are allowed");
            return Err(Problem::invalid(text));
        }
        (None, Some(digits)) => of_hex(digits).ok_or_else(|| {
            Problem::invalid("use value_hex: it must be two hexadecimal digits for each byte")
        })?,
        (Some(_), Some(_)) => {
            return Err(Problem::invalid("use value and value_hex: give one of them"));
        }
    };
    let value = Value::new(&bytes);
    value.map(Some).map_err(|why| Problem::invalid(format!("use the value: {why}")))
}

fn of_hex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(hex(*high)? << 4 | hex(*low)?));
    bytes.collect::<Option<Vec<u8>>>().filter(|_| rest.is_empty())
}

fn mode(mode: Option<ModeName>, permits: Option<u32>, limit: Option<u32>) -> Result<Mode, Problem> {
    let of_permits = permits.is_some() || limit.is_some();
    match (mode, limit) {
        (Some(ModeName::Permits), None) | (None, None) if of_permits || mode.is_some() => {
            Err(Problem::invalid("acquire permits: limit is missing, out of how many they are"))
        }
        (None | Some(ModeName::Permits), Some(limit)) => {
            let count = permits.unwrap_or(1);
            if limit == 0 || limit > PERMITS_MAX {
                let text = format!("use limit {limit}: allowed are 1 to {PERMITS_MAX}");
                return Err(Problem::invalid(text));
            }
            if count == 0 || count > limit {
                let text = format!("acquire {count} permits: allowed are 1 to the limit {limit}");
                return Err(Problem::invalid(text));
            }
            Ok(Mode::Permits { count, limit })
        }
        (Some(_), _) if of_permits => {
            Err(Problem::invalid("acquire: permits and limit are for the mode permits"))
        }
        (Some(ModeName::Shared), _) => Ok(Mode::Shared),
        _ => Ok(Mode::Exclusive),
    }
}

fn wait(length: Length) -> Result<Wait, Problem> {
    let (ms, max) = (length.as_ms(), HTTP_WAIT_TIME_MAX.as_millis() as u64);
    match ms {
        0 => Ok(Wait::Try),
        ms if ms <= max => Ok(Wait::ForMs(ms)),
        ms => {
            let text = format!("wait {ms} ms: over HTTP it is at most {max} ms, then ask again");
            Err(Problem::invalid(text))
        }
    }
}

fn term(field: &str, length: Length) -> Result<u64, Problem> {
    match length.as_ms() {
        ms if ms <= TERM_MS_MAX => Ok(ms),
        ms => {
            let text = format!("use {field} of {ms} ms: at most {TERM_MS_MAX} ms (30 days) are");
            Err(Problem::invalid(format!("{text} allowed")))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(json: &str) -> Result<Wanted, String> {
        let body: AcquireBody = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let name = LockName::new("x").expect("a name");
        body.check(name).map_err(|problem| problem.detail().to_owned())
    }

    #[test]
    fn an_empty_body_asks_for_the_lock_alone_at_once_and_for_the_usual_time() {
        let wanted = check("{}").expect("good");
        assert_eq!((wanted.wait, wanted.item.mode), (Wait::Try, Mode::Exclusive));
        assert_eq!((wanted.ttl.as_ms(), wanted.session), (15_000, None));
    }

    #[test]
    fn permits_want_a_limit_and_nothing_else_has_one() {
        for (json, mode) in [
            ("{\"limit\":3}", Mode::Permits { count: 1, limit: 3 }),
            ("{\"limit\":3,\"permits\":2}", Mode::Permits { count: 2, limit: 3 }),
            ("{\"mode\":\"permits\",\"limit\":1}", Mode::Permits { count: 1, limit: 1 }),
            ("{\"mode\":\"shared\"}", Mode::Shared),
            ("{\"mode\":\"exclusive\"}", Mode::Exclusive),
        ] {
            assert_eq!(check(json).map(|wanted| wanted.item.mode), Ok(mode), "{json}");
        }
        for (json, expected) in [
            ("{\"permits\":1}", "limit is missing"),
            ("{\"mode\":\"permits\"}", "limit is missing"),
            ("{\"mode\":\"shared\",\"limit\":3}", "for the mode permits"),
            ("{\"mode\":\"exclusive\",\"permits\":3}", "for the mode permits"),
            ("{\"limit\":3,\"permits\":4}", "1 to the limit 3"),
            ("{\"limit\":3,\"permits\":0}", "1 to the limit 3"),
            ("{\"limit\":0}", "allowed are 1 to"),
            ("{\"limit\":1000001}", "allowed are 1 to"),
        ] {
            let refusal = check(json).expect_err(json);
            assert!(refusal.contains(expected), "{json}: {refusal}");
        }
    }

    #[test]
    fn lengths_are_taken_up_to_their_bounds() {
        let wait = HTTP_WAIT_TIME_MAX.as_millis() as u64;
        for (field, max) in [("wait", wait), ("ttl", 86_400_000), ("min_hold", TERM_MS_MAX)] {
            for ms in [max - 1, max] {
                check(&format!("{{\"{field}\":{ms}}}")).expect(field);
            }
            check(&format!("{{\"{field}\":{}}}", max + 1)).expect_err(field);
        }
        for (ms, is_good) in [(499, false), (500, true), (501, true)] {
            assert_eq!(check(&format!("{{\"ttl\":{ms}}}")).is_ok(), is_good, "{ms}");
        }
    }

    #[test]
    fn a_request_id_has_bounds_and_is_a_secret_where_it_is_all_there_is() {
        let with = |bytes: usize, session: &str| {
            check(&format!("{{\"request_id\":\"{}\"{session}}}", "i".repeat(bytes))).is_ok()
        };
        let session = ",\"session\":\"7-00000000000000ff\"";
        for (bytes, alone, in_session) in [
            (0, false, false),
            (1, false, true),
            (REQUEST_ID_BYTES_MIN - 1, false, true),
            (REQUEST_ID_BYTES_MIN, true, true),
            (REQUEST_ID_BYTES_MAX, true, true),
            (REQUEST_ID_BYTES_MAX + 1, false, false),
        ] {
            assert_eq!((with(bytes, ""), with(bytes, session)), (alone, in_session), "{bytes}");
        }
    }

    #[test]
    fn a_value_is_text_or_digits_and_bounded() {
        let bytes =
            |json| check(json).map(|wanted| wanted.item.value.map(|v| v.as_bytes().to_vec()));
        assert_eq!(bytes("{\"value\":\"a\"}"), Ok(Some(b"a".to_vec())));
        assert_eq!(bytes("{\"value_hex\":\"fF00\"}"), Ok(Some(vec![0xff, 0])));
        for json in ["{\"value_hex\":\"f\"}", "{\"value_hex\":\"zz\"}", "{\"value\":1}"] {
            check(json).expect_err(json);
        }
        check("{\"value\":\"a\",\"value_hex\":\"61\"}").expect_err("both");
        for (bytes, is_good) in [(VALUE_BYTES_MAX, true), (VALUE_BYTES_MAX + 1, false)] {
            let text = check(&format!("{{\"value\":\"{}\"}}", "v".repeat(bytes)));
            let digits = check(&format!("{{\"value_hex\":\"{}\"}}", "ff".repeat(bytes)));
            assert_eq!((text.is_ok(), digits.is_ok()), (is_good, is_good), "{bytes}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_fields_say_what_is_wanted_is_within_the_bounds(
            ttl in any::<u64>(),
            wait in any::<u64>(),
            permits in any::<Option<u32>>(),
            limit in any::<Option<u32>>(),
            digits in "[0-9a-g]{0,9}",
        ) {
            let json = serde_json::json!({
                "ttl": ttl, "wait": wait, "permits": permits, "limit": limit, "value_hex": digits,
            });
            if let Ok(wanted) = check(&json.to_string()) {
                prop_assert!((500..=86_400_000).contains(&wanted.ttl.as_ms()));
                if let Mode::Permits { count, limit } = wanted.item.mode {
                    prop_assert!(1 <= count && count <= limit && limit <= PERMITS_MAX);
                }
            }
        }
    }
}
