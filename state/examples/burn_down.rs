//! Measures the store: `burn_down FOLDER [TASKS [CALLERS [PER_CLAIM [SINGLE_MS]]]]`. The folder's disk decides.

use std::path::PathBuf;
use std::time::Duration;

use hypernode_state::bench::{Regime, bench};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(
        arguments
            .next()
            .ok_or("name a folder on the disk to measure")?,
    );
    let mut number = |default: u32| arguments.next().map_or(Ok(default), |text| text.parse());
    let default = Regime::default();
    let regime = Regime {
        tasks: number(default.tasks)?,
        callers: number(default.callers)?,
        per_claim: number(default.per_claim)?,
        single: Duration::from_millis(number(5_000)?.into()),
    };
    let folder = folder.join(format!("burn-down-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let figures = bench(&folder, regime);
    std::fs::remove_dir_all(&folder)?;
    println!("{:#?}", figures?);
    Ok(())
}
