//! What attackers try at the listener that platforms reach, done to the real server.

mod certificates;
mod envelopes;
mod limits;
mod lists;
mod replays;
mod smuggling;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use crate::house::{House, PATIENCE};

/// Sends bytes as they are, says that nothing more will come, and reads all that is answered.
async fn talk(address: SocketAddr, bytes: &[u8]) -> String {
    let bytes = bytes.to_vec();
    let talk = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(&bytes).unwrap();
        // A gateway that has closed the connection needs to hear no more.
        drop(stream.shutdown(Shutdown::Write));
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        String::from_utf8(answer).unwrap()
    };
    tokio::task::spawn_blocking(talk).await.unwrap()
}

/// The status of each answer on a connection.
fn statuses(answers: &str) -> Vec<u16> {
    // A body ends without a line's end, and the next answer stands right behind it.
    answers
        .match_indices("HTTP/1.1 ")
        .map(|(at, sign)| answers[at + sign.len()..][..3].parse().unwrap())
        .collect()
}

impl<Platform> House<Platform> {
    /// How many pushes ended so, whatever platform and interface they named.
    fn ended(&self, outcome: &str) -> u64 {
        let metrics = self.gateway.assembly.metrics.encode();
        let counted = metrics.lines().filter(|line| line.starts_with("gw_inbound_requests_total{"));
        let counted = counted.filter(|line| line.contains(&format!("outcome=\"{outcome}\"")));
        counted.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
    }
}
