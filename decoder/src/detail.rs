//! What is wrong with a record, said without the heap: dead letters are something that strangers can make many of.

use std::fmt;

/// Longer than any message with a field name of usual length; what is beyond is cut.
const ROOM: usize = 160;

/// A short text.
#[derive(Clone, Copy)]
pub(crate) struct Detail {
    bytes: [u8; ROOM],
    length: usize,
}

impl Detail {
    /// Takes what `format_args!` makes.
    pub(crate) fn new(message: fmt::Arguments<'_>) -> Self {
        let mut detail = Self {
            bytes: [0; ROOM],
            length: 0,
        };
        // A text that is cut reports an error, which is none here.
        let _ = fmt::Write::write_fmt(&mut detail, message);
        detail
    }

    pub(crate) fn text(&self) -> &str {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl fmt::Write for Detail {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.get_mut(self.length..).unwrap_or_default();
        let mut fits = text.len().min(room.len());
        while !text.is_char_boundary(fits) {
            fits -= 1;
        }
        if let (Some(room), Some(part)) = (room.get_mut(..fits), text.as_bytes().get(..fits)) {
            room.copy_from_slice(part);
        }
        self.length += fits;
        if fits == text.len() {
            Ok(())
        } else {
            Err(fmt::Error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_between_characters() {
        let detail = Detail::new(format_args!("field `{}`: {}", "x", 5));
        assert_eq!(detail.text(), "field `x`: 5");
        let long = format!("a{}", "é".repeat(200));
        let detail = Detail::new(format_args!("{long}"));
        assert_eq!(detail.text(), &long[..ROOM - 1]);
    }
}
