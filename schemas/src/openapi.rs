//! The OpenAPI document of the HTTP interface.

/// OpenAPI 3.1, JSON. A test of the API compares it with the routes and with what they answer.
pub const TEXT: &str = include_str!("../openapi.json");
