//! Running the program, in a place where it finds nothing but what a test gives it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// In place of an exit code.
const STARTED: i32 = -1;

/// How a run ended, and what it printed.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub complaint: String,
}

impl Ran {
    pub fn succeeded(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.complaint);
        self.out
    }
}

/// The program with arguments, in a folder of its own.
pub fn program<T: AsRef<OsStr>>(arguments: &[T]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_baohan"));
    program.env_clear().current_dir(env!("CARGO_TARGET_TMPDIR")).args(arguments);
    program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    program
}

/// Runs the program to its end.
pub fn baohan<T: AsRef<OsStr>>(arguments: &[T]) -> Ran {
    let output = program(arguments).output().unwrap();
    Ran {
        code: output.status.code().expect("no signal ended it"),
        out: String::from_utf8(output.stdout).unwrap(),
        complaint: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs `baohan serve` on settings that it must refuse.
pub fn refused_to_serve(settings: &Path) -> Ran {
    let mut serve = program(&["serve".as_ref(), "--settings".as_ref(), settings.as_os_str()]);
    serve.env("BAOHAN__TELEMETRY__LOG_FORMAT", "json");
    refused(serve)
}

/// Reads what a server says until it ends; one that comes up all the same is stopped, and has no exit code of its own.
pub fn refused(mut serve: Command) -> Ran {
    let mut process = Running(serve.spawn().unwrap());
    let mut complaint = String::new();
    for line in BufReader::new(process.0.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        complaint.push_str(&line);
        complaint.push('\n');
        if line.contains("gateway is up") {
            return Ran { code: STARTED, out: String::new(), complaint };
        }
    }
    let mut out = String::new();
    process.0.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    Ran { code: process.0.wait().unwrap().code().unwrap(), out, complaint }
}

/// A process that ends with the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
