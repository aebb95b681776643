//! HTML without a template engine: escaping, and slots of the form `{{name}}`.

use std::fmt::Write as _;

/// `text` as HTML text or attribute value. Labels on chain are strangers' words.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Characters that turn or hide what follows would let a label imitate the page.
            '\u{0}'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => out.push('\u{fffd}'),
            _ => out.push(character),
        }
    }
    out
}

/// Replaces each `{{name}}` once, from left to right: a value that looks like a slot stays as it is.
/// Values must be escaped already. A slot without a value becomes empty.
pub(crate) fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(template.len() + 4096);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, following)) = after.split_once("}}") else {
            rest = after;
            continue;
        };
        if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
            out.push_str(value);
        }
        rest = following;
    }
    out.push_str(rest);
    out
}

/// An integer in groups of three.
pub(crate) fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Base units as HYPER with two decimals, rounded down, in groups of three. `decimals` at most 18.
pub(crate) fn hyper(raw: u128, decimals: u8) -> String {
    let scale = 10_u128.pow(u32::from(decimals.min(18)));
    let hundredths = (raw % scale).saturating_mul(100) / scale;
    let mut out = grouped(raw / scale);
    let _ = write!(out, ".{hundredths:02}");
    out
}

/// The beginning of a long address or signature, for a narrow screen.
pub(crate) fn short(text: &str) -> String {
    if text.chars().count() <= 14 {
        return text.to_owned();
    }
    text.chars().take(12).chain(['…']).collect()
}

/// At most `most` characters: a label on chain may be as long as a transaction.
pub(crate) fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars()
        .take(most.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// Units of evidence (of 1/2^20) with two decimals, rounded down.
pub(crate) fn units(of_units: u64) -> String {
    let hundredths = (u128::from(of_units) * 100) >> 20;
    format!("{}.{:02}", grouped(hundredths / 100), hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_tricks_become_text() {
        assert_eq!(
            escape("<script>alert('1' & \"2\")"),
            "&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)"
        );
        assert_eq!(escape("a\u{202e}b\0"), "a\u{fffd}b\u{fffd}");
    }

    #[test]
    fn values_are_not_templates() {
        let values = [("a", "{{b}}".to_owned()), ("b", "x".to_owned())];
        assert_eq!(fill("1{{a}}2{{b}}3{{none}}4", &values), "1{{b}}2x34");
        assert_eq!(fill("open {{ end", &values), "open  end");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(12_345_678), "12,345,678");
        assert_eq!(hyper(1_234_567_890, 6), "1,234.56");
        assert_eq!(hyper(5, 0), "5.00");
        assert_eq!(hyper(999_999, 6), "0.99");
        assert_eq!(units(8 << 20), "8.00");
        assert_eq!(units((1 << 20) - 1), "0.99");
        assert_eq!(units(u64::MAX), "17,592,186,044,415.99");
    }

    #[test]
    fn long_labels_are_cut_by_characters() {
        assert_eq!(clip("ééé", 3), "ééé");
        assert_eq!(clip("éééé", 3), "éé…");
    }
}
