//! What a panel may be asked: whole numbers within bounds, sent to ClickHouse as typed query parameters.

use super::chart::is_name;

/// ClickHouse types that a parameter may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterType {
    /// `UInt8`
    UInt8,
    /// `UInt16`
    UInt16,
    /// `UInt32`
    UInt32,
}

impl ParameterType {
    /// ClickHouse's name of it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UInt8 => "UInt8",
            Self::UInt16 => "UInt16",
            Self::UInt32 => "UInt32",
        }
    }

    fn of(name: &str) -> Option<Self> {
        let all = [Self::UInt8, Self::UInt16, Self::UInt32];
        all.into_iter().find(|kind| kind.as_str() == name)
    }

    fn most(self) -> u64 {
        match self {
            Self::UInt8 => u8::MAX.into(),
            Self::UInt16 => u16::MAX.into(),
            Self::UInt32 => u32::MAX.into(),
        }
    }
}

/// One parameter of a panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name in the query.
    pub name: String,
    /// Its type there.
    pub kind: ParameterType,
    /// What it is where nobody says.
    pub default: u64,
    /// The least that it may be.
    pub least: u64,
    /// The most.
    pub most: u64,
    /// What it means.
    pub meaning: String,
}

impl Parameter {
    /// Reads `none`, or `name Type = default in least..most, meaning` with `; ` between several.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        if text == "none" {
            return Ok(Vec::new());
        }
        let mut all: Vec<Self> = Vec::new();
        for one in text.split(';') {
            let parameter = Self::parse(one.trim())?;
            if all.iter().any(|known| known.name == parameter.name) {
                return Err(format!("parameter {} stands twice", parameter.name));
            }
            all.push(parameter);
        }
        Ok(all)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let read = || {
            let (declared, rest) = text.split_once(" = ")?;
            let (name, kind) = declared.split_once(' ')?;
            let (default, rest) = rest.split_once(" in ")?;
            let (bounds, meaning) = rest.split_once(", ")?;
            let (least, most) = bounds.split_once("..")?;
            Some(Self {
                name: Some(name).filter(|name| is_name(name))?.to_owned(),
                kind: ParameterType::of(kind)?,
                default: default.parse().ok()?,
                least: least.parse().ok()?,
                most: most.parse().ok()?,
                meaning: Some(meaning.trim())
                    .filter(|words| !words.is_empty())?
                    .to_owned(),
            })
        };
        let parameter = read().ok_or_else(|| {
            format!("`{text}` is not `none`, or `name UInt8|UInt16|UInt32 = default in least..most, meaning`")
        })?;
        let ordered = parameter.least <= parameter.default && parameter.default <= parameter.most;
        if !ordered || parameter.most > parameter.kind.most() {
            return Err(format!("{}: default and bounds do not fit", parameter.name));
        }
        Ok(parameter)
    }

    /// Reads a value from a request.
    ///
    /// # Errors
    /// What is allowed, in words.
    pub fn value(&self, text: &str) -> Result<u64, String> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let value = digits.then(|| text.parse().ok()).flatten();
        value
            .filter(|value| (self.least..=self.most).contains(value))
            .ok_or_else(|| {
                let Self {
                    name, least, most, ..
                } = self;
                format!("{name} must be a whole number from {least} to {most}")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_whole_numbers_within_bounds() {
        let all = Parameter::parse_all(
            "hours UInt32 = 24 in 1..8760, the window; top UInt16 = 5 in 1..9, rows",
        )
        .unwrap();
        let names: Vec<_> = all
            .iter()
            .map(|one| (one.name.as_str(), one.default))
            .collect();
        assert_eq!(names, [("hours", 24), ("top", 5)]);
        assert_eq!(all[0].value("8760"), Ok(8760));
        for bad in [
            "",
            "0",
            "8761",
            "-1",
            "+1",
            "1.5",
            " 1",
            "1 ",
            "0x1",
            "ten",
            "99999999999999999999",
            "1)--",
        ] {
            let said = all[0].value(bad).unwrap_err();
            assert!(said.contains("from 1 to 8760"), "{bad}: {said}");
        }
        assert_eq!(Parameter::parse_all("none"), Ok(Vec::new()));
    }

    #[test]
    fn what_is_not_typed_and_bounded_is_refused() {
        for bad in [
            "",
            "hours",
            "hours UInt32 = 24, no bounds",
            "hours UInt32 = 24 in 1..8760",
            "hours String = 1 in 1..2, x",
            "hours UInt32 = 0 in 1..2, x",
            "hours UInt32 = 3 in 1..2, x",
            "top UInt8 = 1 in 1..256, x",
            "Hours UInt32 = 1 in 1..2, x",
            "a UInt8 = 1 in 1..2, x; a UInt8 = 1 in 1..2, x",
            "a UInt8 = 1 in 1..2, x;",
        ] {
            assert!(Parameter::parse_all(bad).is_err(), "{bad}");
        }
    }
}
