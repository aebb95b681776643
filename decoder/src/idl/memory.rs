//! Types that are written as they lie in memory (`bytemuck`): where each field stands, and what lies between.

use super::cursor::Cursor;
use super::error::IdlError;
use super::{Body, Field, Fields, Type, TypeDef};

/// How a type lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repr {
    /// Without padding, for `bytemuck` refuses to derive `Pod` with any. Whether alignment is known: `repr(C)`.
    Pod {
        /// `repr(C)`, or less than any field needs.
        aligned: bool,
    },
    /// `repr(C)`: fields at their alignment, the whole at least at this one.
    C {
        /// From `align(N)`.
        align: u64,
    },
    /// `packed`: one after the other.
    Packed,
    /// Like its only field.
    Transparent,
    /// The compiler's choice.
    Rust,
}

impl Repr {
    /// Reads `repr` of a definition.
    pub(super) fn read(at: &Cursor<'_>, pod: bool) -> Result<Self, IdlError> {
        let Some(repr) = at.get("repr") else {
            return Ok(if pod {
                Self::Pod { aligned: false }
            } else {
                Self::Rust
            });
        };
        let kind = repr.need("kind")?;
        let align = match repr.get("align") {
            None => 1,
            Some(at) => match at.value.as_u64() {
                Some(n) if n.is_power_of_two() && n <= 4096 => n,
                _ => return Err(at.shape("a power of two up to 4096")),
            },
        };
        let packed = repr.flag("packed")?;
        Ok(match kind.text()? {
            "transparent" => Self::Transparent,
            "c" | "rust" if packed => Self::Packed,
            "c" if pod => Self::Pod { aligned: true },
            "rust" if pod => Self::Pod { aligned: false },
            "c" => Self::C { align },
            "rust" => Self::Rust,
            _ => return Err(kind.shape("c, rust or transparent")),
        })
    }
}

/// Size and alignment. Targets differ in how they align numbers of 16 bytes (8 or 16), and what a type that
/// is not in the file aligns to is not known: where that matters, the layout is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    size: u64,
    low: u64,
    high: u64,
}

/// Largest memory image: an account holds no more.
const MAX_SIZE: u64 = 10 << 20;

/// Finds where a type's fields stand, and adds the padding between them to its body. `places` are those of
/// the types that it names.
pub(super) fn lay_out(def: &mut TypeDef, places: &[Option<Place>]) -> Result<Place, String> {
    let Some(repr) = def.repr else {
        return Err("it is not a memory image".into());
    };
    let fields: Vec<&mut Type> = match &mut def.body {
        Body::Struct(Fields::Unit) => Vec::new(),
        Body::Struct(Fields::Named(list)) => list.iter_mut().map(|f| &mut f.kind).collect(),
        Body::Struct(Fields::Tuple(list)) => list.iter_mut().collect(),
        Body::Alias(kind) => vec![kind],
        Body::Enum(variants) => {
            let plain = variants.iter().all(|v| v.fields.is_empty());
            return match (plain, variants.len(), repr) {
                (true, 2.., Repr::Rust | Repr::Pod { aligned: false } | Repr::Packed) => {
                    Ok(Place::bytes(1))
                }
                _ => Err("an enum's size in memory depends on the target".into()),
            };
        }
        Body::Unsupported(reason) => return Err(reason.clone()),
    };
    if repr == Repr::Rust && fields.len() > 1 {
        return Err(
            "its memory layout is the compiler's choice (neither repr(C) nor packed)".into(),
        );
    }
    let aligned = matches!(repr, Repr::C { .. } | Repr::Rust | Repr::Transparent);
    let least = if let Repr::C { align } = repr {
        align
    } else {
        1
    };
    let mut whole = Place {
        size: 0,
        low: least,
        high: least,
    };
    let mut last: Option<(&mut Type, u64)> = None;
    for kind in fields {
        let place = place(kind, places)?;
        let before = if aligned {
            whole.gap(place.low, place.high)?
        } else {
            0
        };
        pad(last.take(), 0);
        whole.size = whole.size.saturating_add(before + place.size);
        if whole.size > MAX_SIZE {
            return Err("it is larger than any account".into());
        }
        whole.low = whole.low.max(place.low);
        whole.high = whole.high.max(place.high);
        last = Some((kind, before));
    }
    let after = if aligned {
        whole.gap(whole.low, whole.high)?
    } else {
        0
    };
    if last.is_none() && after > 0 {
        return Err("it has an alignment but no fields".into());
    }
    pad(last, after);
    whole.size += after;
    match repr {
        Repr::Packed => (whole.low, whole.high) = (1, 1),
        // Nobody says how it is aligned.
        Repr::Pod { aligned: false } => whole.low = 1,
        _ => {}
    }
    Ok(whole)
}

fn pad(field: Option<(&mut Type, u64)>, after: u64) {
    if let Some((kind, before)) = field
        && before + after > 0
    {
        let value = std::mem::replace(kind, Type::Bool);
        *kind = Type::Padded {
            // Both are below the largest alignment.
            before: before as u32,
            value: value.into(),
            after: after as u32,
        };
    }
}

impl Place {
    fn bytes(size: u64) -> Self {
        Self {
            size,
            low: 1,
            high: 1,
        }
    }

    /// Bytes from the end to the next multiple of an alignment that is one of two.
    fn gap(&self, low: u64, high: u64) -> Result<u64, String> {
        let gap = |align: u64| self.size.next_multiple_of(align) - self.size;
        let (one, other) = (gap(low), gap(high));
        if one == other {
            Ok(one)
        } else {
            Err(
                "where its fields stand depends on the target or on a type's unknown alignment"
                    .into(),
            )
        }
    }
}

fn place(kind: &Type, places: &[Option<Place>]) -> Result<Place, String> {
    let number = |bytes: u8| match u64::from(bytes) {
        16 => Place {
            size: 16,
            low: 8,
            high: 16,
        },
        // Rust has no such number: it is an array of smaller ones.
        32 => Place {
            size: 32,
            low: 1,
            high: 16,
        },
        n => Place {
            size: n,
            low: n,
            high: n,
        },
    };
    match kind {
        Type::Bool => Ok(Place::bytes(1)),
        Type::Unsigned(bytes) | Type::Signed(bytes) | Type::Float(bytes) => Ok(number(*bytes)),
        Type::Pubkey => Ok(Place::bytes(32)),
        Type::Array(inner, count) => {
            let mut place = place(inner, places)?;
            place.size = place.size.saturating_mul(u64::from(*count));
            Ok(place)
        }
        Type::Defined(index) => match places.get(*index).copied().flatten() {
            Some(place) => Ok(place),
            None => Err("it holds a type that is no memory image".into()),
        },
        Type::Unsupported(reason) => Err(reason.clone()),
        Type::Tuple(_) => Err("a tuple's memory layout is the compiler's choice".into()),
        Type::Padded { .. }
        | Type::String
        | Type::Bytes
        | Type::Option(_)
        | Type::COption(_)
        | Type::Vec(_) => {
            Err("it holds a value without a fixed place (text, list or option)".into())
        }
    }
}

/// The size of a type without a layout of its own whose parts all have one, where its parts' order is all
/// that matters: borsh types inside a `Pod`.
pub(super) fn plain(def: &TypeDef, places: &[Option<Place>]) -> Option<Place> {
    let kinds: Vec<&Type> = match &def.body {
        Body::Struct(Fields::Unit) => Vec::new(),
        Body::Struct(Fields::Named(list)) => list.iter().map(|f: &Field| &f.kind).collect(),
        Body::Struct(Fields::Tuple(list)) => list.iter().collect(),
        Body::Alias(kind) => return place(kind, places).ok(),
        // One byte for up to 256 variants; none for a single one.
        Body::Enum(variants)
            if variants.len() > 1 && variants.iter().all(|v| v.fields.is_empty()) =>
        {
            return Some(Place::bytes(1));
        }
        Body::Enum(_) | Body::Unsupported(_) => return None,
    };
    let mut whole = Place {
        size: 0,
        low: 1,
        high: 16,
    };
    for kind in kinds {
        let place = place(kind, places).ok()?;
        whole.size = whole.size.saturating_add(place.size);
    }
    Some(whole)
}
