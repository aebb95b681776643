//! The parent's side of the pipe: the signer as a child that is started again when it ends.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use base64_simd::STANDARD;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Signature;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

use super::serve::{Answer, Ask, Hello, LINE};

/// Longest wait for an answer: a disk that takes its time.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// The signer looked into the message and does not sign it.
    #[error("the signer refuses: {0}")]
    Refused(String),
    /// It is not there, or says what makes no sense; it is started again for the next request.
    #[error("the signer does not answer ({0}); its own words are in the log")]
    Gone(&'static str),
}

struct Pipe {
    // Dropped, it is killed.
    _child: tokio::process::Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// The signer.
pub struct Child {
    program: OsString,
    arguments: Vec<OsString>,
    key: Pubkey,
    state: Mutex<(Option<Pipe>, u64)>,
}

impl std::fmt::Debug for Child {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Child")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Child {
    /// Starts `program` with these arguments.
    ///
    /// # Errors
    /// [`ChildError::Gone`].
    pub async fn start(program: OsString, arguments: Vec<OsString>) -> Result<Self, ChildError> {
        let (pipe, key) = open(&program, &arguments).await?;
        Ok(Self {
            program,
            arguments,
            key,
            state: Mutex::new((Some(pipe), 0)),
        })
    }

    /// Whose signatures it gives.
    #[must_use]
    pub fn key(&self) -> Pubkey {
        self.key
    }

    /// The key's signature of a message.
    ///
    /// # Errors
    /// [`ChildError`].
    pub async fn sign(&self, message: &[u8]) -> Result<Signature, ChildError> {
        let mut state = self.state.lock().await;
        let (pipe, last) = &mut *state;
        let mut at_work = match pipe.take() {
            Some(pipe) => pipe,
            None => {
                let (pipe, key) = open(&self.program, &self.arguments).await?;
                if key != self.key {
                    return Err(ChildError::Gone("it has another key now"));
                }
                pipe
            }
        };
        *last += 1;
        let ask = Ask {
            id: *last,
            message: STANDARD.encode_to_string(message),
        };
        let answer = at_work.ask(&ask).await?;
        // Whole again: whatever went wrong before this leaves the pipe closed.
        *pipe = Some(at_work);
        if let Some(refused) = answer.refused {
            return Err(ChildError::Refused(refused));
        }
        let signature = answer
            .signature
            .and_then(|text| text.parse::<Signature>().ok());
        signature
            .filter(|signature| signature.verify(self.key.as_ref(), message))
            .ok_or(ChildError::Gone(
                "what it gave is not a signature of the message",
            ))
    }
}

impl Pipe {
    async fn ask(&mut self, ask: &Ask) -> Result<Answer, ChildError> {
        let mut line = serde_json::to_vec(ask).map_err(|_| ChildError::Gone("no request"))?;
        line.push(b'\n');
        let written = self.input.write_all(&line).await;
        written.map_err(|_| ChildError::Gone("its pipe is closed"))?;
        let answer: Answer = self.read().await?;
        match answer.id == ask.id {
            true => Ok(answer),
            false => Err(ChildError::Gone("it answers something else")),
        }
    }

    async fn read<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, ChildError> {
        let mut line = Vec::new();
        let mut some = (&mut self.output).take(LINE);
        let read = tokio::time::timeout(PATIENCE, some.read_until(b'\n', &mut line)).await;
        match read {
            Err(_) => Err(ChildError::Gone("it takes too long")),
            Ok(Err(_) | Ok(0)) => Err(ChildError::Gone("it has ended")),
            Ok(Ok(_)) => serde_json::from_slice(&line)
                .map_err(|_| ChildError::Gone("what it says cannot be read")),
        }
    }
}

async fn open(program: &OsString, arguments: &[OsString]) -> Result<(Pipe, Pubkey), ChildError> {
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut child = child.map_err(|_| ChildError::Gone("it cannot be started"))?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(ChildError::Gone("it has no pipe"));
    };
    let mut pipe = Pipe {
        _child: child,
        input,
        output: BufReader::new(output),
    };
    let hello: Hello = pipe.read().await?;
    let key = hello
        .key
        .parse()
        .map_err(|_| ChildError::Gone("it has no key"))?;
    Ok((pipe, key))
}
