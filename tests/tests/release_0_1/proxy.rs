//! A proxy that leads every `CONNECT` to one place.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

/// A proxy; its thread ends with the test.
pub(crate) struct Proxy {
    address: SocketAddr,
}

impl Proxy {
    pub(crate) fn to(place: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A connection that broke is the client's to make again.
                std::thread::spawn(move || connect(&client, place).ok());
            }
        });
        Self { address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn connect(client: &TcpStream, place: SocketAddr) -> std::io::Result<()> {
    // The client says nothing more before it is answered, so nothing of its stream is left in the buffer.
    let mut lines = BufReader::new(client);
    let mut line = String::new();
    while lines.read_line(&mut line)? > 2 {
        line.clear();
    }
    let server = TcpStream::connect(place)?;
    (&*client).write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (from, to) = (server.try_clone()?, client.try_clone()?);
    let back = std::thread::spawn(move || carry(&from, &to));
    carry(client, &server);
    back.join().ok();
    Ok(())
}

fn carry(mut from: &TcpStream, mut to: &TcpStream) {
    let _ended = std::io::copy(&mut from, &mut to);
    let _already_closed = (to.shutdown(Shutdown::Write), from.shutdown(Shutdown::Read));
}
