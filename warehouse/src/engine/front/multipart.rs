//! `multipart/form-data` bodies: the parts `query` and `param_*`.

use super::error::{Failure, code};

/// Name and content of each part, in order.
pub(super) fn parse(body: &[u8], boundary: &str) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let bad =
        |what: &str| Failure::new(code::CANNOT_PARSE_INPUT, format!("multipart body: {what}"));
    let delimiter = format!("--{boundary}");
    let mut rest = body;
    let start = find(rest, delimiter.as_bytes()).ok_or_else(|| bad("no boundary"))?;
    rest = &rest[start + delimiter.len()..];
    let inner = format!("\r\n{delimiter}");
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        rest = rest
            .strip_prefix(b"\r\n")
            .ok_or_else(|| bad("a boundary is not followed by a line end"))?;
        let head_end =
            find(rest, b"\r\n\r\n").ok_or_else(|| bad("a part without an end of its head"))?;
        let head = String::from_utf8_lossy(&rest[..head_end]).into_owned();
        rest = &rest[head_end + 4..];
        let end = find(rest, inner.as_bytes()).ok_or_else(|| bad("a part without an end"))?;
        let name = part_name(&head).ok_or_else(|| bad("a part without a name"))?;
        parts.push((name, rest[..end].to_vec()));
        rest = &rest[end + inner.len()..];
    }
}

fn part_name(head: &str) -> Option<String> {
    let line = head.lines().find(|line| {
        line.to_ascii_lowercase()
            .starts_with("content-disposition:")
    })?;
    let start = line.find(" name=\"").or_else(|| line.find(";name=\""))? + 7;
    let end = line[start..].find('"')?;
    Some(line[start..start + end].to_owned())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut at = 0;
    while let Some(offset) = haystack[at..].iter().position(|b| *b == first) {
        at += offset;
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts_are_read() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\nSELECT {x:String}\r\n--b\r\n\
            content-disposition: form-data; name=\"param_x\"\r\nContent-Type: text/plain\r\n\r\na\r\nb\r\n--b--\r\n";
        let parts = parse(body, "b").unwrap();
        assert_eq!(
            parts[0],
            ("query".to_owned(), b"SELECT {x:String}".to_vec())
        );
        assert_eq!(parts[1], ("param_x".to_owned(), b"a\r\nb".to_vec()));
        assert!(parse(&body[..60], "b").is_err());
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&[b"--b\r\n", bytes.as_slice()].concat(), "b");
        }
    }
}
