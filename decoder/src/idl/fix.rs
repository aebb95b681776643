//! What to do about each problem.

use super::error::Problem;

impl Problem {
    /// What to do, as a sentence for people.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::Json(_) => "give the IDL file that `anchor build` writes (target/idl/<program>.json), \
                whole and unchanged"
                .into(),
            Self::Missing("discriminator") => {
                "add the 8 bytes of its discriminator, or build the IDL again with Anchor 0.30 or later"
                    .into()
            }
            Self::Missing(key) => format!("add `{key}` here, or build the IDL again"),
            Self::Shape { expected, .. } => format!("write {expected} here"),
            Self::Spec(_) => "build the IDL with a released Anchor: 0.30 and later write spec 0.1.0, \
                earlier ones write none"
                .into(),
            Self::Address(_) => "write the program's address in base58, or remove it and give it on \
                the command line or in the configuration"
                .into(),
            Self::Name(_) => "shorten it: an event, account or instruction may have 120 letters (others than \
                a-z, A-Z, 0-9 and _ count three times for each of their UTF-8 bytes), a field 200 bytes, without control characters"
                .into(),
            Self::Control(_) => "write it without: it becomes the name of a table or column, or a value".into(),
            Self::Dot(_) => "write it as a Rust field is named: ClickHouse takes what is before a dot for another column".into(),
            Self::Twice(key) => format!("keep one `{key}`: readers of JSON differ in which of them counts"),
            Self::Length { .. } => "write a smaller number where the type is used, or a shorter array in its definition".into(),
            Self::Tables { .. } => "take events, instructions or accounts that are not needed out of the file: records of \
                those become dead letters with their bytes"
                .into(),
            Self::UnknownParameter(name) => format!(
                "add `{name}` to the `generics` of the type, or write the type that is meant"
            ),
            Self::Arguments { name, wanted, .. } => {
                format!("give {wanted} arguments where `{name}` is used")
            }
            Self::UnknownType(name) => {
                format!("define `{name}` under `types`, or correct its spelling")
            }
            Self::Cycle(_) => "such a type has no columns: remove the event's field that leads to it \
                (then the bytes after it are counted as trailing), or index without this event"
                .into(),
            Self::Depth(..) => "flatten the type".into(),
            Self::Duplicate { what, .. } => format!("rename or remove one {what}"),
            Self::Clash { what, .. } => format!(
                "correct the discriminators of these {what}: none may begin with another"
            ),
            Self::More(_) => "mend those listed, then check again".into(),
            Self::Unsupported { .. } => "remove the event from the file (its records then become dead \
                letters with their bytes), or write its layout in types of the format"
                .into(),
            Self::Layout { what: "event", .. } => {
                "make the event's layout smaller, or remove the event from the file (its records then \
                become dead letters with their bytes)"
                    .into()
            }
            Self::Layout { what, .. } => format!(
                "nothing must be done: this {what} is left out of the typed tables; to have it there, \
                write its layout in types of the format"
            ),
        }
    }
}
