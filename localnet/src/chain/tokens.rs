//! Token balances as block metadata shows them.

use solana_sdk::account::Account;
use yellowstone_grpc_proto::prelude::{TokenBalance, UiTokenAmount};

use super::{bank::Bank, reader::Reader};
use crate::{error::Result, svm::token};

/// Where a mint's data tells its decimals.
const DECIMALS_AT: usize = 44;

/// Balances of the token accounts among a transaction's accounts, which are in the order of its keys.
pub(super) fn balances(
    bank: &mut Bank,
    accounts: &[Option<Account>],
    store: &Reader,
) -> Result<Vec<TokenBalance>> {
    let mut balances = Vec::new();
    for (index, account) in (0u32..).zip(accounts) {
        let Some(held) = account.as_ref().and_then(token::TokenAccount::read) else {
            continue;
        };
        let mint = bank.account(&held.mint, store)?;
        let decimals = mint
            .and_then(|mint| mint.data.get(DECIMALS_AT).copied())
            .unwrap_or(0);
        balances.push(TokenBalance {
            account_index: index,
            mint: held.mint.to_string(),
            ui_token_amount: Some(ui_amount(held.amount, decimals)),
            owner: held.owner.to_string(),
            program_id: token::TOKEN_PROGRAM.to_string(),
        });
    }
    Ok(balances)
}

fn ui_amount(amount: u64, decimals: u8) -> UiTokenAmount {
    let digits = usize::from(decimals);
    let padded = format!("{amount:0>width$}", width = digits + 1);
    let (whole, fraction) = padded.split_at(padded.len() - digits);
    let fraction = fraction.trim_end_matches('0');
    let text = if fraction.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{fraction}")
    };
    UiTokenAmount {
        ui_amount: text.parse().unwrap_or(0.0),
        decimals: decimals.into(),
        amount: amount.to_string(),
        ui_amount_string: text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_amounts_are_written_exactly() {
        let text = |amount, decimals| ui_amount(amount, decimals).ui_amount_string;
        assert_eq!(text(0, 6), "0");
        assert_eq!(text(1, 6), "0.000001");
        assert_eq!(text(1_500_000, 6), "1.5");
        assert_eq!(text(u64::MAX, 0), u64::MAX.to_string());
        assert_eq!(text(12_000_000, 6), "12");
    }
}
