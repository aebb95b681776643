//! Which parts of the library's image are nothing but the file.
//!
//! Start-up touches some 160 MiB of the library's 566 MiB that it never needs again; they count as resident
//! until the kernel is told so.

use std::path::Path;

/// Address ranges of `library` in this process that hold no page of our own, read from `smaps`.
pub(super) fn clean_ranges(smaps: &str, library: &Path) -> Vec<(usize, usize)> {
    let name = library.to_string_lossy();
    let mut ranges = Vec::new();
    let mut current = None;
    for line in smaps.lines() {
        if let Some(range) = header(line) {
            let fields: Vec<&str> = line.splitn(6, char::is_whitespace).collect();
            let private = fields
                .get(1)
                .is_some_and(|p| p.starts_with('r') && !p.contains('w'));
            let ours = fields.get(5).is_some_and(|path| path.trim() == name);
            current = Some(range).filter(|_| private && ours);
        } else if let Some(value) = line.strip_prefix("Anonymous:") {
            // Relocated pages are ours and would be lost; a mapping with any is left alone.
            if value.trim() == "0 kB" {
                ranges.extend(current);
            }
            current = None;
        }
    }
    ranges
}

/// `start-end` at the head of a mapping's first line.
fn header(line: &str) -> Option<(usize, usize)> {
    let (start, end) = line.split_once(' ')?.0.split_once('-')?;
    let parse = |text: &str| usize::from_str_radix(text, 16).ok();
    Some((parse(start)?, parse(end)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_untouched_read_only_mappings_of_the_library_count() {
        let smaps = "\
7f00-7f10 r-xp 00000000 fe:00 1   /x/libchdb.so\nRss: 4 kB\nAnonymous:             0 kB\nVmFlags: rd\n\
7f10-7f20 r--p 00000000 fe:00 1   /x/libchdb.so\nAnonymous:             8 kB\n\
7f20-7f30 rw-p 00000000 fe:00 1   /x/libchdb.so\nAnonymous:             0 kB\n\
7f30-7f40 r-xp 00000000 fe:00 1   /x/libc.so\nAnonymous:             0 kB\n\
7f40-7f50 r--p 00000000 00:00 0 \nAnonymous:             0 kB\n";
        assert_eq!(
            clean_ranges(smaps, Path::new("/x/libchdb.so")),
            [(0x7f00, 0x7f10)]
        );
    }
}
