//! What proofs and tokens cost on this machine, each beside the floor that no implementation can beat.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ed25519_dalek::{Signer as _, SigningKey};
use hypernode_state::Store;
use tokio_util::sync::CancellationToken;

use crate::accounts::Accounts;
use crate::api_keys::KeyRequest;
use crate::error::AccountError;
use crate::limits::{LimitKey, Limiter, PLACES, Rates};
use crate::public_key::PublicKey;
use crate::rights::{Scope, Scopes};
use crate::secret::{Fingerprint, Secret};
use crate::siws::{
    self, Chain, PolicyError, Refusal, SignInMessage, SignInOutput, SignInPolicy, Site,
};

const NOW: i64 = 1_700_000_000_000;
/// Wallets that sign, and keys that are asked for.
const CALLERS: u8 = 64;

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The bench's own policy is refused.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A good sign-in was refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A wallet or key could not be made.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The bench's own hub is refused.
    #[error(transparent)]
    Hub(#[from] crate::accounts::BadHubName),
    /// A good token was refused.
    #[error(transparent)]
    Token(#[from] crate::auth::Unauthenticated),
}

/// Sign-ins that one core verifies: text read, every field compared, signature checked; no store. By the time of the
/// thread itself.
#[derive(Debug, Clone, Copy)]
pub struct SignIns {
    /// Verified in a second.
    pub per_second: f64,
    /// The floor: signatures alone, by the same rules.
    pub signatures_per_second: f64,
}

/// What telling who sends a token adds to a request, in microseconds; keys that were asked for within the last second
/// while the store is followed.
#[derive(Debug, Clone, Copy)]
pub struct Tokens {
    /// Half take less.
    pub p50_us: f64,
    /// One in a hundred takes longer.
    pub p99_us: f64,
    /// The longest.
    pub max_us: f64,
    /// The floor: the token's hash alone.
    pub hash_us: f64,
    /// Requests measured.
    pub requests: usize,
    /// One key after another in a new process: each waits for the store.
    pub cold_p50_us: f64,
}

/// Verifies sign-ins on this thread for `time`.
///
/// # Errors
/// When a good one is refused: a defect.
pub fn sign_ins(time: Duration) -> Result<SignIns, BenchError> {
    let policy = policy()?;
    let answers: Vec<(SignInMessage, SignInOutput)> = (0..CALLERS)
        .filter_map(|seed| answer(&policy, seed))
        .collect();
    let half = time / 2;
    let per_second = rate(half, &answers, |(issued, output)| {
        let signed = siws::read(output)?;
        policy.knows(&signed.message)?;
        siws::verify(issued, &signed, output, NOW)
    })?;
    let signatures_per_second = rate(half, &answers, |(_, output)| siws::genuine(output))?;
    Ok(SignIns {
        per_second,
        signatures_per_second,
    })
}

/// Makes wallets and keys in `store`, then tells for `time` who sends them.
///
/// # Errors
/// When the store fails, or a good token is refused.
pub async fn tokens(store: Arc<dyn Store>, time: Duration) -> Result<Tokens, BenchError> {
    let new = || -> Result<Accounts, BenchError> {
        let limiter = Arc::new(Limiter::new(Rates::default(), PLACES));
        Ok(Accounts::new(
            Arc::clone(&store),
            policy()?,
            "bench",
            limiter,
        )?)
    };
    let accounts = new()?;
    let mut keys = Vec::new();
    for seed in 0..CALLERS {
        let wallet = SigningKey::from_bytes(&[seed; 32]);
        let challenge = accounts.challenge(None, None, NOW).await?;
        let owner = accounts
            .sign_in(&sign(&wallet, &challenge), "bench", NOW)
            .await?;
        let request = KeyRequest {
            scopes: Scopes::of(&[Scope::Read]),
            label: "bench".into(),
            expires_at: None,
            cap: None,
        };
        let owner = owner.principal.account().unwrap_or(PublicKey([0; 32]));
        keys.push(accounts.create_key(owner, request, NOW).await?.key);
    }
    let caller = LimitKey::of_address([127, 0, 0, 1].into());
    let mut cold = asked(&new()?, &keys, &caller, Duration::ZERO).await?;
    let stop = CancellationToken::new();
    let (measured, ()) = tokio::join!(
        async {
            let measured = asked(&accounts, &keys, &caller, time).await;
            stop.cancel();
            measured
        },
        accounts.auth().follow(stop.clone()),
    );
    let mut warm = measured?;
    // The first round finds nothing kept.
    warm.drain(..keys.len());
    let began = Instant::now();
    for key in keys.iter().cycle().take(100_000) {
        black_box(Fingerprint::of(key.expose()));
    }
    let hash_us = began.elapsed().as_secs_f64() * 1e6 / 100_000.0;
    warm.sort_unstable();
    cold.sort_unstable();
    Ok(Tokens {
        p50_us: at(&warm, 0.5),
        p99_us: at(&warm, 0.99),
        max_us: at(&warm, 1.0),
        hash_us,
        requests: warm.len(),
        cold_p50_us: at(&cold, 0.5),
    })
}

/// Each key once, then again for `time`: how long each took, in nanoseconds.
async fn asked(
    accounts: &Accounts,
    keys: &[Secret],
    caller: &LimitKey,
    time: Duration,
) -> Result<Vec<u32>, BenchError> {
    let mut took = Vec::new();
    let began = Instant::now();
    loop {
        for key in keys {
            let one = Instant::now();
            black_box(
                accounts
                    .auth()
                    .authenticate(key.expose(), caller, NOW)
                    .await?,
            );
            took.push(u32::try_from(one.elapsed().as_nanos()).unwrap_or(u32::MAX));
        }
        if began.elapsed() >= time {
            return Ok(took);
        }
        // As between requests: others get their turn.
        tokio::task::yield_now().await;
    }
}

/// How many a second of this thread's own time holds: what others do on the machine meanwhile does not count.
fn rate<T, R>(
    time: Duration,
    all: &[T],
    one: impl Fn(&T) -> Result<R, Refusal>,
) -> Result<f64, Refusal> {
    let (began, worked, mut done) = (Instant::now(), thread_time(), 0_u32);
    while began.elapsed() < time {
        for item in all {
            black_box(one(black_box(item))?);
            done += 1;
        }
    }
    Ok(f64::from(done) / (thread_time() - worked).max(f64::EPSILON))
}

/// Seconds that this thread has been computing.
fn thread_time() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    // Of one thread of one bench: far below what a float holds exactly.
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn at(sorted: &[u32], part: f64) -> f64 {
    // A place within the list: small and not negative.
    let place = (sorted.len().saturating_sub(1) as f64 * part) as usize;
    sorted
        .get(place)
        .map_or(0.0, |nanos| f64::from(*nanos) / 1e3)
}

fn policy() -> Result<SignInPolicy, PolicyError> {
    let site = Site {
        domain: "hub.example".into(),
        uri: "https://hub.example".into(),
    };
    SignInPolicy::new(
        vec![site],
        Chain::Mainnet,
        "Sign in to the hub. This costs nothing and sends no transaction.",
    )
}

fn answer(policy: &SignInPolicy, seed: u8) -> Option<(SignInMessage, SignInOutput)> {
    let issued = policy.challenge(policy.site(None)?, None, format!("{seed:022}"), NOW);
    let output = sign(&SigningKey::from_bytes(&[seed; 32]), &issued);
    Some((issued, output))
}

fn sign(wallet: &SigningKey, challenge: &SignInMessage) -> SignInOutput {
    let account = PublicKey(wallet.verifying_key().to_bytes());
    let signed_message = challenge.text_for(&account.to_string()).into_bytes();
    let signature = wallet.sign(&signed_message).to_bytes().to_vec();
    SignInOutput {
        account,
        signed_message,
        signature,
    }
}
