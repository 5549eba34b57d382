//! The line between devices and relay: it keeps its address while relays come and go behind it, and it can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A line that carries bytes it does not look into.
#[derive(Debug)]
pub struct Gate {
    address: SocketAddr,
    line: Arc<Line>,
}

#[derive(Debug)]
struct Line {
    /// Where the relay is now; `None` where the line is cut.
    target: Mutex<Option<SocketAddr>>,
    open: Mutex<Vec<TcpStream>>,
    /// Bytes that may still pass before the line is cut.
    budget: [AtomicI64; 2],
    passed: [AtomicU64; 2],
    ended: AtomicBool,
}

/// The direction from devices to the relay, and back.
const UP: usize = 0;
const DOWN: usize = 1;
const UNLIMITED: i64 = i64::MAX;

impl Gate {
    /// A line that leads nowhere yet.
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let line = Arc::new(Line {
            target: Mutex::new(None),
            open: Mutex::new(Vec::new()),
            budget: [AtomicI64::new(UNLIMITED), AtomicI64::new(UNLIMITED)],
            passed: [AtomicU64::new(0), AtomicU64::new(0)],
            ended: AtomicBool::new(false),
        });
        let shared = Arc::clone(&line);
        std::thread::spawn(move || {
            for device in listener.incoming() {
                if shared.ended.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(device) = device else { return };
                // A connection that leads nowhere is closed at once.
                shared.carry(device);
            }
        });
        Self { address, line }
    }

    /// Where devices connect to.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Leads to this relay from now on.
    pub(crate) fn lead_to(&self, relay: SocketAddr) {
        for budget in &self.line.budget {
            budget.store(UNLIMITED, Ordering::SeqCst);
        }
        *self.line.target.lock().unwrap() = Some(relay);
    }

    /// Cuts the line: what is open ends, what comes is refused.
    pub fn cut(&self) {
        self.line.cut();
    }

    /// Cuts the line by itself once so many more bytes have gone to the relay.
    pub fn cut_after_sending(&self, bytes: i64) {
        self.line.budget[UP].store(bytes, Ordering::SeqCst);
    }

    /// Cuts the line by itself once so many more bytes have come from the relay.
    pub fn cut_after_receiving(&self, bytes: i64) {
        self.line.budget[DOWN].store(bytes, Ordering::SeqCst);
    }

    /// Whether it is cut.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.line.target.lock().unwrap().is_none()
    }

    /// Bytes carried so far: to the relay, and from it.
    #[must_use]
    pub fn carried(&self) -> (u64, u64) {
        (
            self.line.passed[UP].load(Ordering::SeqCst),
            self.line.passed[DOWN].load(Ordering::SeqCst),
        )
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.line.ended.store(true, Ordering::SeqCst);
        self.line.cut();
        // Wakes the thread that accepts.
        let _woken = TcpStream::connect(self.address);
    }
}

impl Line {
    fn cut(&self) {
        // Held while the list is emptied, so that no connection slips in between.
        let mut target = self.target.lock().unwrap();
        *target = None;
        for stream in self.open.lock().unwrap().drain(..) {
            let _already_closed = stream.shutdown(Shutdown::Both);
        }
    }

    fn carry(self: &Arc<Self>, device: TcpStream) {
        let target = self.target.lock().unwrap();
        let Some(address) = *target else { return };
        let Ok(relay) = TcpStream::connect(address) else {
            return;
        };
        let _slower = (device.set_nodelay(true), relay.set_nodelay(true));
        let mut open = self.open.lock().unwrap();
        for (from, to, direction) in [(&device, &relay, UP), (&relay, &device, DOWN)] {
            let (Ok(from), Ok(to), Ok(kept)) = (from.try_clone(), to.try_clone(), from.try_clone())
            else {
                return;
            };
            open.push(kept);
            let line = Arc::clone(self);
            std::thread::spawn(move || line.pump(from, to, direction));
        }
    }

    fn pump(&self, mut from: TcpStream, mut to: TcpStream, direction: usize) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let bytes = i64::try_from(read).unwrap();
            let before = self.budget[direction].load(Ordering::SeqCst);
            let over = before != UNLIMITED
                && self.budget[direction].fetch_sub(bytes, Ordering::SeqCst) < bytes;
            if over {
                self.cut();
                return;
            }
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
            self.passed[direction].fetch_add(u64::try_from(read).unwrap(), Ordering::SeqCst);
        }
        let _already_closed = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }
}
