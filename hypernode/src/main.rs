//! The one binary: subcommands, configuration, wiring of roles.
#![forbid(unsafe_code)]
// Only `out` writes there: `println!` panics when nobody reads.
#![warn(clippy::print_stdout)]

mod access;
mod cli;
mod commands;
mod config;
mod datadir;
mod deployed;
mod dispatching;
mod doctor;
mod exit;
mod idls;
mod indexing;
mod instance;
mod network;
mod out;
mod pinned;
mod programs;
mod reach;
mod rpc;
mod running;
mod signals;
mod store;
mod view;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;

use cli::{Cli, Command};
use exit::{Failure, Outcome};
use hypernode_warehouse::operator::Kind;

/// How long tasks that are still at work may take when all is done.
const LAST_TASKS: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The engine's process has one job and its own runtime.
    if matches!(cli.command, Command::Engine) {
        return hypernode_warehouse::engine::child_main();
    }
    // Nor does the signer want one: it opens no socket.
    if let Command::Signer(args) = &cli.command {
        return match commands::signer::run(args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => end(&failure),
        };
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return end(&Failure::start("runtime", error)),
    };
    let outcome = runtime.block_on(run(cli.command));
    let written = out::finish();
    // A task that does not end must not keep the process.
    runtime.shutdown_timeout(LAST_TASKS);
    match outcome.and(written) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => end(&failure),
    }
}

fn end(failure: &Failure) -> ExitCode {
    // Whoever reads may have gone: that is no reason to panic.
    let _ = writeln!(std::io::stderr(), "hypernode: {failure}");
    failure.code()
}

async fn run(command: Command) -> Outcome {
    init_logs(default_filter(&command));
    // Every TLS client of the process uses ring; a second call cannot happen.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match command {
        Command::Up(args) => commands::up::run(&args, commands::up::Roles::All).await,
        Command::Indexer(args) => commands::up::run(&args, commands::up::Roles::Indexer).await,
        Command::Dispatch(args) => commands::up::run(&args, commands::up::Roles::Dispatch).await,
        Command::Index(args) => commands::index::run(&args).await,
        Command::Gap(command) => commands::gap::run(&command).await,
        Command::Idl(command) => commands::idl::run(command).await,
        Command::Localnet(args) => commands::localnet::run(&args).await,
        Command::Migrate(args) => commands::migrate::run(&args).await,
        Command::Sql(args) => commands::sql::run(args).await,
        Command::Digest(args) => commands::digest::run(&args).await,
        Command::Audit(args) => commands::audit::run(&args).await,
        Command::ReplayMatch(args) => commands::replay_match::run(&args).await,
        Command::Verify(args) => commands::verify::run(&args).await,
        Command::Repair(args) => commands::repair::run(&args, Kind::Repair).await,
        Command::Backfill(args) => commands::repair::run(&args, Kind::Backfill).await,
        Command::Status(args) => commands::status::run(&args).await,
        Command::Top(args) => commands::top::run(&args).await,
        Command::Record(args) => commands::record::run(&args).await,
        Command::Doctor(args) => commands::doctor::run(&args).await,
        Command::Operator(args) => commands::operator::run(&args).await,
        Command::State(args) => commands::state::run(&args).await,
        Command::Config(command) => commands::config::run(&command),
        Command::Bench(command) => Box::pin(commands::bench::run(&command)).await,
        Command::FetchEngine(args) => commands::fetch_engine::run(&args).await,
        Command::BenchHosts { options } => commands::bench_sockets::run_hosts(&options).await,
        Command::Engine | Command::Signer(_) => Ok(()),
    }
}

/// What is logged where `RUST_LOG` is silent: roles tell what they do, a short command only what is wrong.
fn default_filter(command: &Command) -> &'static str {
    match command {
        // `hyper` means every target that begins so: without a word of its own, hypernode too would be silent.
        Command::Up(_)
        | Command::Indexer(_)
        | Command::Dispatch(_)
        | Command::Index(_)
        | Command::Localnet(_) => "info,hyper=warn,hypernode=info,h2=warn,tonic=warn",
        _ => "warn",
    }
}

/// Logs go to standard error; `RUST_LOG` chooses, `HYPERNODE_LOG_FORMAT=json` shapes.
fn init_logs(default: &str) {
    use std::io::IsTerminal as _;
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let json = std::env::var("HYPERNODE_LOG_FORMAT").is_ok_and(|format| format == "json");
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if json {
        builder.json().init();
    } else {
        builder
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .init();
    }
}
