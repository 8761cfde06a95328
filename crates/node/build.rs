//! Builds the console when it was not built before, so that `cargo build` alone gives the whole
//! product. With `TIANYUAN_NO_CONSOLE=1` the binary serves no console.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=TIANYUAN_NO_CONSOLE");
    println!("cargo:rerun-if-changed=../../console/dist");
    let console = Path::new("../../console");
    if console.join("dist/index.html").is_file()
        || std::env::var_os("TIANYUAN_NO_CONSOLE").is_some()
    {
        return;
    }
    for args in [
        &["ci", "--no-audit", "--no-fund"][..],
        &["run", "build"][..],
    ] {
        let done = Command::new("npm").args(args).current_dir(console).status();
        assert!(
            done.is_ok_and(|s| s.success()),
            "the console could not be built: `npm {}` failed in console/ (is Node.js installed? \
             TIANYUAN_NO_CONSOLE=1 builds without it)",
            args.join(" ")
        );
    }
}
