//! Arrow Flight SQL on a port of its own: the same statements, gate and supervision as SQL over
//! HTTP, for drivers that speak gRPC. Configured by `server.flight_listen`.
//!
//! Callers send `authorization: Bearer <token>` with every call; a driver that only knows user
//! and password sends the token as the password. Handles hold the statement itself, so a node
//! keeps nothing between calls and any node of several can answer.

mod service;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use arrow_flight::flight_service_server::FlightServiceServer;
use tianyuan_kernel::prelude::*;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Identity, Server, ServerTlsConfig};

use crate::failure::of_store;

/// Bytes of one message a caller may send: a statement and its headers.
const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Streams of one connection.
const STREAMS_MAX: u32 = 64;

/// Serves until the application stops; nothing when it is not configured.
///
/// # Errors
/// When the address cannot be had or the TLS identity cannot be read.
pub async fn start(app: &App) -> Result<Option<(SocketAddr, tokio::task::JoinHandle<()>)>> {
    let Some(listen) = app.config().server.flight_listen else {
        return Ok(None);
    };
    let mut server = Server::builder().max_concurrent_streams(STREAMS_MAX);
    if let Some(tls) = &app.config().server.tls {
        let certificate = tokio::fs::read(&tls.certificate).await?;
        let key = tokio::fs::read(&tls.key).await?;
        let identity = Identity::from_pem(certificate, key);
        server = server
            .tls_config(ServerTlsConfig::new().identity(identity))
            .map_err(of_store)?;
    }
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .map_err(|e| Error::internal(format!("cannot listen on {listen}: {e}")))?;
    let address = listener.local_addr()?;
    let flight = FlightServiceServer::new(service::FlightSql::new(app.clone()))
        .max_decoding_message_size(MESSAGE_BYTES_MAX);
    let stopped = app.clone();
    let task = tokio::spawn(async move {
        let served = server
            .add_service(flight)
            .serve_with_incoming_shutdown(TcpListenerStream::new(listener), async move {
                stopped.stopped().await;
            })
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "Flight SQL stopped");
        }
    });
    tracing::info!(%address, "serving Flight SQL");
    Ok(Some((address, task)))
}
