//! A tolerant tokenizer for ClickHouse's SQL: enough to find clauses at the top level, never to judge safety
//! (that is the engine's own parser's work, see `read_only`).

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bare word: keyword, name or number.
    Word,
    /// A string or quoted name.
    Quoted,
    /// One other character.
    Sign(u8),
}

/// One token with its place in the text and the number of open brackets around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) depth: u32,
}

impl Token {
    /// Whether this is the bare word `word`, in any case.
    pub(super) fn is(&self, sql: &[u8], word: &str) -> bool {
        self.kind == Kind::Word && sql[self.start..self.end].eq_ignore_ascii_case(word.as_bytes())
    }
}

/// Iterates over the tokens of a text; comments and blanks are skipped.
pub(super) struct Lexer<'s> {
    sql: &'s [u8],
    at: usize,
    depth: u32,
}

impl<'s> Lexer<'s> {
    pub(super) fn new(sql: &'s [u8]) -> Self {
        Self {
            sql,
            at: 0,
            depth: 0,
        }
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = &self.sql[self.at..];
            if rest.first().is_some_and(u8::is_ascii_whitespace) {
                self.at += 1;
            } else if rest.starts_with(b"--") || rest.starts_with(b"# ") || rest.starts_with(b"#!")
            {
                self.at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
            } else if rest.starts_with(b"/*") {
                let close = rest.windows(2).skip(2).position(|w| w == b"*/");
                self.at += close.map_or(rest.len(), |i| i + 4);
            } else {
                return;
            }
        }
    }

    /// End of the quoted text that starts at `self.at`; backslash and doubling escape the quote.
    fn quoted_end(&self, quote: u8) -> usize {
        let mut i = self.at + 1;
        while i < self.sql.len() {
            if self.sql[i] == b'\\' {
                i += 2;
            } else if self.sql[i] == quote {
                if self.sql.get(i + 1) == Some(&quote) {
                    i += 2;
                } else {
                    return i + 1;
                }
            } else {
                i += 1;
            }
        }
        self.sql.len()
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.skip_blanks();
        let start = self.at;
        let first = *self.sql.get(start)?;
        let mut depth = self.depth;
        let kind = match first {
            b'\'' | b'"' | b'`' => {
                self.at = self.quoted_end(first);
                Kind::Quoted
            }
            b if b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80 => {
                let word = self.sql[start..]
                    .iter()
                    .position(|b| !(b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80));
                self.at = word.map_or(self.sql.len(), |n| start + n);
                Kind::Word
            }
            sign => {
                self.at += 1;
                match sign {
                    b'(' | b'[' | b'{' => self.depth += 1,
                    b')' | b']' | b'}' => {
                        self.depth = self.depth.saturating_sub(1);
                        depth = self.depth;
                    }
                    _ => {}
                }
                Kind::Sign(sign)
            }
        };
        Some(Token {
            kind,
            start,
            end: self.at,
            depth,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(sql: &str) -> Vec<&str> {
        Lexer::new(sql.as_bytes())
            .map(|t| &sql[t.start..t.end])
            .collect()
    }

    #[test]
    fn quotes_comments_and_brackets() {
        assert_eq!(
            words("a /* x */ 'it''s \\' b' -- c\n `d``e`(f)"),
            ["a", "'it''s \\' b'", "`d``e`", "(", "f", ")"]
        );
        let depths: Vec<u32> = Lexer::new(b"a(b(c))d").map(|t| t.depth).collect();
        assert_eq!(depths, [0, 0, 1, 1, 2, 1, 0, 0]);
    }

    proptest! {
        #[test]
        fn any_bytes_end_and_advance(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut last = 0;
            for token in Lexer::new(&bytes) {
                prop_assert!(token.end > token.start && token.start >= last && token.end <= bytes.len());
                last = token.end;
            }
        }
    }
}
