//! `hypernode record`: a live stream into a file.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal as _};
use std::path::Path;
use std::time::Duration;

use hypernode_decoder::Keep;
use hypernode_decoder::chain::Pubkey;
use hypernode_indexer::geyser::GeyserOptions;
use hypernode_indexer::recording::{RecordLimits, Recorded, record};
use indicatif::ProgressBar;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::localnet::NETWORK;
use crate::cli::Record;
use crate::config::{self, Settings, check};
use crate::datadir::DataDir;
use crate::exit::{Failure, OrCannotStart as _, Outcome};
use crate::idls::{self, Sources};
use crate::network;
use crate::out::say;
use crate::programs::{Ids, Rules};
use crate::running::Running;
use crate::signals;

/// Compression that keeps up with a stream.
const LEVEL: i32 = 3;

pub(crate) async fn run(args: &Record) -> Outcome {
    let settings = config::load(&args.common_with_flags())?;
    let mut options = source(&settings)?;
    options.from_slot = args.from_slot;
    if !args.everything {
        options.program_ids = programs(args, &settings)?;
    }
    if args.accounts {
        if args.everything {
            let why = "every account of a network is more than a stream carries: leave out --everything, or name --program";
            return Err(Failure::start("--accounts", why));
        }
        options.account_owners.clone_from(&options.program_ids);
    }
    let limits = RecordLimits {
        blocks: args.blocks,
        time: args.seconds.map(Duration::from_secs),
    };
    let mut sink = Sink::create(&args.to)?;
    let (told, progress) = watch::channel(Recorded::default());
    let stop = CancellationToken::new();
    let shown = tokio::spawn(show(progress));
    let url = options.url.clone();
    let recorded = {
        let work = record(options, &mut sink, limits, told, stop.clone());
        tokio::pin!(work);
        let mut told_to_stop = false;
        loop {
            tokio::select! {
                recorded = &mut work => break recorded,
                signal = signals::wait(), if !told_to_stop => {
                    signal?;
                    told_to_stop = true;
                    stop.cancel();
                }
            }
        }
    };
    shown.abort();
    let size = sink
        .finish()
        .or_cannot_start(&args.to.display().to_string())?;
    let recorded = recorded.map_err(|error| Failure::Broke(error.into()))?;
    let Some((first, last)) = recorded.slots else {
        return Err(Failure::No(format!(
            "{}: {} messages from {url}, and no block among them",
            args.to.display(),
            recorded.messages
        )));
    };
    say!(
        "{}: slots {first} to {last}, {} blocks, {} messages, {size} bytes ({} before compression)",
        args.to.display(),
        recorded.blocks,
        recorded.messages,
        recorded.bytes
    );
    if recorded.lost.is_empty() {
        return Ok(());
    }
    // What is missing is said, here and by whoever reads the file: its parent links show it.
    let holes: Vec<String> = recorded
        .lost
        .iter()
        .map(|(from, to)| match to {
            Some(to) => format!("{from} to {}", to.saturating_sub(1)),
            None => format!("{from} on"),
        })
        .collect();
    Err(Failure::No(format!(
        "the stream broke and the server no longer held slots {}: the recording has a hole there",
        holes.join(", ")
    )))
}

/// The server that the settings name, or that of the instance on the data directory.
fn source(settings: &Settings) -> Outcome<GeyserOptions> {
    if let Some(options) = network::geyser_options(network::geyser_servers(settings)?) {
        return Ok(options);
    }
    let dir = settings.path("data.dir").unwrap_or_default();
    let own = Running::find(&dir).and_then(|running| running.endpoints.geyser);
    own.map(|url| GeyserOptions::new(url, Vec::new())).ok_or_else(|| {
        let why = "there is no stream to record: give --geyser URL, or start `hypernode up` on this data directory";
        Failure::start("record", why)
    })
}

/// The programs whose transactions are wanted.
fn programs(args: &Record, settings: &Settings) -> Outcome<Vec<Pubkey>> {
    if !args.program.is_empty() {
        let id = |text: &String| {
            check::pubkey(text)
                .map_err(|why| Failure::start("--program", format!("{text:?} {why}")))
        };
        return args.program.iter().map(id).collect();
    }
    let dir = settings.path("data.dir").unwrap_or_default();
    let simulated = settings.get("geyser.url").is_none()
        || DataDir::binding_of(&dir)?.is_some_and(|binding| binding.network == NETWORK);
    let ids = if simulated {
        Ids::Localnet
    } else {
        Ids::Declared
    };
    let versions = Sources::new(settings, &dir).load().map_err(|refusals| {
        Failure::CannotStart(format!("IDL {}", idls::check::text(&refusals)))
    })?;
    let rules = Rules::new(settings, ids, Keep::Matching)?;
    let (_, decoders) = rules.all(versions).map_err(Failure::CannotStart)?;
    Ok(decoders.blocks.programs().map(|(_, id)| *id).collect())
}

/// A file that was not there, compressed if its name ends in `.zst`.
enum Sink {
    Plain(BufWriter<File>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

impl Sink {
    fn create(path: &Path) -> Outcome<Self> {
        let what = path.display().to_string();
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        let file = match file {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let why = "is there already; choose another name, or remove it";
                return Err(Failure::start(format!("--to {what}"), why));
            }
            other => BufWriter::new(other.or_cannot_start(&format!("--to {what}"))?),
        };
        if path.extension().is_some_and(|end| end == "zst") {
            let encoder = zstd::Encoder::new(file, LEVEL).or_cannot_start(&what)?;
            return Ok(Self::Zstd(encoder));
        }
        Ok(Self::Plain(file))
    }

    /// Writes what is held back, to the disk; says how many bytes the file has.
    fn finish(self) -> io::Result<u64> {
        let file = match self {
            Self::Plain(file) => file,
            Self::Zstd(encoder) => encoder.finish()?,
        };
        let file = file.into_inner()?;
        file.sync_all()?;
        Ok(file.metadata()?.len())
    }
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}

/// What there is so far: a line that changes on a terminal, a log line now and then elsewhere.
async fn show(progress: watch::Receiver<Recorded>) {
    let bar = io::stderr().is_terminal().then(ProgressBar::new_spinner);
    let pause = if bar.is_some() {
        Duration::from_millis(200)
    } else {
        Duration::from_secs(5)
    };
    loop {
        tokio::time::sleep(pause).await;
        let now = progress.borrow().clone();
        let (messages, blocks) = (now.messages, now.blocks);
        let slot = now.slots.map(|(_, last)| last);
        match &bar {
            Some(bar) => {
                bar.tick();
                let slot = slot.map_or_else(|| "-".to_owned(), |slot| slot.to_string());
                bar.set_message(format!(
                    "slot {slot} · {blocks} blocks · {messages} messages · {} bytes · Ctrl-C ends it in order",
                    now.bytes
                ));
            }
            None => tracing::info!(slot, blocks, messages, bytes = now.bytes, "recording"),
        }
    }
}
