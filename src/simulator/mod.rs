//! The built-in tenant: a real HTTP server on loopback that stands in for Microsoft Entra ID and Defender for Endpoint.
//!
//! The console reaches it through the same client, limiter, retries and decoding as the real service; only addresses
//! differ. It is strict where the service is strict, and nasty where networks are nasty. It keeps its own table of
//! actions and its own JSON, and uses nothing else of this crate, so that both sides cannot be wrong together.
//!
//! Times are virtual: real time, times a speed, plus whatever [`SimControl::advance`] added. An isolation takes about
//! 8 s of it, not the 27 s that are usual, so that nobody is bored; a silent device stays `Pending` for three days and
//! fourteen minutes and then times out, as with the service.
//!
//! Reading order: [`actions`] (what can be done), `lifecycle` (how it goes), `tenant` (what there is), `routes` (who
//! answers), `submit` and `api` (changing, reading), `identity` and `grants` (signing in), `faults` and `distort` (what goes wrong),
//! [`control`] (control calls over HTTP).

pub mod actions;
mod files;
mod fleet;
mod lifecycle;
mod story;
mod tenant;

mod api;
mod call;
mod filter;
mod odata;
mod reply;
mod routes;
mod submit;
mod tags;

mod grants;
mod identity;
mod oauth;
mod pages;
mod scopes;
mod tokens;

pub mod control;
mod distort;
mod faults;
mod handle;
mod indicator;
mod indicators;
mod investigation;
mod investigations;
mod log;
mod lookups;
mod package_links;
mod packages;
mod storage_faults;

mod clock;
mod encoding;
mod limits;
mod random;
mod wire;

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

pub use encoding::Compress;
pub use faults::{Fault, FaultKind, NextLinkMode, Route};
pub use handle::SimControl;
pub use log::{LoggedRequest, RequestKind};
pub use storage_faults::StorageFault;
pub use tenant::SimOptions;
pub use tokens::{CLIENT_ID, TENANT_ID};

use tenant::SimTenant;
use wire::Wire;

/// A running tenant; dropping it stops it.
#[derive(Debug)]
pub struct Simulator {
    tenant: Arc<SimTenant>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Starts a tenant on a thread of its own and returns when it listens.
    ///
    /// # Errors
    ///
    /// When the port is taken, or a thread or runtime can't be had.
    pub fn start(options: SimOptions) -> io::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let (ready, listening) = mpsc::sync_channel(1);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("built-in-tenant")
            .enable_all()
            .build()?;
        let thread = std::thread::Builder::new()
            .name("built-in-tenant".to_owned())
            .spawn(move || {
                let begun = runtime.block_on(open(&options));
                match begun {
                    Err(error) => {
                        ready.send(Err(error)).ok();
                    }
                    Ok((listener, tenant)) => {
                        ready.send(Ok(Arc::clone(&tenant))).ok();
                        runtime.block_on(serve(listener, tenant, stopped));
                    }
                }
                // Requests that are never answered must not keep the thread.
                runtime.shutdown_background();
            })?;
        let gone = || Err(io::Error::other("the built-in tenant did not start"));
        let tenant = listening.recv().unwrap_or_else(|_| gone())?;
        Ok(Self {
            tenant,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens, for example `http://127.0.0.1:40123`. The API is under `/api`, sign-in under
    /// `/{tenant}/oauth2/v2.0`.
    #[must_use]
    pub fn address(&self) -> String {
        self.tenant.address.clone()
    }

    /// A handle for tests and trainers.
    #[must_use]
    pub fn control(&self) -> SimControl {
        SimControl(Arc::clone(&self.tenant))
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

async fn open(options: &SimOptions) -> io::Result<(TcpListener, Arc<SimTenant>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
    let address = format!("http://{}", listener.local_addr()?);
    Ok((listener, Arc::new(SimTenant::new(options, address))))
}

async fn serve(listener: TcpListener, tenant: Arc<SimTenant>, stopped: oneshot::Receiver<()>) {
    let connections = async {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(connection(stream, Arc::clone(&tenant)))),
                // Out of file handles, or the peer left at once: try again a little later.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    tokio::select! {
        () = connections => {}
        // Whether told to or because the owner is gone.
        _ = stopped => {}
    }
}

async fn connection(stream: TcpStream, tenant: Arc<SimTenant>) {
    let (wire, line) = Wire::new(stream);
    let service = service_fn(async |request| {
        Ok::<_, Infallible>(routes::answer(&tenant, &line, request).await)
    });
    // It ends badly when the peer leaves early, or the line is cut on purpose.
    let served = http1::Builder::new().serve_connection(TokioIo::new(wire), service);
    served.await.ok();
}
