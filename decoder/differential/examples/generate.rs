//! Writes the random IDLs and the code that compares them: `--seed S --count N`.

use hypernode_decoder_differential::files;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (mut seed, mut count) = files::committed().unwrap_or((1, 24));
    while let (Some(name), Some(value)) = (arguments.next(), arguments.next()) {
        let bad =
            |e: std::num::ParseIntError| std::io::Error::other(format!("{name} {value}: {e}"));
        match name.as_str() {
            "--seed" => seed = value.parse().map_err(bad)?,
            "--count" => count = value.parse().map_err(bad)?,
            _ => return Err(std::io::Error::other(format!("unknown option {name}"))),
        }
    }
    let directory = files::directory();
    for entry in std::fs::read_dir(&directory).into_iter().flatten() {
        std::fs::remove_file(entry?.path())?;
    }
    std::fs::create_dir_all(&directory)?;
    for (name, text) in files::texts(seed, count) {
        std::fs::write(directory.join(name), text)?;
    }
    println!("{count} IDLs of seed {seed} in {}", directory.display());
    Ok(())
}
