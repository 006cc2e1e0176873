//! What a template costs without a call: what is paid for by the hour or the month because it is there.
//!
//! Invariant: only what prices.toml has a price for is counted; traffic and stored bytes are not in it.

use cloudformation::resource_type;
use serde_json::Value;

use super::estimate::HOURS_PER_MONTH;
use super::price::Prices;

/// Hours of retention that are free (Kinesis Data Streams pricing).
const FREE_RETENTION_HOURS: f64 = 24.0;

/// US dollars for a month of what a template declares; `Value::Null` is no template.
pub fn per_month(template: &Value, prices: &Prices) -> f64 {
    let resources = || template["Resources"].as_object().into_iter().flatten().map(|(_, resource)| resource);
    // A consumer is paid for by the shards of the stream it reads, which is in its own template.
    let shards: f64 = resources().filter(|resource| resource["Type"] == resource_type::STREAM).map(shards).sum();
    resources().map(|resource| of_resource(resource, shards, prices)).sum()
}

fn of_resource(resource: &Value, shards_read: f64, prices: &Prices) -> f64 {
    match resource["Type"].as_str().unwrap_or_default() {
        resource_type::STREAM if is_on_demand(resource) => HOURS_PER_MONTH * prices.kinesis_on_demand_hour.usd,
        resource_type::STREAM => {
            let is_extended = number(&resource["Properties"]["RetentionPeriodHours"]) > Some(FREE_RETENTION_HOURS);
            let extended = if is_extended { prices.kinesis_extended_retention_shard_hour.usd } else { 0.0 };
            shards(resource) * HOURS_PER_MONTH * (prices.kinesis_shard_hour.usd + extended)
        }
        resource_type::STREAM_CONSUMER => shards_read * HOURS_PER_MONTH * prices.kinesis_consumer_shard_hour.usd,
        resource_type::ALARM => prices.cloudwatch_alarm_month.usd,
        resource_type::DASHBOARD => prices.cloudwatch_dashboard_month.usd,
        _ => 0.0,
    }
}

fn is_on_demand(stream: &Value) -> bool {
    stream["Properties"]["StreamModeDetails"]["StreamMode"] == "ON_DEMAND"
}

/// The shards that are paid for: those of an on-demand stream are not.
fn shards(stream: &Value) -> f64 {
    if is_on_demand(stream) { 0.0 } else { number(&stream["Properties"]["ShardCount"]).unwrap_or_default() }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn stream(properties: Value) -> Value {
        json!({"Type": "AWS::Kinesis::Stream", "Properties": properties})
    }

    fn cost(resources: Value) -> f64 {
        per_month(&json!({"Resources": resources}), &Prices::read().unwrap())
    }

    #[test]
    fn shards_and_their_retention_are_paid_for_by_the_hour() {
        let prices = Prices::read().unwrap();
        let two = cost(json!({"S": stream(json!({"ShardCount": 2, "RetentionPeriodHours": 24}))}));
        assert_eq!(two, 2.0 * 730.0 * prices.kinesis_shard_hour.usd);
        let longer = cost(json!({"S": stream(json!({"ShardCount": "2", "RetentionPeriodHours": 168}))}));
        assert!((longer - two - 2.0 * 730.0 * prices.kinesis_extended_retention_shard_hour.usd).abs() < 1e-9);
    }

    #[test]
    fn an_on_demand_stream_is_paid_for_as_one_whatever_its_shards() {
        let on_demand = stream(json!({"StreamModeDetails": {"StreamMode": "ON_DEMAND"}, "ShardCount": 9}));
        assert_eq!(cost(json!({"S": on_demand})), 730.0 * Prices::read().unwrap().kinesis_on_demand_hour.usd);
    }

    #[test]
    fn a_consumer_is_paid_for_by_the_shards_it_reads() {
        let (alone, consumer) = (stream(json!({"ShardCount": 3})), json!({"Type": "AWS::Kinesis::StreamConsumer"}));
        let more = cost(json!({"S": alone, "C": consumer})) - cost(json!({"S": alone}));
        assert!((more - 3.0 * 730.0 * Prices::read().unwrap().kinesis_consumer_shard_hour.usd).abs() < 1e-9);
    }

    #[test]
    fn what_costs_by_use_alone_costs_nothing_here() {
        assert_eq!(per_month(&Value::Null, &Prices::read().unwrap()), 0.0);
        assert_eq!(cost(json!({"T": {"Type": "AWS::DynamoDB::Table"}, "F": {"Type": "AWS::Lambda::Function"}})), 0.0);
        let alarm = json!({"Type": "AWS::CloudWatch::Alarm"});
        assert_eq!(cost(json!({"A": alarm})), Prices::read().unwrap().cloudwatch_alarm_month.usd);
    }
}
