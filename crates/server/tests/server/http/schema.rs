//! As much of JSON Schema as the server's description is written in; a word that is not known here
//! is an error, so that nothing passes unread.

use serde_json::Value;

/// What is wrong with `value`; `document` has what references lead to.
pub(crate) fn wrongs(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut wrongs = Vec::new();
    check(document, schema, value, "", &mut wrongs);
    wrongs
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str, wrongs: &mut Vec<String>) {
    let schema = schema.as_object().expect("a schema is an object");
    let is_good = |schema: &Value| {
        let mut found = Vec::new();
        check(document, schema, value, at, &mut found);
        found.is_empty()
    };
    for (word, says) in schema {
        let mut wrong = |why: String| wrongs.push(format!("{at}: {why}: {value}"));
        match word.as_str() {
            "$ref" => {
                let path = says.as_str().expect("a path").trim_start_matches('#');
                let target = document.pointer(path).expect("what it refers to");
                check(document, target, value, at, wrongs);
            }
            "type" => {
                let names: Vec<&Value> = match says {
                    Value::Array(names) => names.iter().collect(),
                    name => vec![name],
                };
                if !names.iter().any(|name| is_of(name.as_str().expect("a type"), value)) {
                    wrong(format!("is not of type {says}"));
                }
            }
            "enum" => {
                if !says.as_array().expect("a list").contains(value) {
                    wrong(format!("is none of {says}"));
                }
            }
            "allOf" => {
                for part in says.as_array().expect("a list") {
                    check(document, part, value, at, wrongs);
                }
            }
            "oneOf" => {
                let good = says.as_array().expect("a list").iter().filter(|it| is_good(it));
                let good = good.count();
                if good != 1 {
                    wrong(format!("is as {good} of {says}"));
                }
            }
            "required" => {
                for field in says.as_array().expect("a list") {
                    if value.get(field.as_str().expect("a name")).is_none() {
                        wrong(format!("has no {field}"));
                    }
                }
            }
            "properties" => {
                let fields = value.as_object().into_iter().flatten();
                for (name, value) in fields {
                    if let Some(schema) = says.get(name) {
                        check(document, schema, value, &format!("{at}/{name}"), wrongs);
                    }
                }
            }
            "additionalProperties" => {
                assert_eq!(*says, Value::Bool(false), "{at}");
                let known = schema["properties"].as_object().expect("properties");
                for (name, _) in value.as_object().into_iter().flatten() {
                    if !known.contains_key(name) {
                        wrong(format!("has an unknown {name:?}"));
                    }
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(document, says, item, &format!("{at}/{index}"), wrongs);
                }
            }
            "minimum" => {
                if value.is_number() && value.as_f64() < says.as_f64() {
                    wrong(format!("is below {says}"));
                }
            }
            "description" | "format" | "default" => {}
            other => panic!("{at}: {other:?} is not known here"),
        }
    }
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("{other:?} is no type"),
    }
}

#[test]
fn it_finds_what_is_not_as_described() {
    use serde_json::json;
    let document = json!({"a": {"type": "integer", "minimum": 0}});
    let schema = json!({
        "type": "object", "required": ["n"], "additionalProperties": false,
        "properties": {
            "n": {"$ref": "#/a"},
            "l": {"type": "array", "items": {"oneOf": [{"type": "null"}, {"$ref": "#/a"}]}},
            "e": {"type": ["string", "null"], "enum": ["x", null]},
        },
    });
    for good in [json!({"n": 1}), json!({"n": 0, "l": [null, 2], "e": "x"})] {
        assert_eq!(wrongs(&document, &schema, &good), Vec::<String>::new());
    }
    for bad in [
        json!([]),
        json!({}),
        json!({"n": -1}),
        json!({"n": 1.5}),
        json!({"n": 1, "l": ["x"]}),
        json!({"n": 1, "e": "y"}),
        json!({"n": 1, "other": 1}),
    ] {
        assert_ne!(wrongs(&document, &schema, &bad), Vec::<String>::new(), "{bad}");
    }
}
