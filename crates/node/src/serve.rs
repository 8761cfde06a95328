//! A running node.

use std::net::SocketAddr;
use std::time::Duration;

use axum_server::tls_rustls::RustlsConfig;
use axum_server::{Handle, Server};
use tianyuan_kernel::{App, Error, Result};

use crate::{compose, demo, web};

/// What was found out at start and is told on the terminal, never in the log.
pub struct Started {
    /// Where it listens.
    pub address: SocketAddr,
    /// The first account's password, when it was made just now.
    pub first_password: Option<String>,
    /// The sample district was loaded.
    pub demo: bool,
}

/// Serves until SIGTERM or SIGINT, then finishes what it acknowledged.
///
/// # Errors
/// When the database, the ledgers or the address cannot be had.
pub async fn run(
    config: tianyuan_kernel::config::Config,
    admin_password: Option<String>,
    with_demo: bool,
    announce: impl FnOnce(&Started),
) -> Result<()> {
    let listen = config.server.listen;
    let (app, routes) = compose::builder(config)?.build().await?;
    // Several nodes may start at once on an empty database.
    let alone = app.db().prepare_alone().await?;
    tianyuan_shield::people::keep_erased(&app).await?;
    tianyuan_plan::participation::opinions::erasure::keep_erased(&app).await?;
    tianyuan_shield::policy::note_changes(&app).await?;
    let first_password = tianyuan_shield::people::ensure_admin(&app, admin_password).await?;
    let demo = with_demo && demo::load(&app).await?;
    if with_demo {
        demo::bring_datasets(&app).await?;
    }
    let ledgers = tianyuan_chain::ledgers::start(&app).await?;
    alone.done().await;
    let (router, _, _) = tianyuan_kernel::app::serve(&app, routes, |router, document| {
        compose::complete(document);
        web::extend(router, document)
    });
    let mut tasks = app.spawn_background();
    tasks.extend(ledgers);
    if let Some((_, task)) = tianyuan_lake::flight::start(&app).await? {
        tasks.push(task);
    }
    let listener = std::net::TcpListener::bind(listen)
        .map_err(|e| Error::internal(format!("cannot listen on {listen}: {e}")))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let handle = Handle::new();
    tokio::spawn(stop_on_signal(app.clone(), handle.clone()));
    announce(&Started {
        address,
        first_password,
        demo,
    });
    tracing::info!(%address, "serving");
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    match app.config().server.tls.clone() {
        Some(tls) => {
            let tls = RustlsConfig::from_pem_file(&tls.certificate, &tls.key).await?;
            let server = axum_server::from_tcp_rustls(listener, tls)?;
            patient(server).handle(handle).serve(service).await?;
        }
        None => {
            let server = axum_server::from_tcp(listener)?;
            patient(server).handle(handle).serve(service).await?;
        }
    }
    finish(&app, tasks).await;
    Ok(())
}

/// Seconds in which a connection has to send the head of its next request.
const HEAD_S: u64 = 30;

/// A connection that says nothing, or never ends what it says, is closed: what a request may take
/// is counted only from its head on.
fn patient<A: axum_server::Address, T>(server: Server<A, T>) -> Server<A, T> {
    let patience = Duration::from_secs(HEAD_S);
    let mut server = server.first_request_timeout(patience);
    let builder = server.http_builder();
    builder.http1().header_read_timeout(patience);
    builder.http2().keep_alive_interval(patience);
    server
}

async fn stop_on_signal(app: App, handle: Handle<SocketAddr>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    tracing::info!("stopping");
    app.stop();
    handle.graceful_shutdown(Some(Duration::from_secs(
        app.config().server.shutdown_grace_s,
    )));
}

/// Lets what runs beside requests come to its end, then closes the database.
async fn finish(app: &App, tasks: Vec<tokio::task::JoinHandle<()>>) {
    app.stop();
    let all = futures::future::join_all(tasks);
    if tokio::time::timeout(Duration::from_secs(5), all)
        .await
        .is_err()
    {
        tracing::warn!("some background work did not end in time; its leases will run out");
    }
    app.db().close().await;
    tracing::info!("stopped");
}

/// The process-wide provider of TLS primitives.
pub fn install_tls() {
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
}
