//! What is well-formed in a configuration and yet cannot work.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::{Config, S3Config, Secret, ServerConfig, TlsConfig};

/// Most seconds that a wait may be set to.
const WAIT_S_MAX: u64 = 86_400;

impl Config {
    /// What is well-formed and yet cannot work, one line each.
    #[must_use]
    pub fn check(&self) -> Vec<String> {
        let mut errors = self.fetch.check();
        errors.extend(self.server.check());
        errors.extend(self.storage.s3.iter().flat_map(S3Config::check));
        errors.extend(self.unreadable_secrets());
        errors.extend(self.out_of_range());
        if let Some(Ok(url)) = self.database.url.as_ref().map(Secret::reveal)
            && !["sqlite:", "postgres:", "postgresql:"]
                .iter()
                .any(|p| url.starts_with(p))
        {
            errors.push("database.url: must begin with sqlite: or postgres://".to_owned());
        }
        if !self.identity.oidc.is_empty() && self.server.public_url.is_none() {
            errors.push(
                "server.public_url: needed with identity.oidc, because providers send browsers back to it"
                    .to_owned(),
            );
        }
        let filter = tracing_subscriber::EnvFilter::builder().parse(&self.log.filter);
        errors.extend(filter.err().map(|e| format!("log.filter: {e}")));
        errors
    }

    fn unreadable_secrets(&self) -> Vec<String> {
        let mut secrets = vec![("database.url", self.database.url.as_ref())];
        if let Some(s3) = &self.storage.s3 {
            secrets.push(("storage.s3.access_key_id", Some(&s3.access_key_id)));
            secrets.push(("storage.s3.secret_access_key", Some(&s3.secret_access_key)));
        }
        for provider in &self.identity.oidc {
            let secret = provider.client_secret.as_ref();
            secrets.push(("identity.oidc.client_secret", secret));
        }
        let wrong = |(key, secret): (&str, Option<&Secret>)| {
            let error = secret?.reveal().err()?;
            Some(format!("{key}: {error}"))
        };
        secrets.into_iter().filter_map(wrong).collect()
    }

    fn out_of_range(&self) -> Vec<String> {
        let (server, database) = (&self.server, &self.database);
        let (limits, identity) = (&self.limits, &self.identity);
        let bytes = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
        let ranges = [
            (
                "server.request_timeout_s",
                server.request_timeout_s,
                1,
                WAIT_S_MAX,
            ),
            (
                "server.shutdown_grace_s",
                server.shutdown_grace_s,
                0,
                WAIT_S_MAX,
            ),
            (
                "database.connections_max",
                database.connections_max.into(),
                1,
                10_000,
            ),
            (
                "database.acquire_timeout_s",
                database.acquire_timeout_s,
                1,
                WAIT_S_MAX,
            ),
            (
                "limits.json_bytes_max",
                bytes(limits.json_bytes_max),
                1_024,
                u64::MAX,
            ),
            (
                "limits.workbook_bytes_max",
                bytes(limits.workbook_bytes_max),
                1_024,
                u64::MAX,
            ),
            ("limits.file_bytes_max", limits.file_bytes_max, 1, u64::MAX),
            (
                "limits.requests_per_minute_caller",
                limits.requests_per_minute_caller.into(),
                1,
                u64::MAX,
            ),
            (
                "limits.requests_per_minute_address",
                limits.requests_per_minute_address.into(),
                1,
                u64::MAX,
            ),
            (
                "limits.sign_ins_per_minute_address",
                limits.sign_ins_per_minute_address.into(),
                1,
                u64::MAX,
            ),
            (
                "limits.event_streams_max",
                bytes(limits.event_streams_max),
                0,
                1_000_000,
            ),
            (
                "identity.session_hours_max",
                identity.session_hours_max.into(),
                1,
                8_760,
            ),
            (
                "identity.session_idle_minutes",
                identity.session_idle_minutes.into(),
                1,
                525_600,
            ),
            ("ledger.interval_ms", self.ledger.interval_ms, 10, 10_000),
        ];
        let wrong = |(key, value, least, most): (&str, u64, u64, u64)| {
            let right = if most == u64::MAX {
                format!("at least {least}")
            } else {
                format!("between {least} and {most}")
            };
            (!(least..=most).contains(&value)).then(|| format!("{key}: {right}, not {value}"))
        };
        ranges.into_iter().filter_map(wrong).collect()
    }
}

impl ServerConfig {
    fn check(&self) -> Vec<String> {
        let mut errors = Vec::new();
        if !self.listen.ip().is_loopback() && self.tls.is_none() && self.trusted_proxies.is_empty()
        {
            errors.push(format!(
                "server.listen: {} is reachable from outside; set server.tls (certificate, key), \
                 or name the TLS-terminating proxy in server.trusted_proxies, or listen on 127.0.0.1",
                self.listen
            ));
        }
        if let Some(flight) = self.flight_listen
            && !flight.ip().is_loopback()
            && self.tls.is_none()
        {
            errors.push(format!(
                "server.flight_listen: {flight} is reachable from outside; set server.tls \
                 (certificate, key), or listen on 127.0.0.1"
            ));
        }
        if let Some(tls) = &self.tls {
            errors.extend(tls.check());
        }
        if let Some(url) = &self.public_url
            && (!matches!(url.scheme(), "http" | "https") || url.path() != "/")
        {
            errors.push(format!(
                "server.public_url: {url} must be like https://trunk.example.gov.cn, without a path"
            ));
        }
        errors
    }
}

impl TlsConfig {
    /// What keeps the two files from being served.
    fn check(&self) -> Vec<String> {
        let files = [("certificate", &self.certificate), ("key", &self.key)];
        let missing = files.into_iter().filter(|(_, path)| !path.is_file());
        let missing: Vec<String> = missing
            .map(|(key, path)| format!("server.tls.{key}: no file at {}", path.display()))
            .collect();
        if !missing.is_empty() {
            return missing;
        }
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(|all| all.collect::<Result<Vec<_>, _>>());
        let key = PrivateKeyDer::from_pem_file(&self.key);
        let (chain, key) = match (chain, key) {
            (Ok(chain), Ok(key)) => (chain, key),
            (chain, key) => {
                let chain = chain.err().map(|e| format!("server.tls.certificate: {e}"));
                let key = key.err().map(|e| format!("server.tls.key: {e}"));
                return chain.into_iter().chain(key).collect();
            }
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let built = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|b| b.with_no_client_auth().with_single_cert(chain, key));
        let error = built.err().map(|e| format!("server.tls: {e}"));
        error.into_iter().collect()
    }
}

impl S3Config {
    fn check(&self) -> Vec<String> {
        let mut errors = Vec::new();
        match self.endpoint.scheme() {
            "https" => {}
            "http" if self.allow_http => {}
            "http" => errors.push(
                "storage.s3.endpoint: must be https; storage.s3.allow_http = true permits http"
                    .to_owned(),
            ),
            other => errors.push(format!("storage.s3.endpoint: {other} is not http or https")),
        }
        if self.bucket.trim().is_empty() {
            errors.push("storage.s3.bucket: name the bucket".to_owned());
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(toml: &str) -> String {
        let config: Config = toml.parse::<toml::Table>().unwrap().try_into().unwrap();
        config.check().join("\n")
    }

    #[test]
    fn the_defaults_have_nothing_wrong() {
        assert_eq!(Config::default().check(), Vec::<String>::new());
    }

    #[test]
    fn everything_that_cannot_work_is_told_with_what_would_be_right() {
        let said = errors(
            "[server]\nrequest_timeout_s = 0\npublic_url = 'https://node.example/console'\n\
             [storage.s3]\nendpoint = 'ftp://x'\nbucket = ''\naccess_key_id = 'a'\n\
             secret_access_key = 'b'\n[log]\nfilter = 'node=['\n[ledger]\ninterval_ms = 1\n\
             [limits]\nrequests_per_minute_caller = 0\njson_bytes_max = 0\n\
             [identity]\nsession_hours_max = 0\nsession_idle_minutes = 0\n",
        );
        for part in [
            "server.request_timeout_s: between 1 and 86400, not 0",
            "server.public_url: ",
            "storage.s3.endpoint: ftp is not http or https",
            "storage.s3.bucket: ",
            "log.filter: ",
            "ledger.interval_ms: between 10 and 10000",
            "limits.requests_per_minute_caller: at least 1",
            "limits.json_bytes_max: at least 1024",
            "identity.session_hours_max: ",
            "identity.session_idle_minutes: ",
        ] {
            assert!(said.contains(part), "{part} is not in {said}");
        }
    }

    #[test]
    fn a_certificate_and_a_key_that_are_none_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, "nothing").unwrap();
            path.display().to_string()
        };
        let toml = format!(
            "[server.tls]\ncertificate = '{}'\nkey = '{}'",
            file("a"),
            file("b")
        );
        let said = errors(&toml);
        assert!(said.contains("server.tls"), "{said}");
        let said = errors("[server.tls]\ncertificate = 'nowhere'\nkey = 'nowhere'");
        assert!(said.contains("server.tls.key: no file"), "{said}");
    }
}
