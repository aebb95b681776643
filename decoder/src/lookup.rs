//! Which discriminator data starts with.

/// Discriminators by number, in the order given. None may be a prefix of another (the IDL's check sees to it), so at
/// most one fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lookup {
    /// Those of eight bytes (Anchor's default): open addressing, at most half full, a power of two of places.
    eights: Box<[Place]>,
    shift: u32,
    /// All others, sorted: of a set without prefixes only the greatest that is not above the data can fit.
    others: Box<[(Box<[u8]>, u32)]>,
    shortest: usize,
}

/// A discriminator as a number, and its own number; `FREE` for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    key: u64,
    number: u32,
}

const FREE: u32 = u32::MAX;
/// Spreads keys over the top bits. Keys come from configuration: nobody outside can choose them to collide.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Lookup {
    pub(crate) fn new<D: AsRef<[u8]>>(discriminators: impl IntoIterator<Item = D>) -> Self {
        let (mut eights, mut others) = (Vec::new(), Vec::new());
        let mut shortest = usize::MAX;
        for (number, bytes) in (0..FREE).zip(discriminators) {
            let bytes = bytes.as_ref();
            shortest = shortest.min(bytes.len());
            match <[u8; 8]>::try_from(bytes) {
                Ok(eight) => eights.push((u64::from_le_bytes(eight), number)),
                Err(_) => others.push((Box::from(bytes), number)),
            }
        }
        others.sort();
        let places = (eights.len() * 2).next_power_of_two();
        let free = Place {
            key: 0,
            number: FREE,
        };
        let mut lookup = Self {
            eights: vec![free; places].into(),
            // A shift by 64 would overflow: with one place every key goes there.
            shift: 64 - places.trailing_zeros().max(1),
            others: others.into(),
            shortest,
        };
        for (key, number) in eights {
            lookup.insert(key, number);
        }
        lookup
    }

    fn insert(&mut self, key: u64, number: u32) {
        let mut at = self.home(key);
        let mask = self.eights.len() - 1;
        while let Some(place) = self.eights.get_mut(at & mask) {
            if place.number == FREE {
                *place = Place { key, number };
                return;
            }
            if place.key == key {
                return;
            }
            at += 1;
        }
    }

    #[inline]
    fn home(&self, key: u64) -> usize {
        (key.wrapping_mul(SPREAD) >> self.shift) as usize
    }

    /// Number of the discriminator that `data` starts with, and the bytes after it.
    #[inline]
    pub(crate) fn find<'a>(&self, data: &'a [u8]) -> Option<(usize, &'a [u8])> {
        if let Some((eight, rest)) = data.split_first_chunk::<8>() {
            let key = u64::from_le_bytes(*eight);
            let mask = self.eights.len().wrapping_sub(1);
            let mut at = self.home(key);
            // Half of the places are free, so this ends.
            while let Some(place) = self.eights.get(at & mask) {
                if place.number == FREE {
                    break;
                }
                if place.key == key {
                    return Some((place.number as usize, rest));
                }
                at += 1;
            }
        }
        if self.others.is_empty() {
            return None;
        }
        self.find_other(data)
    }

    fn find_other<'a>(&self, data: &'a [u8]) -> Option<(usize, &'a [u8])> {
        let above = self.others.partition_point(|(bytes, _)| **bytes <= *data);
        let (bytes, number) = self.others.get(above.checked_sub(1)?)?;
        Some((*number as usize, data.strip_prefix(&**bytes)?))
    }

    /// Length of the shortest discriminator; the largest number if there is none.
    pub(crate) fn shortest(&self) -> usize {
        self.shortest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn linear<'a>(all: &[Vec<u8>], data: &'a [u8]) -> Option<(usize, &'a [u8])> {
        all.iter()
            .enumerate()
            .find_map(|(i, d)| Some((i, data.strip_prefix(d.as_slice())?)))
    }

    #[test]
    fn nothing_is_found_among_nothing() {
        let none = Lookup::new(Vec::<Vec<u8>>::new());
        for data in [&[][..], &[0; 8], &[0; 9]] {
            assert_eq!(none.find(data), None);
            assert_eq!(Lookup::default().find(data), None);
        }
        assert_eq!(none.shortest(), usize::MAX);
    }

    #[test]
    fn zeros_are_a_discriminator_like_any_other() {
        let lookup = Lookup::new([[0_u8; 8]]);
        assert_eq!(lookup.find(&[0; 10]), Some((0, &[0_u8, 0][..])));
        assert_eq!(lookup.find(&[0; 7]), None);
        assert_eq!(lookup.find(&[1; 8]), None);
    }

    proptest! {
        /// As trying one after the other, whatever the lengths.
        #[test]
        fn it_finds_what_a_search_finds(
            raw in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(0_u8..3, 8),
                    prop::collection::vec(any::<u8>(), 8),
                    prop::collection::vec(0_u8..3, 1..12),
                    prop::collection::vec(0_u8..2, 60..=64),
                ],
                0..40,
            ),
            datas in prop::collection::vec(prop::collection::vec(0_u8..3, 0..80), 1..20),
        ) {
            let mut all: Vec<Vec<u8>> = Vec::new();
            for d in raw {
                if all.iter().all(|known| !known.starts_with(&d) && !d.starts_with(known)) {
                    all.push(d);
                }
            }
            let lookup = Lookup::new(&all);
            for mut data in datas {
                prop_assert_eq!(lookup.find(&data), linear(&all, &data));
                for (i, d) in all.iter().enumerate() {
                    let tail = data.len().min(3);
                    let mut with = d.clone();
                    with.extend_from_slice(&data[..tail]);
                    prop_assert_eq!(lookup.find(&with), Some((i, &with[d.len()..])));
                    if d.len() < data.len() {
                        data[..d.len()].copy_from_slice(d);
                        prop_assert_eq!(lookup.find(&data).map(|f| f.0), Some(i));
                    }
                }
            }
        }
    }
}
