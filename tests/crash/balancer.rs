//! A load balancer as an institution has one before its replicas: it asks each for `/readyz` all the time, and sends
//! connections to those that are ready.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::premises::is_ready;

/// Between two looks at a replica.
const INTERVAL: Duration = Duration::from_millis(20);

/// Works until the test ends.
pub struct Balancer(Arc<State>);

struct State {
    replicas: Vec<Replica>,
    turn: AtomicUsize,
    closed: AtomicBool,
}

struct Replica {
    address: SocketAddr,
    ready: AtomicBool,
}

impl Balancer {
    pub fn start(listen: SocketAddr, replicas: &[SocketAddr]) -> Self {
        let listener = TcpListener::bind(listen).unwrap();
        let replica = |address: &SocketAddr| Replica { address: *address, ready: AtomicBool::new(true) };
        let replicas = replicas.iter().map(replica).collect();
        let state = Arc::new(State { replicas, turn: AtomicUsize::new(0), closed: AtomicBool::new(false) });
        for index in 0..state.replicas.len() {
            let state = Arc::clone(&state);
            thread::spawn(move || state.watch(index));
        }
        let accepting = Arc::clone(&state);
        thread::spawn(move || {
            while let Ok((caller, _)) = listener.accept() {
                let state = Arc::clone(&accepting);
                thread::spawn(move || state.serve(caller));
            }
        });
        Self(state)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::SeqCst);
    }
}

impl State {
    fn watch(&self, index: usize) {
        while !self.closed.load(Ordering::SeqCst) {
            let replica = &self.replicas[index];
            replica.ready.store(is_ready(replica.address), Ordering::SeqCst);
            thread::sleep(INTERVAL);
        }
    }

    fn serve(&self, caller: TcpStream) {
        let Some(replica) = self.connect() else { return };
        let (from_caller, to_replica) = (caller.try_clone().unwrap(), replica.try_clone().unwrap());
        thread::spawn(move || pass_on(from_caller, to_replica));
        pass_on(replica, caller);
    }

    /// One after the other; the next one where a connection is refused, and where nobody is ready, anybody.
    fn connect(&self) -> Option<TcpStream> {
        let turn = self.turn.fetch_add(1, Ordering::SeqCst);
        let in_turn =
            || self.replicas.iter().cycle().skip(turn % self.replicas.len()).take(self.replicas.len());
        let ready = in_turn().filter(|replica| replica.ready.load(Ordering::SeqCst));
        ready.chain(in_turn()).find_map(|replica| TcpStream::connect(replica.address).ok())
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    // Either side may have hung up.
    drop(io::copy(&mut from, &mut to));
    drop(to.shutdown(Shutdown::Write));
}
