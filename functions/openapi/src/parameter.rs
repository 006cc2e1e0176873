//! What values a parameter takes, as schema and example.
//!
//! Invariant: words and bounds are those of the types that read the parameter.

use contract::Route;
use contract::limit::MAX_COMPANY_BYTES;
use contract::route::{Form, Parameter};
use deadlines::{Agency, Country, DEFAULT_LIMIT, FIRST_YEAR, Kind, LAST_YEAR, MAX_LIMIT, MAX_OFFSET};
use metering::email::MAX_BYTES;
use metering::report::breakdown::{By, DEFAULT_ROWS, MAX_ROWS};
use metering::report::comparison::Earlier;
use metering::report::export::Format;
use metering::report::forecast::Horizon;
use metering::report::range::{Duration, Granularity};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// A parameter of a route's operation.
pub(crate) fn description(route: Route, parameter: &Parameter, generator: &mut SchemaGenerator) -> Value {
    let Parameter { name, form, description, is_required } = parameter;
    json!({
        "name": name, "in": "query", "description": description, "required": is_required,
        "schema": schema(route, *form, generator), "example": example(*form),
    })
}

fn schema(route: Route, form: Form, generator: &mut SchemaGenerator) -> Schema {
    match form {
        Form::Country => generator.subschema_for::<Country>(),
        Form::Obligation => generator.subschema_for::<Kind>(),
        Form::Agency => generator.subschema_for::<Agency>(),
        Form::Year => json_schema!({ "type": "integer", "minimum": FIRST_YEAR, "maximum": LAST_YEAR }),
        Form::Month => json_schema!({ "type": "integer", "minimum": 1, "maximum": 12 }),
        Form::PageSize => {
            json_schema!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT })
        }
        Form::Offset => json_schema!({ "type": "integer", "minimum": 0, "maximum": MAX_OFFSET, "default": 0 }),
        Form::Granularity => generator.subschema_for::<Granularity>(),
        Form::Duration => {
            let default = Duration::by_default(route);
            json_schema!({ "type": "string", "pattern": "^[0-9]+[mhd]$", "default": default })
        }
        Form::Instant => json_schema!({ "type": "string", "format": "date-time" }),
        Form::Zone => json_schema!({ "type": "string", "default": "UTC" }),
        Form::Dimensions => {
            let all: Vec<String> = By::all().map(|by| by.to_string()).collect();
            json_schema!({ "type": "string", "enum": all, "default": "path" })
        }
        Form::Rows => {
            json_schema!({ "type": "integer", "minimum": 1, "maximum": MAX_ROWS, "default": DEFAULT_ROWS })
        }
        Form::FileFormat => generator.subschema_for::<Format>(),
        Form::Cursor => json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" }),
        Form::Email => json_schema!({ "type": "string", "maxLength": MAX_BYTES }),
        Form::Earlier => generator.subschema_for::<Earlier>(),
        Form::Horizon => generator.subschema_for::<Horizon>(),
        Form::Company => json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX_COMPANY_BYTES }),
    }
}

/// A value that the parameter takes.
pub(crate) const fn example(form: Form) -> &'static str {
    match form {
        Form::Country => "AU",
        Form::Obligation => "gst",
        Form::Agency => "ATO",
        Form::Year => "2026",
        Form::Month => "12",
        Form::PageSize => "50",
        Form::Offset => "50",
        Form::Granularity => "hour",
        Form::Duration => "7d",
        Form::Instant => "2026-11-24T00:00:00Z",
        Form::Zone => "Australia/Sydney",
        Form::Dimensions => "path,status",
        Form::Rows => "20",
        Form::FileFormat => "csv",
        Form::Cursor => "AQAAAAGc",
        Form::Email => "user@example.com",
        Form::Earlier => "week",
        Form::Horizon => "7d",
        Form::Company => "Example",
    }
}
