//! `hypernode operator`: roles, on the machine itself.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use hypernode_accounts::PublicKey;
use hypernode_accounts::operators::{self, GrantError};
use hypernode_accounts::rights::Role;
use hypernode_accounts::time::iso;
use hypernode_state::StoreExt as _;
use hypernode_state::accounts::NewestAudit;

use crate::access;
use crate::cli::accounts::{GivenRole, Operator, OperatorAction};
use crate::config;
use crate::exit::{Failure, OrCannotStart as _, Outcome};
use crate::out::say;

/// Who did it, in the trail.
const ACTOR: &str = "cli";

pub(crate) async fn run(args: &Operator) -> Outcome {
    let settings = config::load(args.action.common())?;
    let dir = settings.path("data.dir").unwrap_or_default();
    let store = access::existing(&dir).await?;
    match &args.action {
        OperatorAction::Code(_) => return code(&*store, &dir).await,
        OperatorAction::List(_) => {
            for role in [Role::Operator, Role::DataTeam] {
                let holders = operators::holders(&*store, role)
                    .await
                    .or_cannot_start("accounts")?;
                if holders.is_empty() {
                    say!("{}: nobody", role.name());
                }
                for wallet in holders {
                    say!("{}: {wallet}", role.name());
                }
            }
        }
        OperatorAction::Grant { wallet, role, .. } => {
            let left = operators::grant(&*store, key(wallet)?, given(*role), ACTOR, now()).await;
            tell(given(*role), &left.or_cannot_start("operator grant")?);
        }
        OperatorAction::Revoke {
            wallet,
            role,
            even_the_last,
            ..
        } => {
            let left = operators::withdraw(
                &*store,
                key(wallet)?,
                given(*role),
                *even_the_last,
                ACTOR,
                now(),
            )
            .await;
            let left = left.map_err(|error| match error {
                GrantError::NotHeld(..) => Failure::No(error.to_string()),
                error => Failure::start("operator revoke", error),
            })?;
            tell(given(*role), &left);
        }
        OperatorAction::Trail {
            wallet,
            action,
            before,
            limit,
            ..
        } => {
            let wallet = wallet.as_deref().map(key).transpose()?;
            let query = NewestAudit {
                who: wallet.map(|wallet| wallet.to_string()),
                action: action.clone(),
                before: *before,
                limit: *limit,
            };
            for entry in store.ask(query).await.or_cannot_start("accounts")? {
                say!(
                    "{}  {}  {}  {}  {}  {}",
                    entry.seq,
                    iso(entry.at),
                    entry.actor,
                    entry.action,
                    entry.subject,
                    entry.detail
                );
            }
        }
    }
    Ok(())
}

async fn code(store: &dyn hypernode_state::Store, dir: &Path) -> Outcome {
    match operators::begin(store, dir)
        .await
        .or_cannot_start("the first operator")?
    {
        Some(path) => {
            let code =
                std::fs::read_to_string(&path).or_cannot_start(&path.display().to_string())?;
            say!("{}", code.trim());
            Ok(())
        }
        None => Err(Failure::No(
            "there is an operator already: see `hypernode operator list`".into(),
        )),
    }
}

fn tell(role: Role, left: &operators::Left) {
    let wallets: Vec<String> = left.0.iter().map(ToString::to_string).collect();
    let wallets = if wallets.is_empty() {
        "nobody".to_owned()
    } else {
        wallets.join(", ")
    };
    say!("{}: {wallets}", role.name());
}

fn key(text: &str) -> Outcome<PublicKey> {
    text.parse().map_err(|_| {
        Failure::start(
            format!("wallet {text:?}"),
            "is not an address of 32 bytes in base58",
        )
    })
}

fn given(role: GivenRole) -> Role {
    match role {
        GivenRole::Operator => Role::Operator,
        GivenRole::DataTeam => Role::DataTeam,
    }
}

fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
