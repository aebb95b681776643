//! What kind of statement a text is, as far as running it differs: an `INSERT` with data behind it, a
//! `SELECT` that can stream, or anything else.

use super::lexer::{Kind, Lexer, Token};

/// An `INSERT` whose data follows the statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Insert {
    /// Length of the statement without its `FORMAT` or `VALUES` clause.
    pub(super) statement: usize,
    /// Input format of the data.
    pub(super) format: String,
    /// Where inline data starts.
    pub(super) data: usize,
}

/// Result of looking at the start of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// Data in `Insert::format` follows.
    Insert(Insert),
    /// An `INSERT` whose clauses do not end in this text; more of it is needed.
    UnfinishedInsert,
    /// `INSERT … SELECT` and everything else: run as it stands.
    Plain,
}

/// Finds the data of an `INSERT`. `whole` says that no more text will come.
pub(super) fn shape(sql: &[u8], whole: bool) -> Shape {
    let mut tokens = Lexer::new(sql);
    let Some(first) = tokens.next() else {
        return if whole {
            Shape::Plain
        } else {
            Shape::UnfinishedInsert
        };
    };
    if !first.is(sql, "INSERT") {
        // A word cut by the end of the peeked text may still become INSERT.
        let cut = !whole && first.end == sql.len();
        return if cut {
            Shape::UnfinishedInsert
        } else {
            Shape::Plain
        };
    }
    // INSERT INTO [TABLE] [FUNCTION] name: a table may be called `values`, so names are skipped first.
    let mut before_name = true;
    let mut previous_dot = false;
    while let Some(token) = tokens.next() {
        let keyword = ["INTO", "TABLE", "FUNCTION"]
            .iter()
            .any(|word| token.is(sql, word));
        if before_name && keyword {
            continue;
        }
        let dot = token.kind == Kind::Sign(b'.');
        if before_name || previous_dot || dot {
            before_name = false;
            previous_dot = dot;
            continue;
        }
        if token.depth > 0 || token.kind != Kind::Word {
            continue;
        }
        if token.is(sql, "VALUES") && (whole || token.end < sql.len()) {
            return insert(token, "Values", token.end);
        }
        if token.is(sql, "SELECT") || token.is(sql, "WITH") {
            return Shape::Plain;
        }
        if token.is(sql, "FORMAT") {
            return match tokens.next() {
                Some(name) if name.end < sql.len() || whole => {
                    let format = String::from_utf8_lossy(&sql[name.start..name.end]).into_owned();
                    insert(token, &format, data_start(sql, name.end))
                }
                _ if whole => Shape::Plain,
                _ => Shape::UnfinishedInsert,
            };
        }
    }
    if whole {
        Shape::Plain
    } else {
        Shape::UnfinishedInsert
    }
}

fn insert(clause: Token, format: &str, data: usize) -> Shape {
    Shape::Insert(Insert {
        statement: clause.start,
        format: format.to_owned(),
        data,
    })
}

/// Data starts after blanks, one semicolon and one line end behind the format's name.
fn data_start(sql: &[u8], mut at: usize) -> usize {
    while matches!(sql.get(at), Some(b' ' | b'\t' | 0x0c)) {
        at += 1;
    }
    if sql.get(at) == Some(&b';') {
        at += 1;
    }
    if sql.get(at) == Some(&b'\r') {
        at += 1;
    }
    if sql.get(at) == Some(&b'\n') {
        at += 1;
    }
    at
}

/// How the output of a statement that is not an insert can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    /// Format named in the text, if any.
    pub(super) format: Option<String>,
    /// Whether chunks may be concatenated, as far as the text tells.
    pub(super) streams: bool,
    /// The text asks for a file on the engine's side.
    pub(super) into_outfile: bool,
}

/// Reads `FORMAT` and the first word of a text.
pub(super) fn output(sql: &[u8]) -> Output {
    let tokens: Vec<Token> = Lexer::new(sql).collect();
    let select = tokens
        .iter()
        .find(|t| t.kind != Kind::Sign(b'('))
        .is_some_and(|t| t.is(sql, "SELECT") || t.is(sql, "WITH"));
    let mut clauses = tokens
        .windows(2)
        .filter(|w| w[0].depth == 0 && w[0].is(sql, "FORMAT"));
    let format = clauses
        .next_back()
        .filter(|w| w[1].kind == Kind::Word)
        .map(|w| String::from_utf8_lossy(&sql[w[1].start..w[1].end]).into_owned());
    // Totals and a second mention of FORMAT or of INTO are rare; such a text is not streamed.
    let mentions = tokens.iter().filter(|t| t.is(sql, "FORMAT")).count();
    let odd = tokens.iter().any(|t| {
        ["TOTALS", "OUTFILE", "INSERT", "CREATE", "EXPLAIN"]
            .iter()
            .any(|w| t.is(sql, w))
    });
    Output {
        streams: select && !odd && mentions == usize::from(format.is_some()),
        into_outfile: tokens
            .windows(2)
            .any(|w| w[0].is(sql, "INTO") && w[1].is(sql, "OUTFILE")),
        format,
    }
}

/// How many leading bytes of each chunk after the first repeat a header; `None`: not concatenable.
pub(super) fn chunk_header(format: &str, first: &[u8]) -> Option<usize> {
    match format {
        "RowBinary" | "Native" | "JSONEachRow" | "JSONLines" | "NDJSON" | "JSONCompactEachRow"
        | "TabSeparated" | "TSV" | "TabSeparatedRaw" | "TSVRaw" | "CSV" | "LineAsString"
        | "RawBLOB" => Some(0),
        "RowBinaryWithNamesAndTypes" => names_and_types(first),
        "TabSeparatedWithNames"
        | "TSVWithNames"
        | "CSVWithNames"
        | "JSONCompactEachRowWithNames" => lines(first, 1),
        "TabSeparatedWithNamesAndTypes"
        | "TSVWithNamesAndTypes"
        | "JSONCompactEachRowWithNamesAndTypes" => lines(first, 2),
        _ => None,
    }
}

/// Whether [`chunk_header`] knows the format.
pub(super) fn concatenable(format: &str) -> bool {
    // Two empty lines and a zero column count satisfy every header rule.
    chunk_header(format, b"\0\n\n").is_some()
}

fn lines(first: &[u8], count: usize) -> Option<usize> {
    let mut ends = first.iter().enumerate().filter(|(_, b)| **b == b'\n');
    ends.nth(count - 1).map(|(i, _)| i + 1)
}

/// Length of the column count, names and types at the start of RowBinaryWithNamesAndTypes.
fn names_and_types(first: &[u8]) -> Option<usize> {
    let mut at = 0;
    let columns = varint(first, &mut at)?;
    for _ in 0..columns.checked_mul(2)? {
        let length = usize::try_from(varint(first, &mut at)?).ok()?;
        at = at.checked_add(length).filter(|end| *end <= first.len())?;
    }
    Some(at)
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(sql: &str) -> Option<(String, String, String)> {
        match shape(sql.as_bytes(), true) {
            Shape::Insert(i) => Some((
                sql[..i.statement].trim().into(),
                i.format,
                sql[i.data..].into(),
            )),
            _ => None,
        }
    }

    #[test]
    fn inserts_give_statement_format_and_data() {
        let (s, f, d) =
            parts("insert into `a`.t (x, format) SETTINGS a=1 format Native\n\x01\x02").unwrap();
        assert_eq!(
            (s.as_str(), f.as_str(), d.as_str()),
            (
                "insert into `a`.t (x, format) SETTINGS a=1",
                "Native",
                "\x01\x02"
            )
        );
        let (s, f, d) = parts("INSERT INTO values VALUES (1)").unwrap();
        assert_eq!(
            (s.as_str(), f.as_str(), d.as_str()),
            ("INSERT INTO values", "Values", " (1)")
        );
        assert_eq!(parts("INSERT INTO t SELECT 1 FORMAT Null"), None);
        assert_eq!(parts("SELECT 1 FORMAT Native"), None);
        assert_eq!(shape(b"INS", false), Shape::UnfinishedInsert);
        assert_eq!(
            shape(b"INSERT INTO t FORMAT Nati", false),
            Shape::UnfinishedInsert
        );
        assert_eq!(shape(b"SELECT 1", false), Shape::Plain);
    }

    #[test]
    fn output_clauses_are_found_at_the_top_level_only() {
        let o = output(b"SELECT (SELECT 'x FORMAT CSV') FORMAT JSON");
        assert_eq!((o.format.as_deref(), o.streams), (Some("JSON"), true));
        let o = output(b"SHOW TABLES");
        assert_eq!((o.format, o.streams), (None, false));
        assert!(output(b"SELECT 1 INTO OUTFILE 'x'").into_outfile);
        assert!(!output(b"SELECT a, sum(b) GROUP BY a WITH TOTALS").streams);
    }

    #[test]
    fn headers_of_later_chunks_are_measured() {
        assert_eq!(
            chunk_header("RowBinaryWithNamesAndTypes", b"\x01\x01a\x05UInt8\x07"),
            Some(9)
        );
        assert_eq!(
            chunk_header("RowBinaryWithNamesAndTypes", b"\x01\x01a\x05UIn"),
            None
        );
        assert_eq!(chunk_header("CSVWithNames", b"a,b\n1,2\n"), Some(4));
        assert!(concatenable("Native") && !concatenable("JSON"));
    }

    proptest! {
        #[test]
        fn any_text_is_shaped(bytes in proptest::collection::vec(any::<u8>(), 0..200), whole: bool) {
            if let Shape::Insert(i) = shape(&[b"INSERT INTO t ", bytes.as_slice()].concat(), whole) {
                prop_assert!(i.statement <= i.data && i.data <= bytes.len() + 14);
            }
            let _ = output(&bytes);
            let _ = chunk_header("RowBinaryWithNamesAndTypes", &bytes);
        }
    }
}
