//! GPU models as people write them.

/// Words that makers put around a model's name and that tell no two models apart.
const NOISE: [&str; 8] = [
    "nvidia", "geforce", "amd", "radeon", "tesla", "quadro", "graphics", "gpu",
];

/// The words of a model that tell it apart, lower case: `NVIDIA GeForce RTX 4090` and `rtx-4090` are the same two. At
/// most 16 words of 256 bytes of text.
pub fn model_words(text: &str) -> Vec<String> {
    let end = text.floor_char_boundary(256);
    let words = text[..end].split(|c: char| !c.is_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .filter(|word| !NOISE.contains(&word.as_str()))
        .take(16)
        .collect()
}

/// Whether a node's model is one that is asked for: all the words asked for stand together in the node's. So `RTX 4090`
/// takes `NVIDIA GeForce RTX 4090`, and `A100` takes `A100-SXM4-80GB` but no `RTX A1000`.
pub(super) fn is_asked_for(asked: &[String], model: &[String]) -> bool {
    asked.is_empty() || model.windows(asked.len()).any(|words| words == asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_told_apart_by_whole_words() {
        let is = |asked, model| is_asked_for(&model_words(asked), &model_words(model));
        assert!(is("RTX 4090", "NVIDIA GeForce RTX 4090"));
        assert!(is("nvidia geforce rtx 4090", "RTX 4090"));
        assert!(is("rtx-4090", "GeForce RTX 4090 Laptop GPU"));
        assert!(is("A100", "NVIDIA A100-SXM4-80GB"));
        assert!(is("", "anything"));
        assert!(!is("A100", "RTX A1000"));
        assert!(!is("RTX 4090", "RTX 4090Ti"));
        assert!(!is("RTX 4090", "RTX 3090"));
        assert!(!is("RTX 4090", ""));
        assert!(!is("RTX 4090", "RTX"));
    }
}
