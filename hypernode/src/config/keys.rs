//! Every key that configuration knows: its type, default, meaning and the names older systems used for it.

/// What a value must look like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// A file or folder.
    Path,
    /// `true` or `false`.
    Flag,
    /// A TCP port; 0 = any free one.
    Port,
    /// A whole number in a range.
    Integer(u64, u64),
    /// A number in a range.
    Number(f64, f64),
    /// `http://` or `https://` with a host.
    Url,
    /// Several of [`Kind::Url`], separated by commas or spaces.
    Urls,
    /// Several of [`Kind::Endpoint`], separated by commas or spaces.
    Endpoints,
    /// As [`Kind::Url`], of a server that pages and logs name: without credentials or a query in it.
    Endpoint,
    /// A 32-byte address in base58.
    Pubkey,
    /// Pairs of token accounts, each for a range of slots.
    FeeAccounts,
    /// Origins of web pages, separated by commas or spaces; `*` = every one.
    Origins,
    /// Addresses or networks (10.0.0.0/8), separated by commas or spaces.
    Networks,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Like text, never printed.
    Secret,
}

impl Kind {
    /// How `config check` describes it.
    pub(crate) fn describe(self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Path => "a path".into(),
            Self::Flag => "true or false".into(),
            Self::Port => "a port from 0 to 65535 (0 = any free one)".into(),
            Self::Integer(low, high) => format!("a whole number from {low} to {high}"),
            Self::Number(low, high) => format!("a number from {low} to {high}"),
            Self::Url => "a URL starting with http:// or https://".into(),
            Self::Urls => "URLs starting with http:// or https://, separated by commas".into(),
            Self::Endpoints => {
                "URLs starting with http:// or https://, without credentials or a query, separated by commas".into()
            }
            Self::Endpoint => {
                "a URL starting with http:// or https://, without credentials or a query".into()
            }
            Self::Pubkey => "a 32-byte address in base58".into(),
            Self::FeeAccounts => "accounts as TREASURY/INCENTIVE or TREASURY/INCENTIVE@FIRST-LAST, separated by commas".into(),
            Self::Origins => "origins as https://pages.example, separated by commas, or *".into(),
            Self::Networks => "addresses or networks as 10.0.0.0/8, separated by commas".into(),
            Self::Choice(words) => format!("one of: {}", words.join(", ")),
            Self::Secret => "a secret (environment or file)".into(),
        }
    }
}

/// One key of `hypernode.toml`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// Dotted name, `section.key`.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Default as text; empty = unset.
    pub(crate) default: &'static str,
    /// Environment names that older systems used.
    pub(crate) aliases: &'static [&'static str],
    pub(crate) help: &'static str,
}

const fn key(name: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Key {
    Key {
        name,
        kind,
        default,
        aliases: &[],
        help,
    }
}

const fn aliased(key: Key, aliases: &'static [&'static str]) -> Key {
    Key { aliases, ..key }
}

/// All fixed keys. `programs.<label>.id`, `.idl` and `.account_layout` come on top, for each IDL label.
pub(crate) const KEYS: &[Key] = &[
    key(
        "data.dir",
        Kind::Path,
        "hypernode-data",
        "data directory: engine, chain, run.json",
    ),
    key(
        "network.name",
        Kind::Text,
        "",
        "name shown for a real network, e.g. \"Solana Mainnet\"",
    ),
    key(
        "network.genesis",
        Kind::Pubkey,
        "",
        "genesis hash that the data directory is bound to",
    ),
    key(
        "network.explorer",
        Kind::Url,
        "https://solscan.io",
        "explorer that links of a real network lead to",
    ),
    aliased(
        key("network.hyper_mint", Kind::Pubkey, "", "mint of HYPER"),
        &["HYPER_TOKEN_MINT"],
    ),
    key(
        "network.fee_accounts",
        Kind::FeeAccounts,
        "",
        "token accounts of treasury and incentive pool: a settlement counts for reputation only if it pays these",
    ),
    key(
        "network.hyper_decimals",
        Kind::Integer(0, 18),
        "6",
        "decimals of HYPER",
    ),
    key(
        "api.bind",
        Kind::Text,
        "127.0.0.1",
        "address that API and pages listen on",
    ),
    key(
        "api.domain",
        Kind::Text,
        "",
        "name that wallets sign in to, as the browser shows it, e.g. hypernode.example; default: address and port",
    ),
    key(
        "api.tls_certificate",
        Kind::Path,
        "",
        "PEM file with the certificate chain: serve HTTPS without a proxy; read again when it changes",
    ),
    key(
        "api.tls_key",
        Kind::Path,
        "",
        "PEM file with the certificate's private key",
    ),
    aliased(
        key(
            "api.cors_origins",
            Kind::Origins,
            "",
            "origins whose pages may change things with a signed-in wallet; public reads are open to all",
        ),
        &["CORS_ORIGIN"],
    ),
    key(
        "api.trusted_proxies",
        Kind::Networks,
        "",
        "proxies whose X-Forwarded-For is believed; without any the connection's own address counts",
    ),
    key(
        "api.open_dev",
        Kind::Flag,
        "false",
        "anybody on this machine may change anything, as in older systems: for local work, loopback only",
    ),
    key(
        "api.metrics_secret",
        Kind::Secret,
        "",
        "who sends it as a bearer token may post to /api/metrics/update, at least 16 characters; without one nobody may",
    ),
    key(
        "api.metrics_secret_file",
        Kind::Path,
        "",
        "file that holds that secret",
    ),
    aliased(
        key("api.port", Kind::Port, "3001", "API, pages and /ws"),
        &["PORT"],
    ),
    aliased(
        key(
            "api.second_port",
            Kind::Port,
            "3002",
            "the same application, where older clients look",
        ),
        &["WS_PORT"],
    ),
    key(
        "clickhouse.port",
        Kind::Port,
        "8123",
        "ClickHouse interface of the embedded engine",
    ),
    key(
        "clickhouse.library",
        Kind::Path,
        "",
        "libchdb to use instead of fetching it (offline machines)",
    ),
    key(
        "clickhouse.binary",
        Kind::Path,
        "",
        "a `clickhouse` binary to run instead of the library",
    ),
    key(
        "clickhouse.url",
        Kind::Endpoint,
        "",
        "a ClickHouse server to use instead of the embedded engine",
    ),
    key(
        "clickhouse.user",
        Kind::Text,
        "default",
        "user on that server",
    ),
    key("clickhouse.password", Kind::Secret, "", "its password"),
    key(
        "clickhouse.password_file",
        Kind::Path,
        "",
        "file that holds the password",
    ),
    key(
        "clickhouse.database",
        Kind::Text,
        "default",
        "database on that server",
    ),
    key(
        "clickhouse.ca_file",
        Kind::Path,
        "",
        "PEM file of a private certificate authority",
    ),
    key(
        "geyser.url",
        Kind::Endpoint,
        "",
        "Geyser gRPC endpoint; without it the simulated localnet feeds the indexer",
    ),
    key(
        "geyser.x_token",
        Kind::Secret,
        "",
        "token for that endpoint",
    ),
    key(
        "geyser.x_token_file",
        Kind::Path,
        "",
        "file that holds the token",
    ),
    key(
        "geyser.fallback_urls",
        Kind::Endpoints,
        "",
        "further Geyser endpoints of the same network, asked in this order while those before them fail",
    ),
    key(
        "geyser.fallback_x_tokens",
        Kind::Secret,
        "",
        "tokens for those, in their order, separated by commas; - = none",
    ),
    key(
        "geyser.fallback_x_tokens_file",
        Kind::Path,
        "",
        "file that holds those tokens",
    ),
    key(
        "geyser.from_slot",
        Kind::Integer(1, u64::MAX),
        "",
        "slot to start from where nothing is indexed yet; unset = the tip",
    ),
    aliased(
        key(
            "rpc.url",
            Kind::Url,
            "",
            "JSON-RPC endpoint of the same network",
        ),
        &["SOLANA_RPC_URL"],
    ),
    key(
        "rpc.fallback_urls",
        Kind::Urls,
        "",
        "further JSON-RPC endpoints, asked for blocks that the first does not hold, and while it fails",
    ),
    key(
        "rpc.requests_per_second",
        Kind::Number(0.0, 1_000_000.0),
        "20",
        "requests per second for blocks to each endpoint; 0 = as many as it takes",
    ),
    key(
        "rpc.parallel",
        Kind::Integer(1, 256),
        "8",
        "requests for blocks under way at each endpoint",
    ),
    key(
        "accounts.enabled",
        Kind::Flag,
        "true",
        "keep the accounts that the programs own: by subscription, and by snapshots over RPC",
    ),
    key(
        "accounts.snapshot_every",
        Kind::Integer(1, 31_536_000),
        "3600",
        "seconds between snapshots of all accounts; one more follows every start, gap and reconnect",
    ),
    key(
        "indexer.wal_bytes",
        Kind::Integer(0, 1 << 50),
        "1073741824",
        "bytes of write-ahead files (<data>/wal) for what arrives while ClickHouse does not keep up; then the stream pauses; 0 = none",
    ),
    key(
        "indexer.queue_messages",
        Kind::Integer(1, 1_000_000),
        "8192",
        "messages that may wait in memory before that",
    ),
    key(
        "localnet.geyser_port",
        Kind::Port,
        "10000",
        "localnet's Geyser gRPC",
    ),
    key(
        "localnet.rpc_port",
        Kind::Port,
        "8899",
        "localnet's JSON-RPC",
    ),
    key(
        "localnet.seed",
        Kind::Integer(0, u64::MAX),
        "1",
        "seed of localnet's actors",
    ),
    key(
        "localnet.rate",
        Kind::Number(0.0, 100_000.0),
        "15",
        "transactions per second that the actors aim at",
    ),
    key(
        "localnet.slot_ms",
        Kind::Integer(20, 60_000),
        "400",
        "length of a slot in milliseconds",
    ),
    key(
        "localnet.clock",
        Kind::Integer(1, 10_000),
        "1",
        "seconds of localnet's block time that pass in one: days end, and jobs expire, while you watch",
    ),
    key(
        "localnet.chaos",
        Kind::Integer(0, u64::MAX),
        "",
        "seed by which localnet forks, skips, loses and forgets slots; unset = it never does",
    ),
    key(
        "chain.write",
        Kind::Flag,
        "false",
        "send to the chain what owners of nodes sign on their hosts: that they take a job, and its result",
    ),
    key(
        "chain.key",
        Kind::Path,
        "",
        "key that pays for them, as `solana-keygen` writes it, mode 0600; the simulated network makes one",
    ),
    key(
        "chain.daily_lamports",
        Kind::Integer(0, 1_000_000_000_000),
        "50000000",
        "most lamports of fees that the signer signs for in a day",
    ),
    key(
        "chain.daily_hyper",
        Kind::Integer(0, u64::MAX),
        "10000000000",
        "most raw HYPER of jobs that the signer has settled in a day",
    ),
    key(
        "dispatch.enabled",
        Kind::Flag,
        "true",
        "give jobs to nodes; without it this instance only answers what is kept of them",
    ),
    key(
        "dispatch.algorithm",
        Kind::Choice(&["draw", "reputation_weighted"]),
        "draw",
        "how a node is chosen: a draw among the best by quality and price, or the best by the older engine's formula",
    ),
    key(
        "dispatch.min_reputation",
        Kind::Integer(0, 1000),
        "50",
        "least score of a node for a job that names none (HNR-1; a node that nothing is known of has 364)",
    ),
    key(
        "dispatch.max_retries",
        Kind::Integer(0, 10),
        "3",
        "attempts after the first of a job that names no number",
    ),
    key(
        "dispatch.ask",
        Kind::Integer(0, 1_000_000_000_000),
        "10000",
        "what a node asks that names no price: raw HYPER per second",
    ),
    key(
        "dispatch.manifests",
        Kind::Path,
        "",
        "JSON file with the commands that hosts may be told to run, beside the built-in test",
    ),
    key(
        "dispatch.results",
        Kind::Path,
        "",
        "JSON file of job type to schema (a part of JSON Schema) of results, in place of the built-in ones",
    ),
    key(
        "dispatch.recheck_permille",
        Kind::Integer(0, 1000),
        "0",
        "so many of a thousand paid jobs are run again by a host of another owner, at nobody's cost, and both results compared",
    ),
    key(
        "dispatch.most_open",
        Kind::Integer(1, 1_000_000),
        "10000",
        "open jobs of one owner; more are refused",
    ),
    key(
        "dispatch.most_running",
        Kind::Integer(1, 1_000_000),
        "1000",
        "jobs of one owner that are offered or run at a time; others wait",
    ),
    key(
        "dispatch.most_sockets",
        Kind::Integer(1, 1_000_000),
        "50000",
        "sockets of hosts at a time",
    ),
    key(
        "dispatch.most_sockets_per_address",
        Kind::Integer(1, 1_000_000),
        "1000",
        "sockets of hosts of one address at a time",
    ),
    key(
        "dispatch.offer_ms",
        Kind::Integer(100, 60_000),
        "2000",
        "milliseconds that a node may think about an offer",
    ),
    key(
        "dispatch.offers",
        Kind::Integer(1, 1_000),
        "5",
        "offers of a job in a row that nobody takes, before it pauses",
    ),
    key(
        "dispatch.lease_seconds",
        Kind::Integer(20, 600),
        "45",
        "a lease ends so long after its last renewal; hosts renew every 15 s",
    ),
    key(
        "dispatch.slack_seconds",
        Kind::Integer(0, 3_600),
        "30",
        "what a run may take beyond its longest duration before it is given up",
    ),
    key(
        "dispatch.input_hours",
        Kind::Integer(1, 720),
        "24",
        "a job of the chain whose input does not come is dead after this",
    ),
    key(
        "dispatch.queue_hours",
        Kind::Integer(1, 720),
        "24",
        "a job that no attempt has ended is dead after this",
    ),
    key(
        "dispatch.poison_nodes",
        Kind::Integer(1, 16),
        "3",
        "a job that fails by itself on so many nodes is dead",
    ),
    key(
        "dispatch.half_stake",
        Kind::Integer(1, (1 << 53) - 1),
        "1000000000",
        "the stake in raw HYPER that counts half",
    ),
    key(
        "dispatch.keep_days",
        Kind::Integer(1, 3_650),
        "90",
        "days that completed and cancelled jobs are kept with their results and receipts; credits stay for ever",
    ),
    key(
        "dispatch.keep_dead_days",
        Kind::Integer(1, 3_650),
        "180",
        "days that failed and dead jobs are kept: they can be replayed until then",
    ),
    key(
        "idl.dir",
        Kind::Path,
        "",
        "folder with further IDL files, watched while an instance runs; <data>/idl is one too",
    ),
];

/// Environment names of older systems that are accepted and have no effect here, with the reason.
pub(crate) const UNUSED_ALIASES: &[(&str, &str)] = &[
    ("REDIS_URL", "no Redis is used"),
    (
        "DATABASE_URL",
        "state is kept in SQLite in the data directory; PostgreSQL is not supported yet",
    ),
    ("HUB_PORT", "the uptime hub is not part of this version"),
    (
        "MONITORING_INTERVAL",
        "the uptime hub is not part of this version",
    ),
    (
        "REWARD_WALLET_PRIVATE_KEY",
        "payouts are not part of this version",
    ),
    (
        "DISCORD_WEBHOOK_URL",
        "webhooks are not part of this version",
    ),
    ("SLACK_WEBHOOK_URL", "webhooks are not part of this version"),
];

/// Environment names of older systems for program ids, with the IDL label they set.
pub(crate) const PROGRAM_ALIASES: &[(&str, &str)] = &[
    ("NODE_REGISTRY_PROGRAM_ID", "node_registry"),
    ("JOB_RECEIPT_PROGRAM_ID", "job_receipt"),
    ("PAYMENT_SPLITTER_PROGRAM_ID", "payment_splitter"),
];

/// The key with this name; `programs.<label>.id|idl|account_layout` included.
pub(crate) fn find(name: &str) -> Option<Kind> {
    if let Some(key) = KEYS.iter().find(|key| key.name == name) {
        return Some(key.kind);
    }
    let rest = name.strip_prefix("programs.")?;
    match rest.rsplit_once('.') {
        Some((label, "id")) if !label.is_empty() => Some(Kind::Pubkey),
        Some((label, "idl")) if !label.is_empty() => Some(Kind::Path),
        Some((label, "account_layout")) if !label.is_empty() => Some(Kind::Text),
        _ => None,
    }
}

/// The known key nearest to a misspelt one, if any is near.
pub(crate) fn nearest(name: &str) -> Option<&'static str> {
    KEYS.iter()
        .map(|key| (distance(name, key.name), key.name))
        .filter(|(distance, _)| *distance <= 3)
        .min()
        .map(|(_, name)| name)
}

/// Edit distance, for suggestions only.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(ca != *cb))
                .min(above + 1)
                .min(row[j] + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_finds_its_neighbour() {
        assert_eq!(nearest("api.prot"), Some("api.port"));
        assert_eq!(nearest("something.else"), None);
    }

    #[test]
    fn program_keys_are_known_for_any_label() {
        assert_eq!(find("programs.job_receipt.id"), Some(Kind::Pubkey));
        assert_eq!(find("programs.job_receipt.idx"), None);
        assert_eq!(find("programs..id"), None);
    }
}
