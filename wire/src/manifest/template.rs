//! A manifest: fixed words and typed arguments.

use serde::{Deserialize, Serialize};

use super::{ArgType, Args, BindError, Command, MOST_CHOICES, MOST_WORDS, is_name, is_plain_word};

/// A command that hosts may be told to run. Always valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Manifest {
    id: String,
    job_type: String,
    command: Vec<Word>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requirements: Vec<String>,
}

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Word {
    /// Always this.
    Fixed(String),
    /// The value of an argument.
    Argument {
        /// Its name.
        arg: String,
        /// Its type.
        is: ArgType,
    },
}

/// A manifest that was not looked at yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    id: String,
    job_type: String,
    command: Vec<Word>,
    #[serde(default)]
    requirements: Vec<String>,
}

/// What is wrong with a manifest, for whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Id, type or argument.
    #[error(
        "{0:?} is no name: 1 to 64 letters, digits, dots, dashes or underscores, not beginning with a dash"
    )]
    Name(String),
    /// A word or choice.
    #[error("{0:?} is no plain word: 1 to 128 letters, digits or any of . _ - / : = , + @")]
    Word(String),
    /// No program, or one that is not a fixed, plain word.
    #[error(
        "the command must begin with a program: a fixed word that neither begins with a dash nor holds `=`"
    )]
    Program,
    /// Too many words.
    #[error("the command has more than {MOST_WORDS} words")]
    TooManyWords,
    /// The same argument again.
    #[error("the argument `{0}` occurs twice")]
    Repeated(String),
    /// No value could fit.
    #[error("the argument `{0}` has no possible value, or more than {MOST_CHOICES} choices")]
    Empty(String),
}

impl Manifest {
    /// A manifest. `requirements` are Python packages for hosts that install them (the Docker agent).
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn new(
        id: impl Into<String>,
        job_type: impl Into<String>,
        command: Vec<Word>,
        requirements: Vec<String>,
    ) -> Result<Self, ManifestError> {
        let manifest = Self {
            id: id.into(),
            job_type: job_type.into(),
            command,
            requirements,
        };
        manifest.check()?;
        Ok(manifest)
    }

    /// `test`: waits five seconds. What the reference server sends every new host.
    #[must_use]
    pub fn test() -> Self {
        Self {
            id: "test".to_owned(),
            job_type: "test".to_owned(),
            command: ["sleep", "5"]
                .map(|word| Word::Fixed(word.to_owned()))
                .into(),
            requirements: Vec::new(),
        }
    }

    fn check(&self) -> Result<(), ManifestError> {
        for name in [&self.id, &self.job_type] {
            if !is_name(name) {
                return Err(ManifestError::Name(name.clone()));
            }
        }
        match self.command.first() {
            Some(Word::Fixed(program)) if !program.starts_with('-') && !program.contains('=') => {}
            _ => return Err(ManifestError::Program),
        }
        if self.command.len().max(self.requirements.len()) > MOST_WORDS {
            return Err(ManifestError::TooManyWords);
        }
        for package in &self.requirements {
            // One with a dash would be an option of the installer.
            if package.starts_with('-') {
                return Err(ManifestError::Word(package.clone()));
            }
            plain(package)?;
        }
        let mut seen = Vec::new();
        for word in &self.command {
            match word {
                Word::Fixed(word) => plain(word)?,
                Word::Argument { arg, is } => {
                    check_argument(arg, is)?;
                    if seen.contains(&arg) {
                        return Err(ManifestError::Repeated(arg.clone()));
                    }
                    seen.push(arg);
                }
            }
        }
        Ok(())
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The type of job that it is for.
    #[must_use]
    pub fn job_type(&self) -> &str {
        &self.job_type
    }

    /// Its arguments and their types, in the command's order.
    pub fn arguments(&self) -> impl Iterator<Item = (&str, &ArgType)> {
        self.command.iter().filter_map(|word| match word {
            Word::Fixed(_) => None,
            Word::Argument { arg, is } => Some((arg.as_str(), is)),
        })
    }

    /// The command with these values in place.
    ///
    /// # Errors
    /// When a value is missing, does not fit, or belongs to no argument.
    pub fn bind(&self, args: &Args) -> Result<Command, BindError> {
        if args
            .keys()
            .any(|name| self.arguments().all(|(arg, _)| arg != name))
        {
            return Err(BindError::Unknown {
                manifest: self.id.clone(),
                known: self
                    .arguments()
                    .map(|(arg, _)| arg)
                    .collect::<Vec<_>>()
                    .join(", "),
            });
        }
        let words = self.command.iter().map(|word| match word {
            Word::Fixed(word) => Ok(word.clone()),
            Word::Argument { arg, is } => {
                let value = args
                    .get(arg)
                    .ok_or_else(|| BindError::Missing(arg.clone()))?;
                is.check(value).map_err(|error| BindError::Value {
                    arg: arg.clone(),
                    error,
                })?;
                Ok(value.to_string())
            }
        });
        Ok(Command::new(
            self.id.clone(),
            args.clone(),
            words.collect::<Result<_, _>>()?,
            self.requirements.clone(),
        ))
    }
}

impl TryFrom<Parts> for Manifest {
    type Error = ManifestError;

    fn try_from(parts: Parts) -> Result<Self, ManifestError> {
        Self::new(parts.id, parts.job_type, parts.command, parts.requirements)
    }
}

fn plain(word: &str) -> Result<(), ManifestError> {
    match is_plain_word(word) {
        true => Ok(()),
        false => Err(ManifestError::Word(word.to_owned())),
    }
}

fn check_argument(arg: &str, is: &ArgType) -> Result<(), ManifestError> {
    if !is_name(arg) {
        return Err(ManifestError::Name(arg.to_owned()));
    }
    match is {
        ArgType::Int { min, max } if min > max => Err(ManifestError::Empty(arg.to_owned())),
        ArgType::Choice(words) if words.is_empty() || words.len() > MOST_CHOICES => {
            Err(ManifestError::Empty(arg.to_owned()))
        }
        ArgType::Choice(words) => words.iter().try_for_each(|word| plain(word)),
        ArgType::Int { .. } | ArgType::Name => Ok(()),
    }
}
