//! The calls of Flight SQL that reading needs; all others answer that they are not there.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::IpcWriteOptions;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_server::FlightService;
use arrow_flight::sql::metadata::{SqlInfoData, SqlInfoDataBuilder};
use arrow_flight::sql::server::FlightSqlService;
use arrow_flight::sql::{
    ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest,
    ActionCreatePreparedStatementResult, CommandGetCatalogs, CommandGetDbSchemas,
    CommandGetSqlInfo, CommandGetTableTypes, CommandGetTables, CommandPreparedStatementQuery,
    CommandStatementQuery, ProstMessageExt as _, SqlInfo, TicketStatementQuery,
};
use arrow_flight::{
    Action, FlightDescriptor, FlightEndpoint, FlightInfo, HandshakeRequest, HandshakeResponse,
    IpcMessage, SchemaAsIpc, Ticket,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use tianyuan_kernel::prelude::*;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Request, Response, Status, Streaming};

use crate::Lake;
use crate::query::{Asker, Prepared, catalog, prepare};
use crate::supervision::Exit;

/// What the server tells of itself.
static ABOUT: LazyLock<Option<SqlInfoData>> = LazyLock::new(|| {
    let mut about = SqlInfoDataBuilder::new();
    about.append(SqlInfo::FlightSqlServerName, "Tianyuan");
    about.append(SqlInfo::FlightSqlServerVersion, env!("CARGO_PKG_VERSION"));
    about.append(SqlInfo::FlightSqlServerArrowVersion, "1.3");
    about.append(SqlInfo::FlightSqlServerReadOnly, true);
    about.append(SqlInfo::SqlIdentifierQuoteChar, "\"");
    about.build().ok()
});

type Answer<T> = std::result::Result<Response<T>, Status>;
type DoGet = <FlightSql as FlightService>::DoGetStream;

/// The service.
pub(super) struct FlightSql {
    app: App,
}

impl FlightSql {
    pub(super) const fn new(app: App) -> Self {
        Self { app }
    }

    /// Who calls: the same question as over HTTP.
    async fn admit(
        &self,
        metadata: &MetadataMap,
        peer: Option<IpAddr>,
    ) -> std::result::Result<Asker, Status> {
        let mut request = http::Request::builder().method("GET").uri("/flight");
        let given = metadata.get("authorization").map(|v| v.to_str());
        if let Some(given) = given {
            let given = given.map_err(|_| Status::unauthenticated("authorization is not text"))?;
            request = request.header("authorization", bearer(given)?);
        }
        let request = request.body(()).map_err(|_| Status::internal("request"))?;
        let (parts, ()) = request.into_parts();
        let peer = peer.unwrap_or(IpAddr::from([127, 0, 0, 1]));
        let admitted = self.app.authority().admit(&self.app, &parts, peer).await;
        let purpose = metadata.get("x-purpose").and_then(|v| v.to_str().ok());
        Ok(Asker {
            who: admitted.map_err(status)?,
            address: Some(peer),
            purpose: crate::query::api::purpose(purpose.map(str::to_owned)).map_err(status)?,
            exit: Exit::FLIGHT,
        })
    }

    async fn asker<T>(&self, request: &Request<T>) -> std::result::Result<Asker, Status> {
        let peer = request.remote_addr().map(|a| a.ip());
        self.admit(request.metadata(), peer).await
    }

    async fn prepared(&self, asker: &Asker, sql: &str) -> std::result::Result<Prepared, Status> {
        prepare(&self.app, asker, sql).await.map_err(status)
    }

    async fn run(&self, asker: &Asker, sql: &str) -> Answer<DoGet> {
        let prepared = self.prepared(asker, sql).await?;
        let lake = self.app.get::<Lake>().map_err(status)?;
        let rows_max = lake.limits(&self.app).map_err(status)?.stream_rows_max;
        let running = prepared.run(&self.app, asker, rows_max).await;
        let running = running.map_err(status)?;
        let schema = running.schema();
        let batches = stream::unfold(running, |mut running| async move {
            let batch = running.next().await?;
            let batch = batch.map_err(|error| FlightError::from(status(error)));
            Some((batch, running))
        });
        Ok(flight(schema, batches))
    }

    fn info(schema: &Schema, ticket: Vec<u8>, descriptor: FlightDescriptor) -> Answer<FlightInfo> {
        let endpoint = FlightEndpoint::new().with_ticket(Ticket::new(ticket));
        let info = FlightInfo::new()
            .try_with_schema(schema)
            .map_err(|_| Status::internal("schema"))?
            .with_endpoint(endpoint)
            .with_descriptor(descriptor);
        Ok(Response::new(info))
    }
}

/// `Bearer x` stays; `Basic user:x` is a driver that has only a password field for the token.
fn bearer(given: &str) -> std::result::Result<String, Status> {
    let Some(basic) = given.strip_prefix("Basic ") else {
        return Ok(given.to_owned());
    };
    let decoded = STANDARD.decode(basic.trim()).ok();
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let token = decoded.as_deref().and_then(|pair| pair.split_once(':'));
    match token {
        Some((_, token)) if token.bytes().all(|b| b.is_ascii_graphic()) => {
            Ok(format!("Bearer {token}"))
        }
        _ => Err(Status::unauthenticated("user and password expected")),
    }
}

/// A problem as gRPC tells it; causes stay in the log.
fn status(error: Error) -> Status {
    use http::StatusCode as S;
    if let Some(cause) = error.cause() {
        tracing::error!(cause, "internal error in Flight SQL");
    }
    let code = match error.status() {
        S::UNAUTHORIZED => Code::Unauthenticated,
        S::FORBIDDEN => Code::PermissionDenied,
        S::NOT_FOUND => Code::NotFound,
        S::TOO_MANY_REQUESTS | S::PAYLOAD_TOO_LARGE => Code::ResourceExhausted,
        S::SERVICE_UNAVAILABLE => Code::Unavailable,
        S::INTERNAL_SERVER_ERROR => Code::Internal,
        _ => Code::InvalidArgument,
    };
    let words = error.detail();
    Status::new(code, format!("{}: {} {}", error.code(), words.en, words.zh))
}

fn text(handle: &[u8]) -> std::result::Result<&str, Status> {
    std::str::from_utf8(handle).map_err(|_| Status::invalid_argument("no handle of this server"))
}

fn flight(
    schema: SchemaRef,
    batches: impl Stream<Item = std::result::Result<RecordBatch, FlightError>> + Send + 'static,
) -> Response<DoGet> {
    let data = FlightDataEncoderBuilder::new()
        .with_schema(schema)
        .build(batches)
        .map_err(Status::from);
    Response::new(data.boxed())
}

fn one(batch: std::result::Result<RecordBatch, FlightError>, schema: SchemaRef) -> Response<DoGet> {
    flight(schema, stream::once(async { batch }))
}

#[tonic::async_trait]
impl FlightSqlService for FlightSql {
    type FlightService = Self;

    async fn do_handshake(
        &self,
        request: Request<Streaming<HandshakeRequest>>,
    ) -> Answer<Pin<Box<dyn Stream<Item = std::result::Result<HandshakeResponse, Status>> + Send>>>
    {
        let asker = self.asker(&request).await?;
        if !asker.who.is_signed_in() {
            return Err(Status::unauthenticated("sign in with a token"));
        }
        let given = request.metadata().get("authorization");
        let given = given.and_then(|v| v.to_str().ok()).unwrap_or_default();
        let token = bearer(given)?;
        let shaken = HandshakeResponse {
            protocol_version: 0,
            payload: token.trim_start_matches("Bearer ").to_owned().into(),
        };
        let mut response: Response<Pin<Box<dyn Stream<Item = _> + Send>>> =
            Response::new(Box::pin(stream::iter([Ok(shaken)])));
        let value = MetadataValue::try_from(token);
        let value = value.map_err(|_| Status::unauthenticated("token is not text"))?;
        response.metadata_mut().insert("authorization", value);
        Ok(response)
    }

    async fn get_flight_info_statement(
        &self,
        query: CommandStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Answer<FlightInfo> {
        let asker = self.asker(&request).await?;
        let prepared = self.prepared(&asker, &query.query).await?;
        let ticket = TicketStatementQuery {
            statement_handle: query.query.into(),
        };
        let ticket = prost_bytes(&ticket.as_any());
        Self::info(&prepared.schema(), ticket, request.into_inner())
    }

    async fn do_get_statement(
        &self,
        ticket: TicketStatementQuery,
        request: Request<Ticket>,
    ) -> Answer<DoGet> {
        let asker = self.asker(&request).await?;
        self.run(&asker, text(&ticket.statement_handle)?).await
    }

    async fn do_action_create_prepared_statement(
        &self,
        query: ActionCreatePreparedStatementRequest,
        request: Request<Action>,
    ) -> std::result::Result<ActionCreatePreparedStatementResult, Status> {
        let asker = self.asker(&request).await?;
        let prepared = self.prepared(&asker, &query.query).await?;
        let schema = prepared.schema();
        let message: std::result::Result<IpcMessage, ArrowError> =
            SchemaAsIpc::new(&schema, &IpcWriteOptions::default()).try_into();
        let IpcMessage(dataset_schema) = message.map_err(|_| Status::internal("schema"))?;
        Ok(ActionCreatePreparedStatementResult {
            prepared_statement_handle: query.query.into(),
            dataset_schema,
            parameter_schema: bytes::Bytes::new(),
        })
    }

    async fn do_action_close_prepared_statement(
        &self,
        _: ActionClosePreparedStatementRequest,
        request: Request<Action>,
    ) -> std::result::Result<(), Status> {
        self.asker(&request).await.map(|_| ())
    }

    async fn get_flight_info_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Answer<FlightInfo> {
        let asker = self.asker(&request).await?;
        let sql = text(&query.prepared_statement_handle)?;
        let schema = self.prepared(&asker, sql).await?.schema();
        let ticket = prost_bytes(&query.as_any());
        Self::info(&schema, ticket, request.into_inner())
    }

    async fn do_get_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<Ticket>,
    ) -> Answer<DoGet> {
        let asker = self.asker(&request).await?;
        let sql = text(&query.prepared_statement_handle)?;
        self.run(&asker, sql).await
    }

    async fn get_flight_info_catalogs(
        &self,
        query: CommandGetCatalogs,
        request: Request<FlightDescriptor>,
    ) -> Answer<FlightInfo> {
        self.asker(&request).await?;
        let ticket = prost_bytes(&query.as_any());
        Self::info(&query.into_builder().schema(), ticket, request.into_inner())
    }

    async fn do_get_catalogs(
        &self,
        query: CommandGetCatalogs,
        request: Request<Ticket>,
    ) -> Answer<DoGet> {
        self.asker(&request).await?;
        let mut builder = query.into_builder();
        builder.append("tianyuan");
        let schema = builder.schema();
        Ok(one(builder.build(), schema))
    }

    async fn get_flight_info_schemas(
        &self,
        query: CommandGetDbSchemas,
        request: Request<FlightDescriptor>,
    ) -> Answer<FlightInfo> {
        self.asker(&request).await?;
        let ticket = prost_bytes(&query.as_any());
        Self::info(&query.into_builder().schema(), ticket, request.into_inner())
    }

    async fn do_get_schemas(
        &self,
        query: CommandGetDbSchemas,
        request: Request<Ticket>,
    ) -> Answer<DoGet> {
        self.asker(&request).await?;
        let mut builder = query.into_builder();
        builder.append("tianyuan", "public");
        let schema = builder.schema();
        Ok(one(builder.build(), schema))
    }

    async fn get_flight_info_tables(
        &self,
        query: CommandGetTables,
        request: Request<FlightDescriptor>,
    ) -> Answer<FlightInfo> {
        self.asker(&request).await?;
        let ticket = prost_bytes(&query.as_any());
        Self::info(&query.into_builder().schema(), ticket, request.into_inner())
    }

    async fn do_get_tables(
        &self,
        query: CommandGetTables,
        request: Request<Ticket>,
    ) -> Answer<DoGet> {
        let asker = self.asker(&request).await?;
        let tables = catalog::visible(&self.app, &asker).await.map_err(status)?;
        let mut builder = query.into_builder();
        for table in tables {
            let (name, schema) = (table.table.name.clone(), crate::gate::at_output(&table));
            builder
                .append("tianyuan", "public", name, "TABLE", &schema)
                .map_err(Status::from)?;
        }
        let schema = builder.schema();
        Ok(one(builder.build(), schema))
    }

    async fn get_flight_info_table_types(
        &self,
        query: CommandGetTableTypes,
        request: Request<FlightDescriptor>,
    ) -> Answer<FlightInfo> {
        self.asker(&request).await?;
        let ticket = prost_bytes(&query.as_any());
        Self::info(&query.into_builder().schema(), ticket, request.into_inner())
    }

    async fn do_get_table_types(
        &self,
        query: CommandGetTableTypes,
        request: Request<Ticket>,
    ) -> Answer<DoGet> {
        self.asker(&request).await?;
        let mut builder = query.into_builder();
        builder.append("TABLE");
        let schema = builder.schema();
        Ok(one(builder.build(), schema))
    }

    async fn get_flight_info_sql_info(
        &self,
        query: CommandGetSqlInfo,
        request: Request<FlightDescriptor>,
    ) -> Answer<FlightInfo> {
        self.asker(&request).await?;
        let ticket = prost_bytes(&query.as_any());
        let about = ABOUT.as_ref().ok_or_else(|| Status::internal("about"))?;
        let schema = query.into_builder(about).schema();
        Self::info(&schema, ticket, request.into_inner())
    }

    async fn do_get_sql_info(
        &self,
        query: CommandGetSqlInfo,
        request: Request<Ticket>,
    ) -> Answer<DoGet> {
        self.asker(&request).await?;
        let about = ABOUT.as_ref().ok_or_else(|| Status::internal("about"))?;
        let builder = query.into_builder(about);
        let schema: Arc<Schema> = builder.schema();
        Ok(one(builder.build(), schema))
    }

    async fn register_sql_info(&self, _: i32, _: &SqlInfo) {}
}

fn prost_bytes(message: &arrow_flight::sql::Any) -> Vec<u8> {
    use prost::Message as _;
    message.encode_to_vec()
}
