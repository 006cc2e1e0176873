//! The values of a template's parameters: where each function's code is.
//!
//! Invariant: a function whose package is not given keeps the code it has.

use anyhow::Result;
use aws_sdk_cloudformation::types::Parameter;
use contract::name::CODE_BUCKET;
use serde_json::Value;
use xtask::Failure;
use xtask::package::Package;

/// The packages that templates ask for.
pub fn used<'a>(templates: &[Value], packages: &'a [Package]) -> Vec<&'a Package> {
    let asks_for = |package: &Package| {
        let parameter = package.parameter();
        templates.iter().any(|template| template["Parameters"].get(&parameter).is_some())
    };
    packages.iter().filter(|package| asks_for(package)).collect()
}

/// The values for one template.
///
/// # Errors
/// When a new stack asks for code that no package has.
pub fn values(template: &Value, bucket: &str, packages: &[Package], is_new: bool) -> Result<Vec<Parameter>> {
    let mut values = Vec::new();
    for (name, declared) in template["Parameters"].as_object().into_iter().flatten() {
        let parameter = Parameter::builder().parameter_key(name);
        let package = packages.iter().find(|package| package.parameter() == *name);
        let value = match package {
            _ if name == CODE_BUCKET => parameter.parameter_value(bucket),
            Some(package) => parameter.parameter_value(package.key()),
            None if declared.get("Default").is_some() => continue,
            None if !is_new => parameter.use_previous_value(true),
            None => return Err(Failure::new(format!("there is no package for the parameter {name}")).into()),
        };
        values.push(value.build());
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::Function;
    use serde_json::json;

    #[test]
    fn code_that_is_not_given_stays_as_it_is() {
        let template = json!({"Parameters": {
            "CodeBucket": {"Type": "String"}, "StreamProcessorCodeKey": {"Type": "String"}, "AnalyticsApiCodeKey": {"Type": "String"}
        }});
        let package = Package { function: Function::StreamProcessor, sha256: "ab".into(), zip: "x.zip".into() };
        let packages = [package];
        let values = values(&template, "bucket", &packages, false).unwrap();
        let value = |name: &str| values.iter().find(|value| value.parameter_key() == Some(name)).unwrap().clone();
        assert_eq!(value("CodeBucket").parameter_value(), Some("bucket"));
        assert_eq!(value("StreamProcessorCodeKey").parameter_value(), Some("functions/stream-processor/ab.zip"));
        assert_eq!(value("AnalyticsApiCodeKey").use_previous_value(), Some(true));
        assert!(super::values(&template, "bucket", &packages, true).is_err());
        assert_eq!(used(&[template], &packages).len(), 1);
    }
}
