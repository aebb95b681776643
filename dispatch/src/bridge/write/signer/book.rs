//! What was signed: a file of lines, each on disk before its signature is given.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;

use solana_sdk::pubkey::Pubkey;

use super::policy::{Entry, What};

/// What is known of a job that was not settled yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) client: Pubkey,
    pub(super) price: u64,
    pub(super) operator: Option<Pubkey>,
    /// Its settlement was signed: it is remembered for the rest of the day, should it have to be signed again.
    settled: bool,
}

/// What was signed.
#[derive(Debug)]
pub struct Book {
    file: File,
    /// Bytes of whole lines.
    length: u64,
    jobs: HashMap<Pubkey, Job>,
    day: u32,
    lamports: u64,
    hyper: u64,
}

/// Why the book cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The file.
    #[error("{path}: {error}")]
    File {
        /// Where.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// A line.
    #[error(
        "{path}, line {line}: it cannot be read; nothing is signed until the file is mended, for it says what was spent"
    )]
    Line {
        /// Where.
        path: String,
        /// Which.
        line: usize,
    },
}

impl Book {
    /// Opens or makes the file, for its owner only.
    ///
    /// # Errors
    /// [`BookError`]. A last line without its end was not on disk when the process died, so nothing was signed by it: it is
    /// cut off.
    pub fn open(path: &Path) -> Result<Self, BookError> {
        let failed = |error| BookError::File {
            path: path.display().to_string(),
            error,
        };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(failed)?;
        let mut book = Self {
            file,
            length: 0,
            jobs: HashMap::new(),
            day: 0,
            lamports: 0,
            hyper: 0,
        };
        let mut reader = BufReader::new(File::open(path).map_err(failed)?);
        let mut text = String::new();
        for line in 1.. {
            text.clear();
            let read = reader.read_line(&mut text).map_err(failed)?;
            if read == 0 {
                break;
            }
            if !text.ends_with('\n') {
                book.file.set_len(book.length).map_err(failed)?;
                break;
            }
            book.length += read as u64;
            let unreadable = || BookError::Line {
                path: path.display().to_string(),
                line,
            };
            let entry: Entry = serde_json::from_str(&text).map_err(|_| unreadable())?;
            book.take(&entry).ok_or_else(unreadable)?;
        }
        Ok(book)
    }

    /// Writes an entry down; it is on disk when this returns.
    ///
    /// # Errors
    /// What the system said; then nothing may be signed.
    pub fn write(&mut self, entry: &Entry) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        if let Err(error) = self
            .file
            .write_all(&line)
            .and_then(|()| self.file.sync_data())
        {
            // Half a line would make the next one unreadable.
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += line.len() as u64;
        self.take(entry)
            .ok_or_else(|| std::io::Error::other("an entry that cannot be read again"))
    }

    /// What a day has cost: lamports of fees, raw HYPER of settled jobs. A day before one that was seen counts as that one:
    /// a clock that goes back gives nothing back.
    #[must_use]
    pub fn spent(&self, day: u32) -> (u64, u64) {
        match day > self.day {
            true => (0, 0),
            false => (self.lamports, self.hyper),
        }
    }

    /// A job that was created through here and not settled.
    pub(super) fn job(&self, job: &Pubkey) -> Option<&Job> {
        self.jobs.get(job)
    }

    /// How many of them there are.
    pub(super) fn jobs(&self) -> usize {
        self.jobs.len()
    }

    fn take(&mut self, entry: &Entry) -> Option<()> {
        let job: Pubkey = entry.job.parse().ok()?;
        if entry.day > self.day {
            (self.day, self.lamports, self.hyper) = (entry.day, 0, 0);
            self.jobs.retain(|_, job| !job.settled);
        }
        self.lamports = self.lamports.saturating_add(entry.lamports);
        self.hyper = self.hyper.saturating_add(entry.hyper);
        match &entry.what {
            What::Created { client, price } => {
                let client = client.parse().ok()?;
                let job = self.jobs.entry(job).or_insert(Job {
                    client,
                    price: *price,
                    operator: None,
                    settled: false,
                });
                job.price = *price;
            }
            What::Submitted { operator } => {
                let operator = operator.parse().ok()?;
                if let Some(job) = self.jobs.get_mut(&job) {
                    job.operator = Some(operator);
                }
            }
            What::Settled => {
                if let Some(job) = self.jobs.get_mut(&job) {
                    job.settled = true;
                }
            }
            What::Assigned => {}
        }
        Some(())
    }
}
