//! IDLs that programs keep on chain, read over JSON-RPC.

use std::path::Path;

use hypernode_decoder::chain::Pubkey;
use hypernode_decoder::idl;
use hypernode_decoder::idl::onchain::{self, OnChainKind};
use serde_json::{Value, json};

use super::check;
use super::name::{IdlName, check_label};
use super::sources::own_folder;
use crate::datadir::write_atomic;
use crate::programs::base58;
use crate::rpc::Rpc;

/// An IDL as a program keeps it.
#[derive(Debug)]
pub(crate) struct OnChain {
    pub(crate) json: Vec<u8>,
    /// The account that holds it.
    pub(crate) account: Pubkey,
}

/// The program's IDL, from the newer convention if both are there; `None` if neither is.
pub(crate) async fn fetch(rpc: &Rpc, program: &Pubkey) -> Result<Option<OnChain>, String> {
    let mut wrong = None;
    for (kind, account) in onchain::addresses(program) {
        match one(rpc, program, kind, &account).await {
            Ok(Some(json)) => return Ok(Some(OnChain { json, account })),
            Ok(None) => {}
            Err(why) => wrong = Some(why),
        }
    }
    wrong.map_or(Ok(None), Err)
}

async fn one(
    rpc: &Rpc,
    program: &Pubkey,
    kind: OnChainKind,
    account: &Pubkey,
) -> Result<Option<Vec<u8>>, String> {
    let address = base58(account);
    let config = json!({"encoding": "base64", "commitment": "confirmed"});
    let answer = rpc.call("getAccountInfo", json!([address, config])).await?;
    let value = &answer["value"];
    if value.is_null() {
        return Ok(None);
    }
    // Anybody may fund an address; only its owner's data mean something.
    if value["owner"].as_str() != Some(base58(&kind.owner(program)).as_str()) {
        return Ok(None);
    }
    let data = value["data"][0].as_str().unwrap_or_default();
    let data = base64_simd::STANDARD
        .decode_to_vec(data)
        .map_err(|_| format!("account {address}: the RPC's data are not base64"))?;
    let json = onchain::unpack(kind, &data).map_err(|why| format!("account {address}: {why}"))?;
    Ok(Some(json))
}

/// The IDL with this program id in it; text that is no JSON object, or hides a
/// key behind another, stays as it is, and is judged later.
pub(crate) fn with_address(json: &[u8], program: &Pubkey) -> Vec<u8> {
    let Some(mut idl) = idl::tree(json) else {
        return json.to_vec();
    };
    let id = Value::from(base58(program));
    let stated = |value: &Value| value.as_str() == id.as_str();
    let new = idl["metadata"]["spec"].is_string();
    if (new && stated(&idl["address"])) || (!new && stated(&idl["metadata"]["address"])) {
        return json.to_vec();
    }
    match idl.as_object_mut() {
        Some(root) if new => {
            root.insert("address".to_owned(), id);
        }
        Some(root) => {
            let metadata = root.entry("metadata").or_insert_with(|| json!({}));
            if let Some(metadata) = metadata.as_object_mut() {
                metadata.insert("address".to_owned(), id);
            }
        }
        None => return json.to_vec(),
    }
    let mut text = serde_json::to_vec_pretty(&idl).unwrap_or_else(|_| json.to_vec());
    text.push(b'\n');
    text
}

/// Looks a configured program up on chain and puts its IDL into the data directory's folder, where people and later
/// starts find it. The sentence says what was found, or that the program is left out and why.
pub(crate) async fn look_up(
    rpc: Option<&Rpc>,
    label: &str,
    program: &Pubkey,
    data_dir: &Path,
) -> Result<String, String> {
    let id = base58(program);
    let left_out = |why: &str| {
        format!(
            "programs.{label}.id names {id}, which has no IDL here{why}: it is not indexed; add its IDL with \
             `hypernode idl add FILE --label {label} --program-id {id}`"
        )
    };
    let Some(rpc) = rpc else {
        return Err(left_out(" (and no rpc.url to look on chain)"));
    };
    check_label(label).map_err(|(why, fix)| left_out(&format!(" ({why}; {fix})")))?;
    let found = match fetch(rpc, program).await {
        Ok(Some(found)) => found,
        Ok(None) => return Err(left_out(" and none on chain")),
        Err(why) => return Err(left_out(&format!(" (on chain: {why})"))),
    };
    let name = IdlName {
        label: label.to_owned(),
        from_slot: 0,
    };
    let folder = own_folder(data_dir);
    let file = folder.join(name.to_string());
    let json = with_address(&found.json, program);
    check::judge(label, &file, &json)
        .map_err(|refusal| left_out(&format!(" (on chain: {})", refusal.lines().join("; "))))?;
    std::fs::create_dir_all(&folder)
        .and_then(|()| write_atomic(&file, &json, 0o644))
        .map_err(|error| left_out(&format!(" ({}: {error})", file.display())))?;
    Ok(format!(
        "programs.{label}.id: its IDL was read from chain (account {}) and kept as {}",
        base58(&found.account),
        file.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hypernode_decoder::idl;

    #[test]
    fn an_address_is_put_where_its_format_has_it_and_only_if_it_differs() {
        let program = [7; 32];
        for (label, text) in hypernode_schemas::idl::builtin() {
            let changed = with_address(text.as_bytes(), &program);
            let idl = idl::parse(label, "changed", &changed).unwrap();
            assert_eq!(idl.address(), Some(program), "{label}");
            assert_eq!(with_address(&changed, &program), changed);
            let before = idl::parse(label, "before", text.as_bytes()).unwrap();
            assert_eq!(before.events(), idl.events());
        }
        let twice = br#"{"name":"x","events":[],"events":[]}"#;
        assert_eq!(with_address(twice, &program), twice);
        let marked = with_address("\u{feff}{\"name\":\"x\"}".as_bytes(), &program);
        let idl = idl::parse("x", "marked", &marked).unwrap();
        assert_eq!(idl.address(), Some(program));
        for broken in ["", "[]", "{ not json", r#"{"metadata":3}"#] {
            let _ = with_address(broken.as_bytes(), &program);
        }
    }
}
