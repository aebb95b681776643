//! Text of which a bounded part is kept.

/// The beginning of what a host sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// What was kept.
    pub text: String,
    /// Whether more was sent than kept; a hash that came with it then is of more than `text`.
    pub cut: bool,
}

impl Text {
    /// The first `most` bytes of `text`, or up to three fewer: characters are not split.
    #[must_use]
    pub fn cut(text: &str, most: usize) -> Self {
        let end = text.floor_char_boundary(most);
        Self {
            text: text[..end].to_owned(),
            cut: end < text.len(),
        }
    }
}

/// A text for people and logs: no control characters, no space around it, at most `most` bytes; none when nothing is left.
#[must_use]
pub fn label(text: &str, most: usize) -> Option<String> {
    // Bounded before it is cleaned: the work is bounded too.
    let text = &text[..text.floor_char_boundary(most.saturating_mul(4))];
    let clean: String = text.trim().chars().filter(|c| !c.is_control()).collect();
    let clean = clean[..clean.floor_char_boundary(most)].trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}
