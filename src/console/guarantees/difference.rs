//! Where two texts differ, character by character.

/// A stretch of one or of both texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::console) enum Side {
    Both,
    Left,
    Right,
}

/// A stretch of text and where it stands.
pub(in crate::console) type Piece = (Side, String);

/// Texts whose lengths multiply to more are not compared in the middle: what differs there is shown as a whole.
const MOST_CELLS: usize = 4_000_000;

/// Both texts as one sequence of pieces: those of the left side and of both make the left text, and so with the right.
pub(in crate::console) fn difference(left: &str, right: &str) -> Vec<Piece> {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let start = left.iter().zip(&right).take_while(|(one, other)| one == other).count();
    let (before, left) = left.split_at(start);
    let right = right.get(start..).unwrap_or_default();
    let end = left.iter().rev().zip(right.iter().rev()).take_while(|(one, other)| one == other).count();
    let (left, after) = left.split_at(left.len().saturating_sub(end));
    let right = right.get(..right.len().saturating_sub(end)).unwrap_or_default();
    let mut pieces = Vec::new();
    before.iter().for_each(|letter| put(&mut pieces, Side::Both, *letter));
    if left.len().saturating_mul(right.len()) > MOST_CELLS {
        left.iter().for_each(|letter| put(&mut pieces, Side::Left, *letter));
        right.iter().for_each(|letter| put(&mut pieces, Side::Right, *letter));
    } else {
        walk(left, right, &mut pieces);
    }
    after.iter().for_each(|letter| put(&mut pieces, Side::Both, *letter));
    whole_fields(&mut pieces);
    pieces
}

/// What a text has more than the other may begin in several places, and is read most easily from the beginning of a field:
/// `jbrname=x&` is missing before `jbrphone=y`, and not `name=x&jbr` in the middle of it.
fn whole_fields(pieces: &mut [Piece]) {
    for middle in 1..pieces.len().saturating_sub(1) {
        let Some([(Side::Both, before), (Side::Left | Side::Right, here), (Side::Both, after)]) =
            pieces.get_mut(middle.saturating_sub(1)..middle.saturating_add(2))
        else {
            continue;
        };
        let ends = |text: &str| text.ends_with(BETWEEN_FIELDS);
        let moved = before.chars().rev().zip(here.chars().rev()).take_while(|(one, other)| one == other);
        let moved: Vec<char> = moved.map(|(letter, _)| letter).collect();
        for count in 0..=moved.len() {
            let kept: String = before.chars().take(before.chars().count().saturating_sub(count)).collect();
            if !ends(&kept) {
                continue;
            }
            let tail: String = moved.iter().take(count).rev().collect();
            let start: String = here.chars().take(here.chars().count().saturating_sub(count)).collect();
            *after = format!("{tail}{after}");
            *here = format!("{tail}{start}");
            *before = kept;
            break;
        }
    }
}

const BETWEEN_FIELDS: char = '&';

/// Along a longest common subsequence.
fn walk(left: &[char], right: &[char], pieces: &mut Vec<Piece>) {
    let width = right.len().saturating_add(1);
    let mut common = vec![0_u32; width.saturating_mul(left.len().saturating_add(1))];
    let at = |row: usize, column: usize| row.saturating_mul(width).saturating_add(column);
    let read = |common: &[u32], row, column| common.get(at(row, column)).copied().unwrap_or(0);
    for (row, one) in left.iter().enumerate().rev() {
        for (column, other) in right.iter().enumerate().rev() {
            let longest = if one == other {
                read(&common, row + 1, column + 1) + 1
            } else {
                read(&common, row + 1, column).max(read(&common, row, column + 1))
            };
            if let Some(cell) = common.get_mut(at(row, column)) {
                *cell = longest;
            }
        }
    }
    let (mut row, mut column) = (0, 0);
    loop {
        match (left.get(row), right.get(column)) {
            (None, None) => return,
            (Some(one), Some(other)) if one == other => {
                put(pieces, Side::Both, *one);
                (row, column) = (row + 1, column + 1);
            }
            (Some(one), other)
                if other.is_none() || read(&common, row + 1, column) >= read(&common, row, column + 1) =>
            {
                put(pieces, Side::Left, *one);
                row += 1;
            }
            (_, Some(other)) => {
                put(pieces, Side::Right, *other);
                column += 1;
            }
            (Some(one), None) => {
                put(pieces, Side::Left, *one);
                row += 1;
            }
        }
    }
}

fn put(pieces: &mut Vec<Piece>, side: Side, letter: char) {
    match pieces.last_mut() {
        Some((last, text)) if *last == side => text.push(letter),
        _ => pieces.push((side, letter.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(left: &str, right: &str) -> String {
        let piece = |(side, text): Piece| match side {
            Side::Both => text,
            Side::Left => format!("[-{text}]"),
            Side::Right => format!("[+{text}]"),
        };
        difference(left, right).into_iter().map(piece).collect()
    }

    #[test]
    fn what_differs_is_told_to_the_letter() {
        assert_eq!(shown("amount=3200.0&b=2", "amount=3200&b=2"), "amount=3200[-.0]&b=2");
        assert_eq!(shown("a=1&b=&c=3", "a=1&c=3"), "a=1&[-b=&]c=3");
        assert_eq!(shown("海口建设", "海南建设"), "海[-口][+南]建设");
        assert_eq!(shown("a=1&jbrname=x&jbrphone=y", "a=1&jbrphone=y"), "a=1&[-jbrname=x&]jbrphone=y");
        assert_eq!(shown("", "x"), "[+x]");
        assert_eq!(shown("same", "same"), "same");
    }

    #[test]
    fn both_texts_can_be_read_off_the_pieces() {
        for (left, right) in [("abcabba", "cbabac"), ("xaxbxc", "abc"), ("保函编号", "编号保函"), ("", "")]
        {
            let pieces = difference(left, right);
            let of = |not: Side| -> String {
                pieces.iter().filter(|(side, _)| *side != not).map(|(_, text)| text.as_str()).collect()
            };
            assert_eq!((of(Side::Right).as_str(), of(Side::Left).as_str()), (left, right));
        }
    }
}
