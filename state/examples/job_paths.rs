//! Measures jobs in the store: `job_paths FOLDER [SUBMITTERS [PATHS [PUTS]]]`. The folder's disk decides.

use std::path::PathBuf;

use hypernode_state::bench::{JobRegime, jobs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(
        arguments
            .next()
            .ok_or("name a folder on the disk to measure")?,
    );
    let mut number = |default: u32| arguments.next().map_or(Ok(default), |text| text.parse());
    let default = JobRegime::default();
    let regime = JobRegime {
        submitters: number(default.submitters)?,
        paths: number(default.paths)?,
        puts: number(default.puts)?,
    };
    let folder = folder.join(format!("job-paths-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let figures = jobs(&folder, regime);
    std::fs::remove_dir_all(&folder)?;
    println!("{:#?}", figures?);
    Ok(())
}
