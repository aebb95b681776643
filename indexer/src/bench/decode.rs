//! `bench decode`: one event from its bytes to its row, beside generated code and a row-wise insert.

use std::hint::black_box;
use std::time::{Duration, Instant};

use hypernode_decoder::{Decoder, EventRows, Place};

use super::peer::{self, Peer};
use super::{BenchError, Measurement, machine, median, synthetic};

/// Records that take turns: more than a processor's branch history could learn by heart.
const RECORDS: u32 = 1_024;
/// Rows of a block. A live window has hundreds, a bulk one up to hundreds of thousands.
const BLOCK: u32 = 2_048;
/// Blocks between two looks at the clock.
const BLOCKS: u32 = 2;

/// Measures on the calling thread for about `time`: log line to row, then bytes to row.
///
/// # Errors
/// When the loopback sink cannot be opened, or one of the two sides does not decode what was made up.
pub fn decode(time: Duration) -> Result<[Measurement; 2], BenchError> {
    let decoder = synthetic::decoder().map_err(|error| BenchError::Setup(error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| BenchError::Setup(error.to_string()))?;
    runtime.block_on(measure(&decoder, time))
}

async fn measure(decoder: &Decoder, time: Duration) -> Result<[Measurement; 2], BenchError> {
    let records: Vec<Vec<u8>> = (0..RECORDS).map(synthetic::completed_record).collect();
    let lines: Vec<String> = records
        .iter()
        .map(|data| synthetic::data_line(data))
        .collect();
    let mut rows = decoder
        .event_rows(synthetic::LABEL, peer::EVENT)
        .ok_or_else(|| BenchError::Setup(format!("no event {}", peer::EVENT)))?;
    let mut peer = Peer::start().await?;
    let mut times: [Vec<f64>; 4] = Default::default();
    let started = Instant::now();
    // The first round warms up; the four sides take turns, so that a busy machine slows all of them.
    while times[0].len() < 4 || started.elapsed() < time {
        let round = [
            ours(&mut rows, &lines, |rows, place, line| {
                rows.line(place, line)
            })?,
            peer.round(&lines, BLOCK * BLOCKS, Peer::line_event).await?,
            ours(&mut rows, &records, |rows, place, data| {
                rows.record(place, data)
            })?,
            peer.round(&records, BLOCK * BLOCKS, Peer::raw_event)
                .await?,
        ];
        for (all, one) in times.iter_mut().zip(round) {
            all.push(one.as_nanos() as f64 / f64::from(BLOCK * BLOCKS));
        }
    }
    let size = records.iter().map(Vec::len).sum::<usize>() / records.len().max(1);
    let [line, line_floor, bytes, bytes_floor] = &times;
    Ok([
        line_of("base64 log line", size, line, line_floor),
        line_of("bytes of a self-call", size, bytes, bytes_floor),
    ])
}

fn line_of(source: &str, size: usize, ours: &[f64], floors: &[f64]) -> Measurement {
    let ratios: Vec<f64> = floors.iter().zip(ours).map(|(f, o)| f / o).collect();
    let tenth = |value: f64| (value * 10.0).round() / 10.0;
    Measurement {
        bench: "decode",
        figure: tenth(median(ours)),
        unit: "ns/event",
        floor: Some(tenth(median(floors))),
        ratio: Some((median(&ratios) * 100.0).round() / 100.0),
        regime: format!(
            "{source} of a {} of {size} bytes to its row with identity, in a Native block of {BLOCK} rows ready to be sent; one core, \
             medians of {} alternating rounds; floor: anchor-lang 1.2.2's generated type and Insert::write of the \
             clickhouse crate 0.15.3 to a loopback sink, without compression, validation and waiting",
            peer::EVENT,
            ours.len().saturating_sub(1)
        ),
        machine: machine(),
    }
}

/// Time of one round on our side, blocks included.
fn ours<T>(
    rows: &mut EventRows<'_>,
    inputs: &[T],
    add: impl Fn(&mut EventRows<'_>, &Place, &T) -> bool,
) -> Result<Duration, BenchError> {
    let mut place = peer::place();
    let mut decoded = 0;
    let mut inputs = inputs.iter().cycle();
    let clock = Instant::now();
    for _ in 0..BLOCKS {
        for (index, input) in (0..BLOCK).zip(inputs.by_ref()) {
            place.tx_index = index;
            decoded += u32::from(add(rows, &place, black_box(input)));
        }
        black_box(rows.take());
    }
    let spent = clock.elapsed();
    if decoded == BLOCK * BLOCKS {
        Ok(spent)
    } else {
        Err(BenchError::Setup("made-up records were refused".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_decode_everything_and_figures_are_numbers() {
        let lines = decode(Duration::ZERO).expect("decode bench");
        for line in lines {
            assert_eq!((line.bench, line.unit), ("decode", "ns/event"));
            assert!(line.figure > 0.0 && line.floor.is_some_and(|f| f > 0.0));
            assert!(line.ratio.is_some_and(f64::is_finite), "{line:?}");
        }
    }
}
