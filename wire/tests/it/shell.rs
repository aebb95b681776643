//! Quoting, judged by a word splitter that shares no code with it, and by a real shell.

use std::process::Command;

use hypernode_wire::manifest::quote;
use proptest::prelude::*;

/// Splits a simple command as POSIX says (2.2 Quoting, 2.3 Token Recognition); none where a shell would do more than split.
pub(crate) fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '\\' => word
                .get_or_insert_default()
                .push(chars.next().filter(|c| *c != '\n')?),
            '"' | '|' | '&' | ';' | '<' | '>' | '(' | ')' | '$' | '`' | '*' | '?' | '[' | ']'
            | '#' | '~' | '%' | '{' | '}' | '!' | '^' | '\n' | '\r' => return None,
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

/// What a shell makes of the words of `line`.
pub(crate) fn run(line: &str) -> Vec<String> {
    let output = Command::new("sh")
        .args(["-c", &format!("printf '%s\\0' {line}")])
        .output()
        .expect("sh runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    text.split_terminator('\0').map(str::to_owned).collect()
}

const NASTY: [&str; 20] = [
    "",
    " ",
    "'",
    "''",
    "\"",
    "\\",
    "a b",
    "$(id)",
    "`id`",
    "$HOME",
    "; rm -rf /",
    "&& id",
    "| id",
    "> f",
    "*",
    "~",
    "#",
    "a\nb",
    "é 😀",
    "-n",
];

#[test]
fn the_splitter_splits() {
    let words = |line| split(line).unwrap();
    assert_eq!(words("a  b\tc"), ["a", "b", "c"]);
    assert_eq!(words(r"'a b'\''c' ''"), ["a b'c", ""]);
    assert!(words("").is_empty());
    for more in ["a;b", "$a", "a\nb", "'a", r"a\", "\"a\""] {
        assert_eq!(split(more), None);
    }
}

#[test]
fn a_shell_reads_nasty_words_unchanged() {
    let line: Vec<_> = NASTY.iter().map(|word| quote(word)).collect();
    assert_eq!(run(&line.join(" ")), NASTY);
}

proptest! {
    #[test]
    fn any_words_are_split_as_they_were(words in prop::collection::vec("[^\0]{0,12}", 0..8)) {
        let line: Vec<_> = words.iter().map(|word| quote(word)).collect();
        prop_assert_eq!(split(&line.join(" ")), Some(words));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_shell_reads_any_words_unchanged(words in prop::collection::vec("([ '\"$`\\\\;&|*?~#!\n\t]|\\PC){0,12}", 1..8)) {
        let line: Vec<_> = words.iter().map(|word| quote(word)).collect();
        prop_assert_eq!(run(&line.join(" ")), words);
    }
}
