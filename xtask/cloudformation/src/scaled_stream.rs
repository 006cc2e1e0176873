//! A stream whose number of shards a scaler of the same template chooses.
//!
//! Invariant: a number that the scaler may choose is taken back only when the settings begin with another one.

use contract::variable::{MAX_SHARDS, MIN_SHARDS};
use serde_json::{Value, json};

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

/// Has a template begin with this number, where the scaler may choose it.
pub fn set(template: &mut Value, scaled: &Scaled, shards: u32) {
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
