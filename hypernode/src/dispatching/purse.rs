//! On the simulated network the dispatcher's key is made and filled without being asked for: it pays with play money.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hypernode_dispatch::bridge::write::{HttpRpc, Rpc as _, RpcError};
use hypernode_localnet::svm::genesis::faucet;
use solana_sdk::instruction::{AccountMeta, Instruction};
use solana_sdk::message::{Message, VersionedMessage};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::{Keypair, Signer as _};
use solana_sdk::transaction::VersionedTransaction;

use crate::exit::{Failure, OrCannotStart as _, Outcome};

/// What it is filled with: 10 SOL of play money.
const LAMPORTS: u64 = 10_000_000_000;
/// Between attempts.
const PAUSE: Duration = Duration::from_secs(2);

/// The key's file; made, for its owner only, where there is none.
pub(super) fn make(path: &Path) -> Outcome<PathBuf> {
    if !path.exists() {
        let what = path.display().to_string();
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let text = format!("{:?}", Keypair::new().to_bytes());
        let mut file = options.open(path).or_cannot_start(&what)?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .or_cannot_start(&what)?;
    }
    Ok(path.to_owned())
}

/// Fills a key from the faucet, unless something was sent to it before.
pub(super) async fn fill(url: String, key: Pubkey) {
    let Ok(rpc) = HttpRpc::new(&url) else {
        return;
    };
    loop {
        match rpc.balance(&key.to_string()).await {
            Ok(held) if held > LAMPORTS / 10 => return,
            Ok(_) => {
                if let Err(failure) = send(&rpc, key).await {
                    tracing::debug!("the faucet waits: {failure}");
                }
            }
            Err(error) => tracing::debug!("the faucet waits: {error}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn send(rpc: &HttpRpc, to: Pubkey) -> Outcome {
    let broke = |error: RpcError| Failure::Broke(error.into());
    let (hash, _) = rpc.blockhash().await.map_err(broke)?;
    let faucet = faucet();
    // The system program's transfer.
    let mut data = vec![2, 0, 0, 0];
    data.extend(LAMPORTS.to_le_bytes());
    let accounts = vec![
        AccountMeta::new(faucet.pubkey(), true),
        AccountMeta::new(to, false),
    ];
    let transfer = Instruction {
        program_id: Pubkey::default(),
        accounts,
        data,
    };
    let message = Message::new_with_blockhash(&[transfer], Some(&faucet.pubkey()), &hash);
    let transaction = VersionedTransaction::try_new(VersionedMessage::Legacy(message), &[&faucet]);
    let transaction = transaction.map_err(|error| Failure::Broke(error.into()))?;
    let bytes = bincode::serialize(&transaction).map_err(|error| Failure::Broke(error.into()))?;
    let text = base64_simd::STANDARD.encode_to_string(bytes);
    rpc.send(&text).await.map_err(broke)
}
