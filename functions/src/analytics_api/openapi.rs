//! `GET /v1/openapi.json`: the description of the API, for everybody.
//!
//! Invariant: it is the document that was reviewed with the code, byte for byte.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;

use crate::http::{self, Answer, ETag, Freshness};

const DOCUMENT: &str = include_str!("../../../snapshots/openapi.json");

/// The document, or that the caller has it already.
pub(super) fn answer(request: &ApiGatewayProxyRequest) -> Answer {
    let etag = ETag::of_bytes(DOCUMENT.as_bytes());
    let freshness = Freshness::Deployed;
    http::known(request, &etag, freshness).unwrap_or_else(|| Answer::text(DOCUMENT.into()).kept(&etag, freshness))
}
