//! Rust source as a rule sees it: what is code, what is a comment, what is a test.

use super::tree::stem_of;

/// The lines of a source file with comments and the contents of literals blanked, so that a rule
/// may look for words. Lines and columns stay where they were.
pub(super) fn code_lines(source: &str) -> Vec<String> {
    let chars: Vec<char> = source.chars().collect();
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = token_end(&chars, at);
        if end == at + 1 {
            code.push(chars[at]);
        } else {
            code.extend(chars[at..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
        }
        at = end;
    }
    code.split('\n').map(str::to_owned).collect()
}

/// Whether `word` stands in the line, not as a part of a longer name.
pub(super) fn has_word(line: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let opens = !word.starts_with(is_name) || !before.is_some_and(is_name);
        let closes = !word.ends_with(is_name) || !after.is_some_and(is_name);
        opens && closes
    })
}

/// Whether the whole file is a test: in a folder `tests`, or a module's `tests.rs`.
pub(super) fn is_test_file(path: &str) -> bool {
    stem_of(path) == "tests" || path.split('/').any(|folder| folder == "tests")
}

/// The line index where a file's own test module opens: tests stand last. The length if there is
/// none.
pub(super) fn tests_start(code: &[String]) -> usize {
    let opens = |line: &String| line.trim_start().starts_with("mod ") && line.trim().ends_with('{');
    (0..code.len())
        .find(|&i| code[i].trim() == "#[cfg(test)]" && code.get(i + 1).is_some_and(opens))
        .unwrap_or(code.len())
}

/// Where the comment or literal that opens at `at` ends; `at + 1` where none opens.
fn token_end(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1).copied();
    match chars[at] {
        '/' if next == Some('/') => (at..chars.len()).find(|&i| chars[i] == '\n'),
        '/' if next == Some('*') => block_comment_end(chars, at),
        '"' => quoted_end(chars, at + 1, '"'),
        'r' if !is_inside_name(chars, at) => return raw_string_end(chars, at).unwrap_or(at + 1),
        // A character, unless it is a lifetime: 'a' but not 'a.
        '\'' if next == Some('\\') || chars.get(at + 2) == Some(&'\'') => {
            quoted_end(chars, at + 1, '\'')
        }
        _ => return at + 1,
    }
    .unwrap_or(chars.len())
}

/// Block comments nest.
fn block_comment_end(chars: &[char], at: usize) -> Option<usize> {
    let mut depth = 0;
    let mut i = at;
    while i + 1 < chars.len() {
        match (chars[i], chars[i + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                i += 1;
                continue;
            }
        }
        i += 2;
        if depth == 0 {
            return Some(i);
        }
    }
    None
}

fn quoted_end(chars: &[char], from: usize, quote: char) -> Option<usize> {
    let mut i = from;
    while i < chars.len() {
        match chars[i] {
            '\\' => i += 2,
            c if c == quote => return Some(i + 1),
            _ => i += 1,
        }
    }
    None
}

/// None if no raw string opens here.
fn raw_string_end(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
    let open = at + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let closes = |&i: &usize| {
        chars[i] == '"'
            && chars[i + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes
    };
    Some((open + 1..chars.len()).find(closes).map_or(chars.len(), |i| i + 1 + hashes))
}

/// Whether the letter at `at` goes on a name; the `b` of a raw byte string, `br"..."`, is no name.
fn is_inside_name(chars: &[char], at: usize) -> bool {
    let is_name = |i: usize| chars[i].is_alphanumeric() || chars[i] == '_';
    let is_byte_prefix = at > 0 && chars[at - 1] == 'b' && (at < 2 || !is_name(at - 2));
    at > 0 && is_name(at - 1) && !is_byte_prefix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_not_code() {
        let source = "a(); // bad\n/* bad /* bad */ bad */ b();\nc(\"bad \\\" bad\", 'x', '\\'');\n\
                      d(r#\"bad \" bad\"#, br\"bad\"); // 'bad\ne::<'a>(for_bar\"bad\"); r#try();";
        let code = code_lines(source);
        assert_eq!(code.len(), 5);
        assert!(!code.join("\n").contains("bad"), "{code:?}");
        for (line, word) in code.iter().zip(["a()", "b()", "c(", "d(", "e::<'a>(for_bar"]) {
            assert!(line.contains(word), "{line:?} has {word:?}");
        }
        assert!(code[4].contains("r#try()"));
    }

    #[test]
    fn a_blanked_literal_keeps_the_lines_after_it() {
        let code = code_lines("a(\"one\ntwo\");\nb();");
        assert_eq!(code, ["a(    ", "    );", "b();"]);
    }

    #[test]
    fn a_word_is_not_a_part_of_a_name() {
        assert!(has_word("use rand::random;", "rand::"));
        assert!(!has_word("use brand::random;", "rand::"));
        assert!(has_word("x: HashMap<u8, u8>", "HashMap"));
        assert!(!has_word("x: HashMapping", "HashMap"));
    }

    #[test]
    fn tests_start_at_their_module() {
        let code = code_lines("fn a() {}\n#[cfg(test)]\nfn b() {}\n#[cfg(test)]\nmod tests {\n}");
        assert_eq!(tests_start(&code), 3);
        assert_eq!(tests_start(&code_lines("fn a() {}")), 1);
    }
}
