//! The stream's number of shards, which the scaler chooses once the stream is there.
//!
//! Invariant: a number that the scaler may choose is taken back only when the settings begin with another one.

use anyhow::Result;
use aws_sdk_kinesis::types::{StreamMode, StreamModeDetails};
use contract::variable::{MAX_SHARDS, MIN_SHARDS};
use serde_json::{Value, json};
use stacks::Stack;

use super::state::Way;
use crate::Connection;
use crate::aws_error::{failed_to, is_missing};
use crate::diff::source;

/// The property that the scaler owns.
pub const PROPERTY: &str = "ShardCount";
/// In the metadata of a stream whose template has the scaler's number: the one that the settings began with.
const BEGAN_WITH: &str = "ShardsBeganWith";

/// A stream of a template, whose shards a scaler of the same template chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scaled {
    /// The stream's logical id.
    pub logical_id: String,
    /// The stream's name.
    pub name: String,
    /// The fewest shards that the scaler leaves it.
    pub min: u32,
    /// The most that it gives it.
    pub max: u32,
}

impl Scaled {
    /// The stream of a template; nothing where nobody scales one.
    pub fn of(template: &Value) -> Option<Self> {
        let resources = template["Resources"].as_object()?;
        let bounds = resources.values().find_map(|resource| {
            let variables = &resource["Properties"]["Environment"]["Variables"];
            let bound = |name: &str| variables[name].as_str()?.parse().ok();
            Some((bound(MIN_SHARDS)?, bound(MAX_SHARDS)?))
        });
        let (min, max) = bounds?;
        let (logical_id, stream) =
            resources.iter().find(|(_, resource)| resource["Properties"][PROPERTY].is_number())?;
        let name = stream["Properties"]["Name"].as_str()?.to_owned();
        Some(Self { logical_id: logical_id.clone(), name, min, max })
    }

    /// Whether the scaler may choose this number.
    pub fn may_choose(&self, shards: u32) -> bool {
        (self.min..=self.max).contains(&shards)
    }
}

/// Has the templates of stacks that are there go on with the scaler's number: the one that they were deployed with, and
/// where drift is reverted the one that the stream has now, so that it is none.
///
/// # Errors
/// When what is deployed cannot be asked for.
pub async fn keep(
    connection: &Connection,
    revert_drift: bool,
    declared: &mut [(&Stack, Value)],
    ways: &[Way],
) -> Result<()> {
    let changed = declared.iter_mut().zip(ways).filter(|(_, way)| **way == Way::Update);
    for ((stack, template), _) in changed {
        let Some(scaled) = Scaled::of(template) else { continue };
        if let Some(deployed) = source::deployed(connection, stack.name()).await? {
            go_on(template, &deployed);
        }
        if revert_drift && let Some(shards) = open(connection, &scaled.name).await? {
            set(template, &scaled, shards);
        }
    }
    Ok(())
}

/// Has a template go on with the scaler's number where the deployed one has it, and the settings began with the same.
pub fn go_on(template: &mut Value, deployed: &Value) {
    let Some(scaled) = Scaled::of(template) else { return };
    let stream = &deployed["Resources"][&scaled.logical_id];
    let began_with = &stream["Metadata"][BEGAN_WITH];
    if *began_with == template["Resources"][&scaled.logical_id]["Properties"][PROPERTY]
        && let Some(shards) = number(&stream["Properties"][PROPERTY])
    {
        set(template, &scaled, shards);
    }
}

fn set(template: &mut Value, scaled: &Scaled, shards: u32) {
    let stream = &mut template["Resources"][&scaled.logical_id];
    let has = number(&stream["Properties"][PROPERTY]);
    if !scaled.may_choose(shards) || has == Some(shards) {
        return;
    }
    let began_with = number(&stream["Metadata"][BEGAN_WITH]).or(has);
    stream["Properties"][PROPERTY] = json!(shards);
    stream["Metadata"][BEGAN_WITH] = json!(began_with);
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok())
}

/// How many shards a stream has; nothing where it chooses them itself, or is not there.
async fn open(connection: &Connection, name: &str) -> Result<Option<u32>> {
    let asked = connection.kinesis().describe_stream_summary().stream_name(name).send().await;
    let summary = match asked {
        Ok(answer) => answer.stream_description_summary,
        Err(error) if error.as_service_error().is_some_and(is_missing) => None,
        Err(error) => return Err(failed_to(format!("look at the stream {name}"))(error)),
    };
    let provisioned = summary.filter(|summary| {
        summary.stream_mode_details().map(StreamModeDetails::stream_mode) != Some(&StreamMode::OnDemand)
    });
    Ok(provisioned.and_then(|summary| u32::try_from(summary.open_shard_count()).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(shards: u32) -> Value {
        json!({"Resources": {
            "Scaler": {"Properties": {"Environment": {"Variables": {MIN_SHARDS: "2", MAX_SHARDS: "10"}}}},
            "Stream": {"Properties": {"Name": "stream", PROPERTY: shards}}
        }})
    }

    fn shards(template: &Value) -> &Value {
        &template["Resources"]["Stream"]["Properties"][PROPERTY]
    }

    /// A template as it was deployed with the scaler's number.
    fn deployed(scalers: u32) -> Value {
        let mut deployed = template(2);
        let scaled = Scaled::of(&deployed).unwrap();
        set(&mut deployed, &scaled, scalers);
        deployed
    }

    #[test]
    fn a_stream_is_scaled_only_by_a_scaler() {
        let scaled = Scaled { logical_id: "Stream".into(), name: "stream".into(), min: 2, max: 10 };
        assert_eq!(Scaled::of(&template(2)), Some(scaled));
        let mut alone = template(2);
        alone["Resources"]["Scaler"] = json!({});
        assert_eq!(Scaled::of(&alone), None);
    }

    #[test]
    fn the_scalers_number_is_gone_on_with_until_the_settings_begin_with_another() {
        let mut next = template(2);
        go_on(&mut next, &deployed(4));
        assert_eq!(next, deployed(4), "nothing would change");
        let mut other = template(3);
        go_on(&mut other, &deployed(4));
        assert_eq!(other, template(3));
        let mut never_scaled = template(3);
        go_on(&mut never_scaled, &template(2));
        assert_eq!(never_scaled, template(3));
    }

    #[test]
    fn a_number_that_the_scaler_may_not_choose_is_not_taken() {
        assert_eq!(*shards(&deployed(11)), 2);
        assert_eq!(*shards(&deployed(1)), 2);
        assert_eq!(*shards(&deployed(10)), 10);
    }

    #[test]
    fn a_number_that_changes_again_still_tells_what_the_settings_began_with() {
        let mut again = deployed(4);
        let scaled = Scaled::of(&again).unwrap();
        set(&mut again, &scaled, 8);
        assert_eq!((shards(&again), &again["Resources"]["Stream"]["Metadata"][BEGAN_WITH]), (&json!(8), &json!(2)));
    }
}
