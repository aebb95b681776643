//! The engine's child process alone: tests start it in place of the product.

fn main() -> std::process::ExitCode {
    hypernode_warehouse::engine::child_main()
}
