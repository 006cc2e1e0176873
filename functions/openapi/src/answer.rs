//! The media types of each route's answer, and the schema of each.
//!
//! Invariant: an answer's schema comes from the type that the function serializes.

use contract::Route;
use metering::report::alerts::QuotaAlerts;
use metering::report::anomalies::FoundAnomalies;
use metering::report::breakdown::Breakdown;
use metering::report::company::CompanyStats;
use metering::report::export::ExportedCall;
use metering::report::forecast::CallForecast;
use metering::report::heatmap::Heatmap;
use metering::report::realtime::Realtime;
use metering::report::security::Security;
use metering::report::series::TimeSeries;
use metering::report::summary::Summary;
use metering::report::user::UserStats;
use schemars::{Schema, SchemaGenerator, json_schema};

pub(crate) const JSON: &str = "application/json";
/// A document of one schema a line.
pub(crate) const JSON_LINES: &str = "application/jsonl";
pub(crate) const CSV: &str = "text/csv";
/// Pages for people.
const HTML: &str = "text/html";

/// The media types of a good answer with the schema of each, by reference where it has a name; of JSON lines that of a
/// line.
pub(crate) fn content(route: Route, generator: &mut SchemaGenerator) -> Vec<(&'static str, Schema)> {
    let schema = match route {
        Route::Deadlines => generator.subschema_for::<deadlines::Page<'static>>(),
        Route::Realtime => generator.subschema_for::<Realtime>(),
        Route::TimeSeries => generator.subschema_for::<TimeSeries>(),
        Route::UserStats => generator.subschema_for::<UserStats>(),
        Route::Alerts => generator.subschema_for::<QuotaAlerts>(),
        Route::Heatmap => generator.subschema_for::<Heatmap>(),
        Route::Breakdown => generator.subschema_for::<Breakdown>(),
        Route::Summary => generator.subschema_for::<Summary>(),
        Route::CompanyStats => generator.subschema_for::<CompanyStats>(),
        Route::Security => generator.subschema_for::<Security>(),
        Route::Forecast => generator.subschema_for::<CallForecast>(),
        Route::Anomalies => generator.subschema_for::<FoundAnomalies>(),
        Route::Export => {
            let line = generator.subschema_for::<ExportedCall<'static>>();
            return vec![(CSV, json_schema!({ "type": "string" })), (JSON_LINES, line)];
        }
        Route::OpenApi => json_schema!({ "type": "object", "required": ["openapi", "info", "paths"] }),
        Route::Dashboard => return vec![(HTML, json_schema!({ "type": "string" }))],
    };
    vec![(JSON, schema)]
}
