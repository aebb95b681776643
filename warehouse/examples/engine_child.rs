//! The engine's child process alone: what `hypernode engine` runs. Tests start it in place of the product.

fn main() -> std::process::ExitCode {
    hypernode_warehouse::engine::child_main()
}
