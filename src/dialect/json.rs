//! Writing JSON text members in a given order, without a copy of what may be megabytes.

/// Writes one member of an object whose value is a string; a comma goes before all but the first.
pub(super) fn write_member(object: &mut Vec<u8>, name: &str, value: &str) {
    write_name(object, name);
    write_text(object, value);
}

/// Writes a member's name, after which its value must be written.
pub(super) fn write_name(object: &mut Vec<u8>, name: &str) {
    if object.last() != Some(&b'{') {
        object.push(b',');
    }
    write_text(object, name);
    object.push(b':');
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    let needs_escape = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    let mut rest = text.as_bytes();
    out.push(b'"');
    while let Some(at) = rest.iter().position(needs_escape) {
        let (plain, from) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((special, after)) = from.split_first() else { break };
        match special {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *special]),
            control => out.extend_from_slice(format!("\\u{control:04x}").as_bytes()),
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_read_back_as_it_was() {
        let controls: String = (0..0x30).filter_map(char::from_u32).collect();
        for text in ["", "中文", r#"a"b\c/"#, "\"", "\\", &controls, "\u{7f}\u{2028}𠮷"] {
            let mut object = b"{".to_vec();
            write_member(&mut object, text, text);
            write_member(&mut object, "second", text);
            object.push(b'}');
            let read: serde_json::Value = serde_json::from_slice(&object).unwrap();
            assert_eq!(read["second"], text);
            assert_eq!(read[text], text);
        }
    }
}
