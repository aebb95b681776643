//! A value without its type: what Anchor's types and our columns are both turned into.

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Little-endian bytes of an integer, a boolean or a key.
    Number(Vec<u8>),
    /// Little-endian bytes of a floating-point number.
    Float(Vec<u8>),
    /// Text.
    Text(Vec<u8>),
    /// Elements of a list, bytes included.
    List(Vec<Value>),
    /// An option.
    Option(Option<Box<Value>>),
    /// Fields of a structure.
    Struct(Vec<Value>),
    /// Name of a variant, and its fields.
    Variant(String, Vec<Value>),
}

impl Value {
    /// Whether a NaN is in it: borsh refuses those, a decoder of chain data keeps them.
    #[must_use]
    pub fn has_nan(&self) -> bool {
        match self {
            Self::Float(bytes) => match *bytes.as_slice() {
                [a, b, c, d] => f32::from_le_bytes([a, b, c, d]).is_nan(),
                [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]).is_nan(),
                _ => false,
            },
            Self::Number(_) | Self::Text(_) => false,
            Self::List(values) | Self::Struct(values) | Self::Variant(_, values) => {
                values.iter().any(Self::has_nan)
            }
            Self::Option(value) => value.as_ref().is_some_and(|v| v.has_nan()),
        }
    }
}
