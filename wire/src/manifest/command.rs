//! A command that is ready to be sent. Only a manifest makes one.

use super::{Args, quote};

/// A manifest's command with its arguments in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    manifest: String,
    args: Args,
    words: Vec<String>,
    requirements: Vec<String>,
}

impl Command {
    pub(super) fn new(
        manifest: String,
        args: Args,
        words: Vec<String>,
        requirements: Vec<String>,
    ) -> Self {
        Self {
            manifest,
            args,
            words,
            requirements,
        }
    }

    /// Id of the manifest.
    #[must_use]
    pub fn manifest(&self) -> &str {
        &self.manifest
    }

    /// The values.
    #[must_use]
    pub fn args(&self) -> &Args {
        &self.args
    }

    /// The program and its arguments, for whoever needs no shell.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Python packages that it needs.
    #[must_use]
    pub fn requirements(&self) -> &[String] {
        &self.requirements
    }

    /// The command for a POSIX shell.
    #[must_use]
    pub fn shell(&self) -> String {
        let words: Vec<_> = self.words.iter().map(|word| quote(word)).collect();
        words.join(" ")
    }

    /// A Python program that runs the command without a shell and ends with its exit code.
    #[must_use]
    pub fn python(&self) -> String {
        // Plain words are ASCII, so each one between double quotes is a Python string too.
        let words: Vec<_> = self.words.iter().map(|word| format!("{word:?}")).collect();
        format!(
            "import subprocess, sys\nsys.exit(subprocess.call([{}]))\n",
            words.join(", ")
        )
    }
}
