//! Whether the programs that are looked for are on the network at all: an id that an IDL declares is often another network's,
//! and then nothing is found and nothing seems wrong.

use hypernode_decoder::Decoder;
use serde_json::json;

use crate::network::is_public;
use crate::programs::base58;
use crate::rpc::Rpc;

/// Says which programs are not on the network, and what to do. Who cannot be asked is no reason not to start.
pub(crate) async fn warn(rpc: Option<Rpc>, genesis: &str, programs: Vec<(String, String)>) {
    let Some(rpc) = rpc else {
        // Of the public networks the ids are somebody's: of another one they are a guess.
        if !is_public(genesis) && !programs.is_empty() {
            tracing::warn!(
                "this network is none of the public ones, and without rpc.url it is not known which programs are on it. Looked \
                 for are {}. {}",
                list(programs.iter()),
                advice(&programs)
            );
        }
        return;
    };
    match missing(&rpc, &programs).await {
        Ok(missing) if missing.is_empty() => {}
        Ok(missing) => tracing::warn!(
            "not on this network (genesis hash {genesis}), so nothing of them will be found: {}. {}",
            list(missing.iter()),
            advice(&missing)
        ),
        Err(why) => tracing::debug!("which programs are on the network is not known: {why}"),
    }
}

/// The programs that are decoded, with their ids.
pub(crate) fn programs(decoder: &Decoder) -> Vec<(String, String)> {
    let programs = decoder.programs();
    programs
        .map(|(label, id)| (label.to_owned(), base58(id)))
        .collect()
}

/// Those that the endpoint knows no program of.
async fn missing(
    rpc: &Rpc,
    programs: &[(String, String)],
) -> Result<Vec<(String, String)>, String> {
    let mut missing = Vec::new();
    // As many as one question may name.
    for some in programs.chunks(100) {
        let ids: Vec<&str> = some.iter().map(|(_, id)| id.as_str()).collect();
        let config = json!({
            "encoding": "base64", "commitment": "confirmed", "dataSlice": {"offset": 0, "length": 0},
        });
        let answer = rpc
            .call("getMultipleAccounts", json!([ids, config]))
            .await?;
        let found = answer["value"].as_array();
        let found = found.filter(|found| found.len() == some.len());
        let found =
            found.ok_or("getMultipleAccounts: another number of accounts than asked for")?;
        let absent = some
            .iter()
            .zip(found)
            .filter(|(_, account)| account["executable"] != true);
        missing.extend(absent.map(|(program, _)| program.clone()));
    }
    Ok(missing)
}

fn list<'a>(programs: impl Iterator<Item = &'a (String, String)>) -> String {
    let each: Vec<String> = programs
        .map(|(label, id)| format!("{label} ({id})"))
        .collect();
    each.join(", ")
}

fn advice(programs: &[(String, String)]) -> String {
    let label = programs.first().map_or("LABEL", |(label, _)| label);
    format!(
        "Where a program has another address here, name it: --set programs.{label}.id=ADDRESS, and likewise for each; the \
         addresses of a simulated network are those that `hypernode localnet` prints"
    )
}
