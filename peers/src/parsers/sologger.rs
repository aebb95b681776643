//! sologger: `LogContext::parse_logs` over all programs, then `sologger_idl_decoder` on our program's data.

use sologger_idl_decoder::{Idl, decode_event};
use sologger_log_context::programs_selector::ProgramsSelector;
use sologger_log_context::sologger_log_context::LogContext;

use super::{Answer, Claim, Parser, Undone};
use crate::input::{Input, cases};

pub struct Sologger {
    idl: Idl,
    all: ProgramsSelector,
}

impl Sologger {
    pub fn new() -> Self {
        Self {
            idl: Idl::from_json(cases::IDL).expect("IDL"),
            all: ProgramsSelector::new_all_programs(),
        }
    }
}

impl Parser for Sologger {
    fn name(&self) -> &'static str {
        "sologger"
    }

    fn answer(&self, input: &Input) -> Result<Answer, String> {
        let lines = input.lines().to_vec();
        let error = input
            .tx
            .err
            .as_ref()
            .map_or_else(String::new, |_| "failed".to_owned());
        let contexts = LogContext::parse_logs(&lines, error, &self.all, 1, "signature".into());
        let mut answer = Answer::default();
        for context in &contexts {
            answer.cut |= context.invoke_result == "Log truncated";
            if context.program_id != cases::OURS {
                continue;
            }
            for data in &context.data_logs {
                // As its own enrichment: what does not decode is skipped.
                let Ok(Some(event)) = decode_event(&self.idl, data) else {
                    continue;
                };
                answer.claims.push(Claim {
                    seq: event.data["seq"].as_u64().ok_or("no number")?,
                    outer: u16::try_from(context.instruction_index).ok(),
                    undone: if context.has_errors() {
                        Undone::Yes
                    } else {
                        Undone::No
                    },
                });
            }
        }
        Ok(answer)
    }
}
