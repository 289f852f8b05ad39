//! Connections that close without losing what they sent last.
//!
//! A socket that is closed while it holds bytes that nobody has read is reset, and the reset discards bytes that the peer has
//! not read either. A client that takes a large result sends window updates all the time, so that it may lose the last
//! message of a server that stops: the status of the call. A connection therefore ends its own side first, then
//! reads until the client has ended its side, for a second at most (RFC 9112, section 9.6, gives the same advice).

use std::io::{ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tonic::transport::server::{Connected, TcpConnectInfo};

use super::connections::Place;

/// How long a client may take to end its side.
const LONGEST: Duration = Duration::from_secs(1);

/// A connection.
#[derive(Debug)]
pub(super) struct Lingering {
    inner: TcpStream,
    /// Set once the own side has ended.
    until: Option<Pin<Box<Sleep>>>,
    /// How much of HTTP/2's preface is missing, and until when it may.
    preface: Option<(usize, Pin<Box<Sleep>>)>,
    _place: Place,
}

/// Bytes of HTTP/2's preface.
const PREFACE: usize = 24;

impl Lingering {
    pub(super) fn new(inner: TcpStream, place: Place, preface: Duration) -> Self {
        Self {
            inner,
            until: None,
            preface: Some((PREFACE, Box::pin(sleep(preface)))),
            _place: place,
        }
    }
}

impl Connected for Lingering {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.inner.connect_info()
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        if let Some((missing, until)) = &mut self.preface {
            *missing = missing.saturating_sub(buffer.filled().len() - before);
            if *missing == 0 {
                self.preface = None;
            } else if until.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(ErrorKind::TimedOut.into()));
            }
        }
        polled
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let Self { inner, until, .. } = &mut *self;
        let until = match until {
            Some(until) => until,
            None => {
                ready!(Pin::new(&mut *inner).poll_shutdown(context))?;
                until.insert(Box::pin(sleep(LONGEST)))
            }
        };
        let mut bytes = [0; 4096];
        loop {
            if until.as_mut().poll(context).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut buffer = ReadBuf::new(&mut bytes);
            match ready!(Pin::new(&mut *inner).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                // The client has ended its side, or is gone.
                _ => return Poll::Ready(Ok(())),
            }
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
