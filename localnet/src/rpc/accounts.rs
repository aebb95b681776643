//! Methods about accounts.

use std::str::FromStr;

use serde_json::{Value, json};
use solana_sdk::{account::Account, pubkey::Pubkey, rent::Rent};

use super::{
    Context, encode,
    error::{Answer, RpcError},
    params::{Config, Params},
};

/// Filters of one `getProgramAccounts`, addresses of one `getMultipleAccounts`: at most.
const MAX_FILTERS: usize = 4;
const MAX_ACCOUNTS: usize = 100;

enum Filter {
    Size(u64),
    Compare { offset: usize, bytes: Vec<u8> },
}

impl Filter {
    fn passes(&self, account: &Account) -> bool {
        match self {
            Self::Size(size) => account.data.len() as u64 == *size,
            Self::Compare { offset, bytes } => account
                .data
                .get(*offset..)
                .is_some_and(|rest| rest.starts_with(bytes)),
        }
    }

    fn parse(value: &Value) -> Result<Self, RpcError> {
        let invalid = |what: &str| RpcError::params(format!("Invalid param: {what}"));
        if let Some(size) = value.get("dataSize") {
            return size
                .as_u64()
                .map(Self::Size)
                .ok_or_else(|| invalid("dataSize"));
        }
        let compare = value.get("memcmp").ok_or_else(|| invalid("filter"))?;
        let offset = compare["offset"]
            .as_u64()
            .and_then(|offset| usize::try_from(offset).ok());
        let offset = offset.ok_or_else(|| invalid("memcmp offset"))?;
        let bytes = match (&compare["bytes"], compare["encoding"].as_str()) {
            (Value::String(text), None | Some("base58" | "binary")) => bs58::decode(text)
                .into_vec()
                .map_err(|_| invalid("memcmp bytes"))?,
            (Value::String(text), Some("base64")) => base64_simd::STANDARD
                .decode_to_vec(text)
                .map_err(|_| invalid("memcmp bytes"))?,
            (Value::Array(list), _) => list
                .iter()
                .map(|b| b.as_u64().and_then(|b| u8::try_from(b).ok()))
                .collect::<Option<_>>()
                .ok_or_else(|| invalid("memcmp bytes"))?,
            _ => return Err(invalid("memcmp bytes")),
        };
        if bytes.len() > 128 {
            return Err(invalid("memcmp bytes are more than 128"));
        }
        Ok(Self::Compare { offset, bytes })
    }
}

fn slice(config: &Config) -> Result<Option<(usize, usize)>, RpcError> {
    let Some(slice) = config.get("dataSlice") else {
        return Ok(None);
    };
    let part = |key: &str| {
        let number = slice[key].as_u64().and_then(|n| usize::try_from(n).ok());
        number.ok_or_else(|| RpcError::params("Invalid params: dataSlice needs offset and length."))
    };
    Ok(Some((part("offset")?, part("length")?)))
}

impl Context {
    pub(super) fn get_balance(&self, params: &Params) -> Answer {
        let address = params.address(0)?;
        let config = params.config(1)?;
        let reader = self.chain.reader()?;
        let level = config.level("commitment")?;
        let slot = reader.at(level)?;
        self.reached(&config, slot)?;
        let account = self.chain.account(&reader, &address, level)?;
        Ok(self.contextual(slot, &json!(account.map_or(0, |account| account.lamports))))
    }

    pub(super) fn get_account_info(&self, params: &Params) -> Answer {
        let address = params.address(0)?;
        self.account_values(&params.config(1)?, &[address], |mut values| {
            values.pop().unwrap_or(Value::Null)
        })
    }

    pub(super) fn get_multiple_accounts(&self, params: &Params) -> Answer {
        let Some(Value::Array(list)) = params.0.first() else {
            return Err(RpcError::params(
                "Invalid params: expected a list of addresses.",
            ));
        };
        if list.len() > MAX_ACCOUNTS {
            return Err(RpcError::params(format!(
                "Too many inputs provided; max {MAX_ACCOUNTS}"
            )));
        }
        let addresses = list
            .iter()
            .map(|text| text.as_str().and_then(|text| Pubkey::from_str(text).ok()))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| RpcError::params("Invalid param: Invalid"))?;
        self.account_values(&params.config(1)?, &addresses, Value::Array)
    }

    fn account_values(
        &self,
        config: &Config,
        addresses: &[Pubkey],
        shape: impl Fn(Vec<Value>) -> Value,
    ) -> Answer {
        let (encoding, slice) = (config.text("encoding")?, slice(config)?);
        let reader = self.chain.reader()?;
        let level = config.level("commitment")?;
        let slot = reader.at(level)?;
        self.reached(config, slot)?;
        let values = addresses
            .iter()
            .map(
                |address| match self.chain.account(&reader, address, level)? {
                    Some(account) => encode::account(&account, encoding, slice),
                    None => Ok(Value::Null),
                },
            )
            .collect::<Result<Vec<_>, RpcError>>()?;
        Ok(self.contextual(slot, &shape(values)))
    }

    pub(super) fn get_program_accounts(&self, params: &Params) -> Answer {
        let program = params.address(0)?;
        let config = params.config(1)?;
        let (encoding, slice) = (config.text("encoding")?, slice(&config)?);
        let filters = match config.get("filters") {
            None => Vec::new(),
            Some(Value::Array(list)) if list.len() <= MAX_FILTERS => {
                list.iter().map(Filter::parse).collect::<Result<_, _>>()?
            }
            Some(_) => {
                return Err(RpcError::params(format!(
                    "Too many filters provided; max {MAX_FILTERS}"
                )));
            }
        };
        let reader = self.chain.reader()?;
        let level = config.level("commitment")?;
        let slot = reader.at(level)?;
        self.reached(&config, slot)?;
        let accounts = reader.owned(&program, level)?;
        let values = accounts
            .iter()
            .filter(|(_, account)| filters.iter().all(|filter| filter.passes(account)))
            .map(|(address, account)| {
                let account = encode::account(account, encoding, slice)?;
                Ok(json!({"pubkey": address.to_string(), "account": account}))
            })
            .collect::<Result<Vec<_>, RpcError>>()?;
        if config.flag("withContext", false)? {
            return Ok(self.contextual(slot, &json!(values)));
        }
        Ok(json!(values))
    }

    pub(super) fn get_rent_exemption(&self, params: &Params) -> Answer {
        let bytes = usize::try_from(params.number(0)?).unwrap_or(usize::MAX);
        if bytes > 10 << 20 {
            return Err(RpcError::params("Invalid param: data length above 10 MiB"));
        }
        Ok(json!(Rent::default().minimum_balance(bytes)))
    }
}
