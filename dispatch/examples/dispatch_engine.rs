//! The engine's child process alone, as `hypernode engine` runs it, for the tests of this crate.

fn main() -> std::process::ExitCode {
    hypernode_warehouse::engine::child_main()
}
