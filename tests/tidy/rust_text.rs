//! Rust source with some of its parts blanked out. Lines and columns stay where they are.

/// Two views of one source text.
pub(crate) struct Parts {
    /// Comments are blank.
    pub(crate) code: String,
    /// Comments and the content of string and character literals are blank.
    pub(crate) bare: String,
}

#[derive(Clone, Copy)]
enum State {
    Code,
    LineComment,
    BlockComment { depth: usize },
    Text,
    RawText { hashes: usize },
    Character,
}

impl Parts {
    pub(crate) fn of(source: &str) -> Self {
        let characters: Vec<char> = source.chars().collect();
        let mut parts = Self { code: String::new(), bare: String::new() };
        let mut state = State::Code;
        let mut at = 0;
        while let Some(rest) = characters.get(at..).filter(|rest| !rest.is_empty()) {
            let before = at.checked_sub(1).and_then(|index| characters.get(index)).copied();
            let (next, taken) = step(state, rest, before);
            let comment = in_comment(state) || in_comment(next);
            // The quotes of a literal stay, so that the blanked text still has its shape.
            let literal = in_literal(state) && in_literal(next);
            for character in rest.iter().take(taken) {
                push(&mut parts.code, *character, comment);
                push(&mut parts.bare, *character, comment || literal);
            }
            state = next;
            at += taken;
        }
        parts
    }
}

/// Reads one token of interest: the state after it, and how many characters it took (at least one).
fn step(state: State, rest: &[char], before: Option<char>) -> (State, usize) {
    match (state, rest) {
        (State::Code, ['/', '/', ..]) => (State::LineComment, 2),
        (State::Code, ['/', '*', ..]) => (State::BlockComment { depth: 1 }, 2),
        (State::Code, ['"', ..]) => (State::Text, 1),
        (State::Code, ['r', ..]) if !before.is_some_and(|c| is_word(c) && c != 'b' && c != 'c') => {
            let hashes = rest.iter().skip(1).take_while(|c| **c == '#').count();
            match rest.get(1 + hashes) {
                Some('"') => (State::RawText { hashes }, hashes + 2),
                _ => (State::Code, 1),
            }
        }
        // `'a'` and `'\n'` are characters, `'a` alone is a lifetime.
        (State::Code, ['\'', '\\', ..] | ['\'', _, '\'', ..]) => (State::Character, 1),
        (State::LineComment, ['\n', ..]) => (State::Code, 1),
        (State::BlockComment { depth: 1 }, ['*', '/', ..]) => (State::Code, 2),
        (State::BlockComment { depth }, ['*', '/', ..]) => (State::BlockComment { depth: depth - 1 }, 2),
        (State::BlockComment { depth }, ['/', '*', ..]) => (State::BlockComment { depth: depth + 1 }, 2),
        (State::Text, ['\\', _, ..]) => (State::Text, 2),
        (State::Text, ['"', ..]) => (State::Code, 1),
        (State::Character, ['\\', _, ..]) => (State::Character, 2),
        (State::Character, ['\'', ..]) => (State::Code, 1),
        (State::RawText { hashes }, ['"', after @ ..])
            if after.iter().take_while(|c| **c == '#').count() >= hashes =>
        {
            (State::Code, hashes + 1)
        }
        _ => (state, 1),
    }
}

fn in_comment(state: State) -> bool {
    matches!(state, State::LineComment | State::BlockComment { .. })
}

fn in_literal(state: State) -> bool {
    matches!(state, State::Text | State::RawText { .. } | State::Character)
}

/// A blanked character leaves a blank for each of its bytes, so that the bytes after it keep their places.
fn push(out: &mut String, character: char, blanked: bool) {
    if blanked && character != '\n' {
        out.extend(std::iter::repeat_n(' ', character.len_utf8()));
    } else {
        out.push(character);
    }
}

pub(crate) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Blanks every item under `#[cfg(test)]`. The text must be free of comments; literals are looked through again, so
/// that a brace inside one does not count.
pub(crate) fn without_tests(code: &str) -> String {
    let bare = Parts::of(code).bare;
    let mut kept = code.to_owned();
    for (start, attribute) in bare.match_indices("#[cfg(test)]") {
        let after = start + attribute.len();
        let end = end_of_item(&bare, after);
        let mut blanked = String::new();
        for character in code.get(start..end).unwrap_or_default().chars() {
            push(&mut blanked, character, true);
        }
        kept.replace_range(start..end, &blanked);
    }
    kept
}

/// The byte after the item that begins here: after its `;`, or after the brace that closes its first brace.
fn end_of_item(bare: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, byte) in bare.bytes().enumerate().skip(start) {
        match byte {
            b';' if depth == 0 => return offset + 1,
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return offset + 1;
                }
            }
            _ => {}
        }
    }
    bare.len()
}

#[test]
fn comments_and_literals_are_blanked_and_lines_stay() {
    let source = "let a = \"x // {\\\" y\"; // tail\n/* one /* two */\n */ let b = r#\"raw \" {\"#; 'c'; fn f<'a>() {}\n";
    let parts = Parts::of(source);
    assert_eq!(
        parts.code,
        "let a = \"x // {\\\" y\";        \n                \n    let b = r#\"raw \" {\"#; 'c'; fn f<'a>() {}\n"
    );
    assert_eq!(
        parts.bare,
        "let a = \"          \";        \n                \n    let b = r#\"       \"#; ' '; fn f<'a>() {}\n"
    );
}

#[test]
fn what_is_only_for_tests_is_blanked_whole() {
    let source = "use a;\n#[cfg(test)]\nmod tests {\n    fn x() { \"}\"; \"海\" }\n}\nuse b;\n#[cfg(test)]\nmod t;\nuse c;\n";
    let kept = without_tests(source);
    assert_eq!(kept.lines().count(), source.lines().count());
    let words: Vec<&str> = kept.split_whitespace().collect();
    assert_eq!(words, ["use", "a;", "use", "b;", "use", "c;"]);
}
