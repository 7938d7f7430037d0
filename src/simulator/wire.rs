//! Connections that can be cut: a reset must be real, without a single byte of a response.
//!
//! The HTTP library writes whatever a handler returns, so its sockets have a switch: a handler can
//! cut the connection before the response is sent.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A connection's switch, for handlers.
#[derive(Debug, Clone, Default)]
pub(super) struct Connection(Arc<ConnState>);

#[derive(Debug)]
struct ConnState {
    is_cut: AtomicBool,
    /// Number of bytes that may still be sent.
    left: AtomicUsize,
}

impl Default for ConnState {
    fn default() -> Self {
        Self {
            is_cut: AtomicBool::new(false),
            left: AtomicUsize::new(usize::MAX),
        }
    }
}

impl Connection {
    /// Cuts the connection: nothing more is sent, and the peer sees a reset.
    pub(super) fn cut(&self) {
        self.0.is_cut.store(true, Ordering::SeqCst);
    }

    /// Cuts the connection after `bytes` more: it then closes without an error.
    pub(super) fn cut_after(&self, bytes: usize) {
        self.0.left.store(bytes, Ordering::SeqCst);
    }

    fn is_cut(&self) -> bool {
        self.0.is_cut.load(Ordering::SeqCst)
    }

    fn left(&self) -> usize {
        self.0.left.load(Ordering::SeqCst)
    }

    fn note_left(&self, before: usize, written: usize) {
        if before != usize::MAX {
            let left = before.saturating_sub(written);
            self.0.left.store(left, Ordering::SeqCst);
        }
    }
}

#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    connection: Connection,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> (Self, Connection) {
        // Small responses should not be delayed; a failure only costs speed.
        stream.set_nodelay(true).ok();
        let connection = Connection::default();
        let switch = connection.clone();
        (Self { stream, connection }, switch)
    }

    /// Fails once the connection is cut; closing then sends a reset instead of an orderly end.
    fn check(&self) -> io::Result<()> {
        if self.connection.is_cut() {
            self.stream.set_zero_linger().ok();
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        let left = self.connection.left();
        if left == 0 && !buf.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let some = &buf[..buf.len().min(left)];
        let written = Pin::new(&mut self.stream).poll_write(cx, some);
        if let Poll::Ready(Ok(written)) = &written {
            self.connection.note_left(left, *written);
        }
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        if self.connection.left() != usize::MAX {
            let first = bufs.iter().find(|buf| !buf.is_empty());
            return self.poll_write(cx, first.map_or(&[], |buf| buf));
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
