//! `hypernode signer`: the process that holds the dispatcher's key for the chain. It speaks to its parent over a pipe, opens
//! no socket and starts no runtime.

use std::io::{BufReader, stdin, stdout};
use std::time::{SystemTime, UNIX_EPOCH};

use hypernode_dispatch::bridge::write::Programs;
use hypernode_dispatch::bridge::write::signer::{Book, Caps, Policy, read_key, serve};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Signer as _;

use crate::cli;
use crate::exit::{Failure, OrCannotStart as _, Outcome};

/// Answers until the parent closes the pipe.
pub(crate) fn run(args: &cli::Signer) -> Outcome {
    let key = read_key(&args.key).or_cannot_start("--key")?;
    let mut book = Book::open(&args.book).or_cannot_start("--book")?;
    let policy = Policy {
        programs: Programs {
            job_receipt: address("--job-receipt", &args.job_receipt)?,
            mint: address("--mint", &args.mint)?,
            treasury: address("--treasury", &args.treasury)?,
            incentive: address("--incentive", &args.incentive)?,
        },
        sender: key.pubkey(),
        caps: Caps {
            lamports: args.daily_lamports,
            hyper: args.daily_hyper,
        },
    };
    let (input, output) = (BufReader::new(stdin()), stdout());
    serve(&key, &policy, &mut book, today, input, output).map_err(|e| Failure::Broke(e.into()))
}

/// Days since 1970. A clock before that spends the caps of its first day.
fn today() -> u32 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u32::try_from(since.as_secs() / 86_400).unwrap_or(u32::MAX)
}

fn address(flag: &str, text: &str) -> Outcome<Pubkey> {
    text.parse()
        .map_err(|_| Failure::start(flag, "not an address of 32 bytes in base58"))
}
