//! The stage of an API, as the ARN of a method names it.
//!
//! Invariant: a text that is not exactly the ARN of one method gives no stage, so that no policy covers more than one.

/// A stage of an API: `arn:aws:execute-api:{region}:{account}:{api}/{stage}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stage<'a> {
    arn: &'a str,
    api: &'a str,
    name: &'a str,
}

impl<'a> Stage<'a> {
    /// The stage of a method: `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{METHOD}/{path}` (API Gateway
    /// Developer Guide, "Resource format of permissions for executing API").
    pub(super) fn of(method_arn: &'a str) -> Option<Self> {
        let mut parts = method_arn.splitn(6, ':');
        let mut next = || parts.next();
        let (scheme, partition, service, region, account, method) =
            (next()?, next()?, next()?, next()?, next()?, next()?);
        let mut parts = method.splitn(4, '/');
        let mut next = || parts.next();
        let (api, name, verb, _path) = (next()?, next()?, next()?, next()?);
        let is_method = scheme == "arn"
            && (partition == "aws" || partition.strip_prefix("aws-").is_some_and(is_word))
            && service == "execute-api"
            && is_word(region)
            && account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && is_word(api)
            && is_word(name)
            && !verb.is_empty()
            && verb.bytes().all(|byte| byte.is_ascii_uppercase());
        let stage = method_arn.len() - method.len() + api.len() + 1 + name.len();
        is_method.then(|| Self { arn: &method_arn[..stage], api, name })
    }

    /// The API's id.
    pub(super) const fn api(&self) -> &'a str {
        self.api
    }

    pub(super) const fn name(&self) -> &'a str {
        self.name
    }

    /// What a policy calls all of its methods.
    pub(super) fn methods(&self) -> String {
        format!("{}/*", self.arn)
    }
}

/// Whether a text has nothing that a policy would read as a pattern or another part.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_one_of_its_stage() {
        for (arn, methods) in [
            (
                "arn:aws:execute-api:ap-south-1:123456789012:abc/test/GET/v1/deadlines",
                "arn:aws:execute-api:ap-south-1:123456789012:abc/test/*",
            ),
            (
                "arn:aws-cn:execute-api:cn-north-1:000000000000:a1/p-2/GET/",
                "arn:aws-cn:execute-api:cn-north-1:000000000000:a1/p-2/*",
            ),
            ("arn:aws:execute-api:r:123456789012:abc/test/GET/a:b/*", "arn:aws:execute-api:r:123456789012:abc/test/*"),
        ] {
            assert_eq!(Stage::of(arn).unwrap().methods(), methods);
        }
    }

    #[test]
    fn anything_else_has_no_stage() {
        for arn in [
            "",
            "*",
            "arn:aws:execute-api:*",
            "arn:aws:execute-api:ap-south-1:123456789012:abc/test",
            "arn:aws:execute-api:ap-south-1:123456789012:abc/test/GET",
            "arn:aws:execute-api:ap-south-1:123456789012:abc/test/*/v1/deadlines",
            "arn:aws:execute-api:ap-south-1:123456789012:abc/*/GET/v1/deadlines",
            "arn:aws:execute-api:ap-south-1:123456789012:*/test/GET/v1/deadlines",
            "arn:aws:execute-api:ap-south-1:123456789012:a?c/test/GET/v1/deadlines",
            "arn:aws:execute-api:ap-south-1:*:abc/test/GET/v1/deadlines",
            "arn:aws:execute-api:*:123456789012:abc/test/GET/v1/deadlines",
            "arn:aws:execute-api:ap-south-1:12345678901:abc/test/GET/v1/deadlines",
            "arn:aws:execute-api::123456789012:abc/test/GET/v1/deadlines",
            "arn:aws:execute-api:ap-south-1:123456789012:/test/GET/v1/deadlines",
            "arn:aws:execute-api:ap-south-1:123456789012:abc//GET/v1/deadlines",
            "arn:aws:execute-api:ap-south-1:123456789012:abc/${stage}/GET/v1/deadlines",
            "arn:aws:lambda:ap-south-1:123456789012:abc/test/GET/v1/deadlines",
            "arn:*:execute-api:ap-south-1:123456789012:abc/test/GET/v1/deadlines",
            "urn:aws:execute-api:ap-south-1:123456789012:abc/test/GET/v1/deadlines",
            " arn:aws:execute-api:ap-south-1:123456789012:abc/test/GET/v1/deadlines",
        ] {
            assert_eq!(Stage::of(arn), None, "{arn}");
        }
    }
}
