//! The schema of each route's answer.
//!
//! Invariant: an answer's schema comes from the type that the function serializes.

use contract::Route;
use metering::report::alerts::QuotaAlerts;
use metering::report::breakdown::Breakdown;
use metering::report::company::CompanyStats;
use metering::report::heatmap::Heatmap;
use metering::report::realtime::Realtime;
use metering::report::security::Security;
use metering::report::series::TimeSeries;
use metering::report::summary::Summary;
use metering::report::user::UserStats;
use schemars::{Schema, SchemaGenerator, json_schema};

/// The schema of a good answer, by reference where it has a name.
pub(crate) fn schema(route: Route, generator: &mut SchemaGenerator) -> Schema {
    match route {
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
        Route::OpenApi => json_schema!({ "type": "object", "required": ["openapi", "info", "paths"] }),
        Route::Dashboard => json_schema!({ "type": "string" }),
    }
}
