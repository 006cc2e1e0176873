//! The parameters of a request, as every route takes them.
//!
//! Invariant: each has one value, and they are read in the order of their names, so that of several bad ones always
//! the same is named.

use std::collections::BTreeMap;

use aws_lambda_events::apigw::ApiGatewayProxyRequest;

use super::Failure;

/// Longest name that a message repeats, in bytes.
const MAX_NAME_BYTES: usize = 40;

/// The parameters by name. Names are told apart by case, and values are as the gateway decoded them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// The parameters of a request.
    ///
    /// # Errors
    /// When one is given twice, known or not, with one value or two: which of them is meant, nobody can say.
    pub fn of(request: &ApiGatewayProxyRequest) -> Result<Self, Failure> {
        // The map of single values has the last of several, on AWS, and the first, on others.
        let all = &request.multi_value_query_string_parameters;
        let all = if all.is_empty() { &request.query_string_parameters } else { all };
        let mut parameters = BTreeMap::new();
        let mut repeated = Vec::new();
        for (name, value) in all.iter() {
            if parameters.insert(name.to_owned(), value.to_owned()).is_some() {
                repeated.push(name);
            }
        }
        repeated.into_iter().min().map_or(Ok(Self(parameters)), |name| Err(Failure::BadRequest(given_once(name))))
    }

    /// Name and value of each, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Names a parameter, unless its name is one that a caller made up to be repeated.
fn given_once(name: &str) -> String {
    let is_plain = (1..=MAX_NAME_BYTES).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if is_plain { format!("`{name}` must be given once") } else { "each parameter must be given once".into() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(several: Value, single: Value) -> Result<Vec<(String, String)>, String> {
        let event = json!({
            "httpMethod": "GET", "requestContext": { "httpMethod": "GET" },
            "multiValueQueryStringParameters": several, "queryStringParameters": single,
        });
        let parameters = Parameters::of(&serde_json::from_value(event).unwrap());
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        parameters.map(|all| all.iter().map(own).collect()).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_parameter_given_twice_is_refused_whatever_the_map_of_single_values_says() {
        for values in [json!(["XX", "NZ"]), json!(["NZ", "NZ"]), json!(["", ""])] {
            let refused = of(json!({ "country": values, "limit": ["5"] }), json!({ "country": "NZ", "limit": "5" }));
            assert_eq!(refused, Err("`country` must be given once".into()), "{values}");
        }
        let hostile = of(json!({ "<script>": ["1", "2"] }), json!(null));
        assert_eq!(hostile, Err("each parameter must be given once".into()));
    }

    #[test]
    fn of_several_given_twice_the_first_by_name_is_named_every_time() {
        for _ in 0..50 {
            let refused = of(json!({ "month": ["1", "2"], "limit": ["1", "2"], "year": ["1", "2"] }), json!(null));
            assert_eq!(refused, Err("`limit` must be given once".into()));
        }
    }

    #[test]
    fn parameters_are_read_by_name_from_whichever_map_there_is() {
        let expected = vec![("a".to_owned(), "1".to_owned()), ("b".to_owned(), String::new())];
        assert_eq!(of(json!({ "b": [""], "a": ["1"] }), json!(null)), Ok(expected.clone()));
        assert_eq!(of(json!(null), json!({ "b": "", "a": "1" })), Ok(expected));
        assert_eq!(of(json!(null), json!(null)), Ok(Vec::new()));
    }
}
