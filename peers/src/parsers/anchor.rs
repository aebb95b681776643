//! anchor-client: what its log subscription does with a notification.
//!
//! Its function over a whole log is private. [`events`] is that loop in our words around its public parts
//! ([`Execution`], [`handle_program_log`], [`handle_system_log`]), checked against the source of 1.2.2.

use anchor_client::{ClientError, Execution, handle_program_log, handle_system_log};
use anchor_lang::{AnchorDeserialize, AnchorSerialize, Discriminator, Event};

use super::{Answer, Claim, Parser, Undone};
use crate::input::{Input, cases};

/// Our event as Anchor generates it.
#[anchor_lang::event]
#[derive(Debug)]
pub struct Tick {
    pub seq: u64,
}

/// Events of `program` in a log.
pub fn events<T: Event + AnchorDeserialize>(
    program: &str,
    lines: &[String],
) -> Result<Vec<T>, ClientError> {
    let mut found = Vec::new();
    let mut rest = lines;
    if rest.is_empty() {
        return Ok(found);
    }
    // A log that does not begin with an invocation is no log to it: no events and no error.
    let Ok(mut execution) = Execution::new(&mut rest) else {
        return Ok(found);
    };
    for (at, line) in rest.iter().enumerate() {
        let Some(running) = execution.try_program() else {
            // Between instructions only the next outer one counts.
            if let Some(id) = outer_invocation(line) {
                execution.push(id.to_owned());
            }
            continue;
        };
        let (entered, left) = if running == program {
            let (event, entered, left) = handle_program_log::<T>(program, line)?;
            found.extend(event);
            (entered, left)
        } else {
            handle_system_log(program, line)
        };
        if let Some(id) = entered {
            execution.push(id);
        }
        if left {
            execution.pop();
            if let Some(id) = rest.get(at + 1).and_then(|next| outer_invocation(next)) {
                execution.push(id.to_owned());
            }
        }
    }
    Ok(found)
}

/// `Program <id> invoke [1]`, as its regular expression has it.
fn outer_invocation(line: &str) -> Option<&str> {
    let id = line.strip_prefix("Program ")?.strip_suffix(" invoke [1]")?;
    let base58 = |b: u8| b.is_ascii_alphanumeric() && !matches!(b, b'0' | b'O' | b'I' | b'l');
    (!id.is_empty() && id.bytes().all(base58)).then_some(id)
}

pub struct AnchorClient;

impl Parser for AnchorClient {
    fn name(&self) -> &'static str {
        "anchor-client"
    }

    fn answer(&self, input: &Input) -> Result<Answer, String> {
        // Its subscription skips notifications with an error.
        if input.tx.err.is_some() {
            return Ok(Answer::default());
        }
        let ticks = events::<Tick>(cases::OURS, input.lines()).map_err(|e| e.to_string())?;
        let claims = ticks.iter().map(|tick| Claim {
            seq: tick.seq,
            outer: None,
            undone: Undone::No,
        });
        Ok(Answer {
            claims: claims.collect(),
            ..Answer::default()
        })
    }
}
