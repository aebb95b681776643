//! Protobuf's wire format, field by field, without copies.

/// A field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 2: text, bytes, a message, packed numbers.
    Bytes(&'a [u8]),
    /// Wire types 1 and 5: no field of ours has them.
    Fixed,
}

/// The fields of one message. What is not plain protobuf is an error, and then nothing of it may be used.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

/// Not what the format allows, or not what a caller can use: prost decides then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotPlain;

impl<'a> Fields<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// Number and value of the next field.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<(u32, Value<'a>)>, NotPlain> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = u32::try_from(self.varint()?).map_err(|_| NotPlain)?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| NotPlain)?;
                Value::Bytes(self.take(length)?)
            }
            1 => self.take(8).map(|_| Value::Fixed)?,
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(NotPlain),
        };
        match key >> 3 {
            0 => Err(NotPlain),
            number => Ok(Some((number, value))),
        }
    }

    #[inline]
    fn take(&mut self, length: usize) -> Result<&'a [u8], NotPlain> {
        let (head, rest) = self.rest.split_at_checked(length).ok_or(NotPlain)?;
        self.rest = rest;
        Ok(head)
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, NotPlain> {
        let (&first, rest) = self.rest.split_first().ok_or(NotPlain)?;
        self.rest = rest;
        if first < 0x80 {
            return Ok(u64::from(first));
        }
        let mut value = u64::from(first & 0x7f);
        for shift in (7..64).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or(NotPlain)?;
            self.rest = rest;
            // The tenth byte has room for one bit.
            if shift == 63 && byte > 1 {
                return Err(NotPlain);
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(NotPlain)
    }
}

impl<'a> Value<'a> {
    #[inline]
    pub(super) fn bytes(self) -> Result<&'a [u8], NotPlain> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(NotPlain),
        }
    }

    pub(super) fn text(self) -> Result<&'a str, NotPlain> {
        std::str::from_utf8(self.bytes()?).map_err(|_| NotPlain)
    }

    #[inline]
    pub(super) fn number(self) -> Result<u64, NotPlain> {
        match self {
            Self::Varint(value) => Ok(value),
            _ => Err(NotPlain),
        }
    }

    /// A number whose upper bits prost would drop is left to prost.
    #[inline]
    pub(super) fn small<T: TryFrom<u64>>(self) -> Result<T, NotPlain> {
        T::try_from(self.number()?).map_err(|_| NotPlain)
    }

    #[inline]
    pub(super) fn flag(self) -> Result<bool, NotPlain> {
        Ok(self.number()? != 0)
    }

    pub(super) fn array<const N: usize>(self) -> Result<[u8; N], NotPlain> {
        self.bytes()?.try_into().map_err(|_| NotPlain)
    }

    /// A message that may stand once: prost would merge a second one.
    #[inline]
    pub(super) fn once(self, place: &mut Option<&'a [u8]>) -> Result<(), NotPlain> {
        match place.replace(self.bytes()?) {
            None => Ok(()),
            Some(_) => Err(NotPlain),
        }
    }
}
