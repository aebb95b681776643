//! One request, taken apart: statement, parameters, settings, and how to code the answer.

use std::collections::HashSet;

use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};

use super::access::Role;
use super::error::{Failure, code};
use super::settings::READER_LIMITS;
use crate::engine::ffi::Param;

/// URL parameters of the HTTP interface itself; everything else must be a setting or a `param_`.
const TRANSPORT: [&str; 18] = [
    "query",
    "database",
    "user",
    "password",
    "default_format",
    "compress",
    "decompress",
    "query_id",
    "session_id",
    "session_timeout",
    "session_check",
    "close_session",
    "wait_end_of_query",
    "buffer_size",
    "client_protocol_version",
    "quota_key",
    "role",
    "stacktrace",
];

/// Settings that a reader may change: they shape the answer and cost nothing. Beside these the reader's own limits, which may
/// only be lowered.
const READER_SETTINGS: [&str; 14] = [
    "date_time_output_format",
    "enable_http_compression",
    "extremes",
    "http_headers_progress_interval_ms",
    "join_use_nulls",
    "max_block_size",
    "max_result_bytes",
    "max_result_rows",
    "max_rows_to_read",
    "result_overflow_mode",
    "send_progress_in_http_headers",
    "session_timezone",
    "use_query_cache",
    "wait_end_of_query",
];

/// How the answer's body is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// As it is.
    Identity,
    /// One LZ4 frame over the whole body, `Content-Encoding: lz4`.
    Lz4,
    /// ClickHouse's own frames, `compress=1`.
    Frames,
}

/// How the request's body is coded, outermost first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BodyCoding {
    Identity,
    Lz4,
    Zstd,
}

/// A request ready to run. The body is separate.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) role: Role,
    /// No statement of this request may change anything: it came by GET.
    pub(super) read_only: bool,
    pub(super) url_query: Option<String>,
    pub(super) database: Option<String>,
    pub(super) default_format: Option<String>,
    pub(super) settings: Vec<(String, String)>,
    pub(super) params: Vec<Param>,
    pub(super) query_id: Option<String>,
    /// The whole answer is wanted before its head.
    pub(super) wait_end: bool,
    pub(super) coding: Coding,
    pub(super) body_coding: BodyCoding,
    /// The body is in ClickHouse's own frames.
    pub(super) decompress: bool,
    /// Boundary of a multipart body.
    pub(super) boundary: Option<String>,
}

/// The URL's parameters, decoded, in order.
pub(super) fn url_pairs(parts: &Parts) -> Vec<(String, String)> {
    let query = parts.uri.query().unwrap_or("");
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn truthy(value: &str) -> bool {
    !matches!(value, "" | "0" | "false")
}

impl Call {
    /// Sorts the parts of an authenticated request. `known` are the engine's settings.
    pub(super) fn new(
        parts: &Parts,
        pairs: Vec<(String, String)>,
        role: Role,
        known: &HashSet<String>,
    ) -> Result<Self, Failure> {
        let headers = &parts.headers;
        let body_coding = match header(headers, "content-encoding").unwrap_or("identity") {
            "identity" | "" => BodyCoding::Identity,
            "lz4" => BodyCoding::Lz4,
            "zstd" => BodyCoding::Zstd,
            other => {
                let message =
                    format!("Content-Encoding {other} is not supported: send lz4, zstd or none");
                return Err(Failure::new(code::NOT_IMPLEMENTED, message));
            }
        };
        let accepts_lz4 = header(headers, "accept-encoding").is_some_and(|list| {
            list.split(',')
                .any(|item| item.trim().eq_ignore_ascii_case("lz4"))
        });
        let mut call = Self {
            role,
            read_only: parts.method == Method::GET,
            url_query: None,
            database: header(headers, "x-clickhouse-database").map(str::to_owned),
            default_format: header(headers, "x-clickhouse-format").map(str::to_owned),
            settings: Vec::new(),
            params: Vec::new(),
            query_id: None,
            wait_end: false,
            coding: if accepts_lz4 {
                Coding::Lz4
            } else {
                Coding::Identity
            },
            body_coding,
            decompress: false,
            boundary: header(headers, "content-type").and_then(boundary),
        };
        for (name, value) in pairs {
            match name.as_str() {
                "query" => call.url_query = Some(value),
                "database" => call.database = Some(value),
                "default_format" => call.default_format = Some(value),
                "query_id" => call.query_id = Some(value),
                "decompress" => call.decompress = truthy(&value),
                "compress" if truthy(&value) => call.coding = Coding::Frames,
                "wait_end_of_query" => call.wait_end = truthy(&value),
                "role" | "quota_key" if !value.is_empty() => {
                    return Err(Failure::new(
                        code::NOT_IMPLEMENTED,
                        "the embedded engine has no roles and quotas",
                    ));
                }
                known_name if TRANSPORT.contains(&known_name) => {}
                param if param.starts_with("param_") => call
                    .params
                    .push((param["param_".len()..].to_owned(), value)),
                _ => call.setting(name, value, known)?,
            }
        }
        Ok(call)
    }

    fn setting(
        &mut self,
        name: String,
        value: String,
        known: &HashSet<String>,
    ) -> Result<(), Failure> {
        if ["_format", "_structure", "_types"]
            .iter()
            .any(|end| name.ends_with(end))
            && !known.contains(&name)
        {
            return Err(Failure::new(
                code::NOT_IMPLEMENTED,
                "external data is not supported by the embedded engine",
            ));
        }
        if !known.contains(&name) {
            let message = format!(
                "Setting {name} is neither a builtin setting nor started with the prefix 'custom_'"
            );
            return Err(Failure::new(code::UNKNOWN_SETTING, message));
        }
        let shape_only =
            READER_SETTINGS.contains(&name.as_str()) || name.starts_with("output_format_");
        let lowers_limit = lowers_limit(&name, &value);
        if self.role == Role::Reader && !shape_only && !lowers_limit {
            let message = format!("Cannot modify '{name}' setting in readonly mode. (READONLY)");
            return Err(Failure::new(code::READONLY, message));
        }
        self.settings.push((name, value));
        Ok(())
    }
}

/// Whether this is one of the reader's own limits, with a number that means one: 0 would lift it. Too high gives the limit.
fn lowers_limit(name: &str, value: &str) -> bool {
    let known = READER_LIMITS.iter().any(|(limit, _)| *limit == name);
    known && value.parse::<u64>().is_ok_and(|value| value > 0)
}

fn boundary(content_type: &str) -> Option<String> {
    let mut fields = content_type.split(';');
    if !fields
        .next()?
        .trim()
        .eq_ignore_ascii_case("multipart/form-data")
    {
        return None;
    }
    fields.find_map(|field| {
        let (name, value) = field.trim().split_once('=')?;
        let value = value.trim_matches('"');
        (name.eq_ignore_ascii_case("boundary") && !value.is_empty()).then(|| value.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(uri: &str, role: Role) -> Result<Call, u32> {
        let request = hyper::Request::builder()
            .uri(uri)
            .header("accept-encoding", "gzip, lz4");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let known = ["max_threads", "output_format_json_quote_64bit_integers"].map(str::to_owned);
        Call::new(&parts, url_pairs(&parts), role, &known.into()).map_err(|e| e.code)
    }

    #[test]
    fn parameters_settings_and_transport_are_told_apart() {
        let c = call(
            "/?query=SELECT+1&param_x=a%20b&max_threads=1&session_id=7&database=d",
            Role::Writer,
        )
        .unwrap();
        assert_eq!(c.url_query.as_deref(), Some("SELECT 1"));
        assert_eq!(c.params, [("x".to_owned(), "a b".to_owned())]);
        assert_eq!(c.settings, [("max_threads".to_owned(), "1".to_owned())]);
        assert_eq!(
            (c.database.as_deref(), c.coding, c.read_only),
            (Some("d"), Coding::Lz4, true)
        );
    }

    #[test]
    fn unknown_settings_and_settings_of_readers_are_refused() {
        assert_eq!(
            call("/?path=/etc", Role::Writer).unwrap_err(),
            code::UNKNOWN_SETTING
        );
        assert_eq!(
            call("/?max_threads=1", Role::Reader).unwrap_err(),
            code::READONLY
        );
        assert!(call("/?output_format_json_quote_64bit_integers=0", Role::Reader).is_ok());
    }

    #[test]
    fn boundaries() {
        assert_eq!(
            boundary("multipart/form-data; boundary=\"x y\"").as_deref(),
            Some("x y")
        );
        assert_eq!(boundary("text/plain"), None);
    }
}
