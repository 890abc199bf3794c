//! The `baohan` program: see `baohan --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    baohan_gateway::cli::main()
}
