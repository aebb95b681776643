//! How many bytes of columns a record of so many bytes can become (I-13).

use super::compile::PlanError;
use super::value::Limits;

/// A value writes at most `base + factor × (its input bytes)` bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(super) base: u64,
    pub(super) factor: u64,
}

impl Default for Cost {
    fn default() -> Self {
        Self { base: 0, factor: 1 }
    }
}

impl Cost {
    pub(super) fn fixed(base: u64) -> Self {
        Self { base, factor: 1 }
    }

    /// Most bytes of columns that a record of this length becomes.
    pub(crate) fn of(self, length: usize) -> u64 {
        let length = self.factor.saturating_mul(length as u64);
        length.saturating_add(self.base)
    }

    /// Both, one after the other.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            base: self.base.saturating_add(other.base),
            factor: self.factor.max(other.factor),
        }
    }

    /// One of the two.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            base: self.base.max(other.base),
            factor: self.factor.max(other.factor),
        }
    }

    /// Of a list of such values, each of at least `min` bytes: every element brings its base with it.
    pub(super) fn listed(self, min: usize) -> Result<Self, PlanError> {
        // Elements without bytes are refused when a record claims any.
        let per_byte = self.base.div_ceil(min.max(1) as u64);
        let factor = self.factor.saturating_add(per_byte);
        if factor > Limits::FACTOR {
            return Err(PlanError::Grows(factor));
        }
        Ok(Self { base: 8, factor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_carries_its_elements_base_for_every_element() {
        let option = Cost::fixed(33).or(Cost::default().and(Cost::fixed(8)));
        assert_eq!(
            option,
            Cost {
                base: 33,
                factor: 1
            }
        );
        let list = option.listed(1).expect("list");
        assert_eq!(
            list,
            Cost {
                base: 8,
                factor: 34
            }
        );
        // A list of such lists: 8 bytes for every 4 of a length.
        assert_eq!(
            list.listed(4),
            Ok(Cost {
                base: 8,
                factor: 36
            })
        );
        assert_eq!(
            Cost::fixed(1 << 20).listed(1),
            Err(PlanError::Grows((1 << 20) + 1))
        );
    }
}
