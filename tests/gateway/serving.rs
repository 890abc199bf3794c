//! `baohan` as a process of its own, with everything that it says.

use std::io::{BufRead, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

/// A running `baohan serve`; killed if a test forgets it.
pub struct Serving {
    process: Child,
    log: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
    /// Where `/metrics` is.
    pub metrics: String,
}

/// The program with settings and variables, and nothing else of this process's surroundings.
pub fn program(settings: &[PathBuf], variables: &[(&str, &str)]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_baohan"));
    program.env_clear().envs(variables.iter().copied());
    for file in settings {
        program.arg("--settings").arg(file);
    }
    program
}

/// What one command printed, on either stream, and that it succeeded.
pub fn said(program: &mut Command) -> Vec<u8> {
    let Output { status, stdout, stderr } = program.output().unwrap();
    assert!(status.success(), "{program:?}: {}", String::from_utf8_lossy(&stderr));
    [stdout, stderr].concat()
}

impl Serving {
    /// Returns when the gateway says that it is up.
    pub fn start(settings: &[PathBuf], variables: &[(&str, &str)]) -> Self {
        Self::of(program(settings, variables).arg("serve"))
    }

    /// The same of a command that ends in `baohan serve`, whatever it does before.
    pub fn of(program: &mut Command) -> Self {
        let mut process = program.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(Vec::new()));
        let (copy, (up, is_up)) = (Arc::clone(&log), mpsc::channel());
        let reader = std::thread::spawn(move || {
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                let event: serde_json::Value = serde_json::from_slice(&line).unwrap_or_default();
                if event["message"] == "gateway is up" {
                    drop(up.send(event["metrics_address"].as_str().unwrap_or_default().to_owned()));
                }
                copy.lock().unwrap().append(&mut line);
            }
        });
        let metrics = is_up.recv();
        let mut serving = Self { process, log, reader: Some(reader), metrics: String::new() };
        serving.metrics = metrics.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&serving.log())));
        serving
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// What the log holds by now.
    pub fn log(&self) -> Vec<u8> {
        self.log.lock().unwrap().clone()
    }

    /// Has the process fall down where it stands, as after a fault of its own.
    pub fn abort(mut self) {
        let asked = Command::new("sh").arg("-c").arg(format!("kill -ABRT {}", self.process.id())).status();
        assert!(asked.unwrap().success());
        assert!(!self.process.wait().unwrap().success());
    }

    /// Asks the gateway to stop, waits for its end, and yields the whole log, and what was printed beside it.
    pub fn stop(mut self) -> Vec<u8> {
        let asked = Command::new("sh").arg("-c").arg(format!("kill -TERM {}", self.process.id())).status();
        assert!(asked.unwrap().success());
        assert!(self.process.wait().unwrap().success());
        self.reader.take().unwrap().join().unwrap();
        let mut all = self.log();
        self.process.stdout.take().unwrap().read_to_end(&mut all).unwrap();
        all
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
