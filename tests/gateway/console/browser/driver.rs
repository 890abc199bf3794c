//! A chromedriver of its own for each browser, on a port that the system chooses.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::TOOLS;

pub struct Driver {
    pub address: String,
    process: Child,
    profile: tempfile::TempDir,
}

impl Driver {
    pub fn start() -> Self {
        let program = tool("BAOHAN_TEST_CHROMEDRIVER");
        let mut process = Command::new(program)
            .args(["--port=0", "--allowed-ips=127.0.0.1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect(TOOLS);
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let line = line.unwrap();
            let (_, port) = line.split_once("started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        // Whoever does not listen keeps the driver from writing on.
        std::thread::spawn(move || lines.for_each(drop));
        let address = format!("http://127.0.0.1:{}", port.expect("chromedriver names its port"));
        Self { address, process, profile: tempfile::tempdir().unwrap() }
    }

    pub fn profile(&self) -> String {
        self.profile.path().display().to_string()
    }
}

/// Where something is that a test of pages needs.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where these tests learn of what tests/run brought"
)]
pub fn tool(variable: &str) -> String {
    std::env::var(variable).expect(TOOLS)
}

/// The browser's program.
pub fn chromium() -> String {
    tool("BAOHAN_TEST_CHROMIUM")
}

impl Drop for Driver {
    fn drop(&mut self) {
        // With its driver ends the browser.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
