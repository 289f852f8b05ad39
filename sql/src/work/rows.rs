//! Rows that a statement's own threads compute, and others take.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use datafusion::execution::runtime_env::RuntimeEnv;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt};
use spotql_functions::control::{Control, Stop};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{Boxed, Handle, Turn, Watch, Work};
use crate::error::{Error, Result};

/// How many items are computed ahead of those who take them.
const AHEAD: usize = 2;
/// How long a client may take nothing before others have its statement's turn.
const STALLED: Duration = Duration::from_secs(1);

/// What a statement gives, item by item: batches, or what they are made into on the statement's threads.
///
/// Dropping it stops the statement. A statement that is stopped otherwise says why, as the last item.
pub struct Rows<T>(BoxStream<'static, Result<T>>);

impl<T> std::fmt::Debug for Rows<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rows")
    }
}

impl<T> Stream for Rows<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl<T: Send + 'static> Rows<T> {
    /// Items that are computed where they are taken.
    pub(crate) fn in_place(items: BoxStream<'static, Result<T>>) -> Self {
        Self(items)
    }
}

/// A stream of items, made on a statement's threads.
pub(crate) type Make<T> =
    Box<dyn FnOnce(Arc<RuntimeEnv>) -> Result<BoxStream<'static, Result<T>>> + Send>;

impl Work {
    /// Makes a stream on threads of its own, once it is the statement's turn, and gives its items.
    pub(crate) fn rows<T: Send + 'static>(
        self: &Arc<Self>,
        control: &Arc<Control>,
        user: &str,
        time: Option<Duration>,
        make: Make<T>,
    ) -> Rows<T> {
        let watch = Arc::new(Watch::new(control, time));
        let (send, items) = mpsc::channel(AHEAD);
        let begin = {
            let (work, control, user) = (Arc::clone(self), Arc::clone(control), user.to_owned());
            async move {
                let (turn, lease) = work.enter(&user).await?;
                let own = Arc::clone(&turn);
                let task = |runtime| -> Boxed<()> { drain(runtime, make, send, own).boxed() };
                work.begin(&control, turn, lease, task)
            }
        };
        let stopped = {
            let watch = Arc::clone(&watch);
            async move { watch.stopped().await }
        };
        Rows(
            Taking {
                state: State::Waiting(begin.boxed()),
                stopped: stopped.boxed(),
                items,
                watch,
            }
            .boxed(),
        )
    }
}

/// Computes a stream for a channel. One whose client takes nothing for a while gives up its turn until it does.
async fn drain<T: Send + 'static>(
    runtime: Arc<RuntimeEnv>,
    make: Make<T>,
    send: mpsc::Sender<Result<T>>,
    turn: Arc<Turn>,
) -> Result<()> {
    let mut items = make(runtime)?;
    while let Some(item) = items.next().await {
        let failed = item.is_err();
        let place = match timeout(STALLED, send.reserve()).await {
            Ok(place) => place,
            Err(_) => {
                turn.give_up();
                let place = send.reserve().await;
                turn.take().await?;
                place
            }
        };
        // Nobody takes them any more.
        let Ok(place) = place else { break };
        place.send(item);
        if failed {
            break;
        }
    }
    Ok(())
}

enum State {
    /// For its turn.
    Waiting(BoxFuture<'static, Result<Handle<()>>>),
    Running(Handle<()>),
    Ended,
}

/// The side that takes the items.
struct Taking<T> {
    state: State,
    stopped: BoxFuture<'static, Stop>,
    items: mpsc::Receiver<Result<T>>,
    watch: Arc<Watch>,
}

impl<T> Unpin for Taking<T> {}

impl<T> Taking<T> {
    fn ended(&mut self, last: Option<Error>) -> Poll<Option<Result<T>>> {
        self.state = State::Ended;
        // A stream that has failed may have tasks that know nothing of it yet.
        match last {
            None => self.watch.release(),
            Some(_) => self.watch.control.stop(Stop::Cancelled),
        }
        Poll::Ready(last.map(Err))
    }
}

impl<T> Stream for Taking<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if matches!(this.state, State::Ended) {
            return Poll::Ready(None);
        }
        if let Poll::Ready(stop) = this.stopped.poll_unpin(context) {
            return this.ended(Some(Error::Stopped(stop)));
        }
        if let State::Waiting(begin) = &mut this.state {
            match ready!(begin.poll_unpin(context)) {
                Ok(handle) => this.state = State::Running(handle),
                Err(error) => return this.ended(Some(error)),
            }
        }
        match ready!(this.items.poll_recv(context)) {
            Some(Ok(item)) => return Poll::Ready(Some(Ok(item))),
            Some(Err(error)) => {
                let error = this.watch.explain(error);
                return this.ended(Some(error));
            }
            None => {}
        }
        let State::Running(handle) = &mut this.state else {
            return this.ended(None);
        };
        let last = match ready!(handle.0.poll_unpin(context)) {
            Ok(result) => result.err().map(|error| this.watch.explain(error)),
            Err(error) => Some(this.watch.fault(error)),
        };
        this.ended(last)
    }
}
