//! One log line, classified by its exact shape. Text that a program chose follows a fixed prefix and is
//! never looked at; whatever fits no shape is text too.

/// What the runtime meant by a line. Whether `id` is a program id at all is for the caller to find out: if it
/// is none, the line is text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// `Program <id> invoke [<depth>]`.
    Invoke { id: &'a str, depth: u32 },
    /// `Program <id> success` or `Program <id> failed: <reason>`: the frame ends.
    Exit { id: &'a str, success: bool },
    /// `Program data: <base64>( <base64>)*`.
    Data(&'a str),
    /// `Log truncated`.
    Truncated,
    /// Anything else.
    Other,
}

/// Classifies a line. A line is one element of the log, newlines included.
pub(crate) fn classify(line: &str) -> Line<'_> {
    let Some(rest) = line.strip_prefix("Program ") else {
        return if line == "Log truncated" {
            Line::Truncated
        } else {
            Line::Other
        };
    };
    if rest.starts_with("log: ") {
        return Line::Other;
    }
    if let Some(data) = rest.strip_prefix("data: ") {
        return Line::Data(data);
    }
    let Some((id, verb)) = rest.split_once(' ') else {
        return Line::Other;
    };
    let success = verb == "success";
    if success || verb.starts_with("failed: ") {
        return Line::Exit { id, success };
    }
    depth(verb).map_or(Line::Other, |depth| Line::Invoke { id, depth })
}

/// `invoke [<depth>]`, the depth in decimal without sign or leading zero.
fn depth(verb: &str) -> Option<u32> {
    let digits = verb.strip_prefix("invoke [")?.strip_suffix(']')?;
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    if plain { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4";

    #[test]
    fn the_runtimes_lines() {
        let cases = [
            (
                format!("Program {ID} invoke [1]"),
                Line::Invoke { id: ID, depth: 1 },
            ),
            (
                format!("Program {ID} invoke [12]"),
                Line::Invoke { id: ID, depth: 12 },
            ),
            (
                format!("Program {ID} success"),
                Line::Exit {
                    id: ID,
                    success: true,
                },
            ),
            (
                format!("Program {ID} failed: custom program error: 0x1"),
                Line::Exit {
                    id: ID,
                    success: false,
                },
            ),
            ("Program data: QUJD REVG".into(), Line::Data("QUJD REVG")),
            ("Program data: ".into(), Line::Data("")),
            ("Log truncated".into(), Line::Truncated),
            (
                format!("Program {ID} consumed 5 of 200000 compute units"),
                Line::Other,
            ),
            (format!("Program return: {ID} QUJD"), Line::Other),
            ("Unknown program X".into(), Line::Other),
            ("Program failed to complete: x".into(), Line::Other),
        ];
        for (line, want) in cases {
            assert_eq!(classify(&line), want, "{line}");
        }
    }

    #[test]
    fn imitations_are_text() {
        for line in [
            format!("Program log: Program {ID} invoke [1]"),
            format!("Program log: x\nProgram {ID} invoke [1]\nProgram data: QUJD"),
            "Program log: Log truncated".into(),
            "Log truncated\n".into(),
            "Log truncated ".into(),
            " Program data: QUJD".into(),
            "Program data:".into(),
            "Program  data: QUJD".into(),
            "program data: QUJD".into(),
            format!("Program {ID} invoke [0]"),
            format!("Program {ID} invoke [01]"),
            format!("Program {ID} invoke [+1]"),
            format!("Program {ID} invoke []"),
            format!("Program {ID} invoke [99999999999]"),
            format!("Program {ID} invoke [1] "),
            format!("Program {ID}  invoke [1]"),
            format!("Program {ID} success "),
            format!("Program {ID} failed"),
            "Program log: success".into(),
            "Program ".into(),
            "Program".into(),
            String::new(),
        ] {
            assert_eq!(classify(&line), Line::Other, "{line}");
        }
    }
}
