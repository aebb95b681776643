//! Names that older systems used and that are no other names of keys.

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
