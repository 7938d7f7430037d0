//! The built-in tenant: an HTTP server on loopback that simulates Entra ID and Defender.
//!
//! The console uses the same client, limiter, retries and parsers as for the real service; only the
//! URLs differ. The tenant is as strict as the service, and as unreliable as networks. It has its
//! own table of actions and its own JSON, and uses no other module, so that errors are not shared.
//!
//! Times are virtual: real time, times a speed, plus manual [`SimControl::advance`]s. An isolation
//! takes about 8 s instead of the usual 27 s, to keep the demo short; a silent device stays
//! `Pending` for three days and fourteen minutes and then times out, as in the service.
//!
//! Reading order: [`actions`] (the table), `lifecycle` (courses of actions), `tenant` (the state),
//! `routes` (routing), `submit` and `api` (changes, reads), `identity` and `grants` (sign-in),
//! `faults` and `distort` (faults), [`control`] (control calls over HTTP).

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

/// A running tenant; stops on drop.
#[derive(Debug)]
pub struct Simulator {
    tenant: Arc<SimTenant>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Starts a tenant on its own thread; returns once it listens.
    ///
    /// # Errors
    /// When the port is taken, or a thread or runtime cannot be created.
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
                // Pending requests must not block the thread.
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

    /// The server's URL, for example `http://127.0.0.1:40123`. The API is under `/api`, sign-in
    /// under `/{tenant}/oauth2/v2.0`.
    #[must_use]
    pub fn address(&self) -> String {
        self.tenant.address.clone()
    }

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
                // Out of file handles, or the peer left at once: retry a little later.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    tokio::select! {
        () = connections => {}
        // Stopped, or the owner is gone.
        _ = stopped => {}
    }
}

async fn connection(stream: TcpStream, tenant: Arc<SimTenant>) {
    let (wire, line) = Wire::new(stream);
    let service = service_fn(async |request| {
        Ok::<_, Infallible>(routes::answer(&tenant, &line, request).await)
    });
    // Fails if the peer leaves early, or a fault cuts the connection.
    let served = http1::Builder::new().serve_connection(TokioIo::new(wire), service);
    served.await.ok();
}
