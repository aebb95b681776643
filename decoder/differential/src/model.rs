//! An IDL as the generator thinks of it, shared with no decoder.

/// A program's interface.
#[derive(Debug, Clone)]
pub struct Idl {
    /// Module, file and label.
    pub name: String,
    /// Program id.
    pub address: [u8; 32],
    /// Types; each refers to earlier ones only.
    pub types: Vec<Def>,
    /// Events.
    pub events: Vec<Entry>,
    /// Account kinds.
    pub accounts: Vec<Entry>,
    /// Instructions.
    pub instructions: Vec<Call>,
}

/// A type that can stand at the top: an event or an account kind.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Number of its type.
    pub layout: usize,
    /// First bytes of a record.
    pub discriminator: Vec<u8>,
}

/// An instruction.
#[derive(Debug, Clone)]
pub struct Call {
    /// Name in snake case.
    pub name: String,
    /// First bytes of its data.
    pub discriminator: Vec<u8>,
    /// Names of accounts, and whether each is optional.
    pub accounts: Vec<(String, bool)>,
    /// Arguments.
    pub args: Vec<(String, Kind)>,
}

/// A named type.
#[derive(Debug, Clone)]
pub struct Def {
    /// Its name.
    pub name: String,
    /// Generic parameters.
    pub params: Vec<Param>,
    /// What it is.
    pub body: Body,
}

/// A generic parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Param {
    /// Stands for a type.
    Type,
    /// Stands for the length of an array.
    Const,
}

/// What a named type is.
#[derive(Debug, Clone)]
pub enum Body {
    /// A structure.
    Struct(Fields),
    /// Variants with their fields.
    Enum(Vec<(String, Fields)>),
    /// Another name.
    Alias(Kind),
}

/// Fields of a structure or variant.
#[derive(Debug, Clone)]
pub enum Fields {
    /// None.
    Unit,
    /// By name.
    Named(Vec<(String, Kind)>),
    /// By position.
    Tuple(Vec<Kind>),
}

impl Fields {
    /// Their types in order.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        let (named, tuple): (&[(String, Kind)], &[Kind]) = match self {
            Self::Unit => (&[], &[]),
            Self::Named(list) => (list, &[]),
            Self::Tuple(list) => (&[], list),
        };
        named.iter().map(|(_, kind)| kind).chain(tuple)
    }
}

/// A type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `bool`.
    Bool,
    /// An integer of so many bytes.
    Int {
        /// Whether it has a sign.
        signed: bool,
        /// Its size.
        bytes: usize,
    },
    /// A floating-point number of so many bytes.
    Float(usize),
    /// 32 bytes.
    Pubkey,
    /// UTF-8.
    Text,
    /// `bytes`.
    Bytes,
    /// Zero or one.
    Option(Box<Kind>),
    /// Any number.
    Vec(Box<Kind>),
    /// A fixed number.
    Array(Box<Kind>, Length),
    /// A named type by number, with arguments for its parameters.
    Defined(usize, Vec<Arg>),
    /// A type parameter by number.
    Param(usize),
}

/// Length of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// As stated.
    Fixed(usize),
    /// A parameter by number.
    Param(usize),
}

/// Argument of a generic type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arg {
    /// For a type parameter.
    Type(Kind),
    /// For a length.
    Const(usize),
}

impl Kind {
    /// This type with arguments in place of parameters.
    #[must_use]
    pub fn bind(&self, args: &[Arg]) -> Self {
        match self {
            Self::Option(inner) => Self::Option(inner.bind(args).into()),
            Self::Vec(inner) => Self::Vec(inner.bind(args).into()),
            Self::Array(inner, length) => Self::Array(inner.bind(args).into(), length.bind(args)),
            Self::Defined(index, own) => {
                let bind = |arg: &Arg| match arg {
                    Arg::Type(kind) => Arg::Type(kind.bind(args)),
                    Arg::Const(value) => Arg::Const(*value),
                };
                Self::Defined(*index, own.iter().map(bind).collect())
            }
            Self::Param(index) => match args.get(*index) {
                Some(Arg::Type(kind)) => kind.clone(),
                _ => self.clone(),
            },
            plain => plain.clone(),
        }
    }
}

impl Length {
    fn bind(self, args: &[Arg]) -> Self {
        match self {
            Self::Param(index) => match args.get(index) {
                Some(Arg::Const(value)) => Self::Fixed(*value),
                _ => self,
            },
            fixed @ Self::Fixed(_) => fixed,
        }
    }

    /// The number, once bound.
    #[must_use]
    pub fn value(self) -> usize {
        match self {
            Self::Fixed(value) => value,
            Self::Param(index) => panic!("length {index} is not bound"),
        }
    }
}

impl Idl {
    /// Follows aliases.
    #[must_use]
    pub fn resolve(&self, kind: &Kind) -> Kind {
        match kind {
            Kind::Defined(index, args) => match &self.types[*index].body {
                Body::Alias(target) => self.resolve(&target.bind(args)),
                _ => kind.clone(),
            },
            _ => kind.clone(),
        }
    }

    /// Whether values of this type are written with no bytes at all.
    #[must_use]
    pub fn sizeless(&self, kind: &Kind) -> bool {
        match self.resolve(kind) {
            Kind::Array(inner, length) => length.value() == 0 || self.sizeless(&inner),
            Kind::Defined(index, args) => match &self.types[index].body {
                Body::Struct(fields) => fields.kinds().all(|k| self.sizeless(&k.bind(&args))),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether Rust's type has no size. Borsh refuses lists of such, an enum with one empty variant included.
    #[must_use]
    pub fn zero_sized(&self, kind: &Kind) -> bool {
        match self.resolve(kind) {
            Kind::Array(inner, length) => length.value() == 0 || self.zero_sized(&inner),
            Kind::Defined(index, args) => {
                let empty = |f: &Fields| f.kinds().all(|k| self.zero_sized(&k.bind(&args)));
                match &self.types[index].body {
                    Body::Struct(fields) => empty(fields),
                    Body::Enum(variants) => variants.len() == 1 && empty(&variants[0].1),
                    Body::Alias(_) => false,
                }
            }
            _ => false,
        }
    }

    /// How much a value of this type may come to, roughly in numbers.
    #[must_use]
    pub fn weight(&self, kind: &Kind) -> usize {
        match kind {
            Kind::Option(inner) => 1 + self.weight(inner),
            Kind::Vec(inner) => 1 + 3 * self.weight(inner),
            Kind::Array(inner, Length::Fixed(n)) => 1 + n * self.weight(inner),
            Kind::Array(inner, Length::Param(_)) => 1 + 5 * self.weight(inner),
            Kind::Defined(index, args) => {
                let fields =
                    |f: &Fields| -> usize { f.kinds().map(|k| self.weight(&k.bind(args))).sum() };
                1 + match &self.types[*index].body {
                    Body::Struct(list) => fields(list),
                    Body::Enum(variants) => variants.iter().map(|(_, f)| fields(f)).sum(),
                    Body::Alias(target) => self.weight(&target.bind(args)),
                }
            }
            _ => 1,
        }
    }
}
