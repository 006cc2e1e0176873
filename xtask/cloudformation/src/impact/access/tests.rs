use serde_json::json;

use crate::impact::access::*;

fn one(resource_type: &str, properties: Value) -> Value {
    json!({"Resources": {"Thing": {"Type": resource_type, "Properties": properties}}})
}

fn why(resource_type: &str, old: Value, new: Value) -> Vec<String> {
    findings(&one(resource_type, old), &one(resource_type, new)).into_iter().map(|finding| finding.why).collect()
}

fn nothing() -> [String; 0] {
    []
}

#[test]
fn a_statement_that_comes_to_a_role_widens_it_and_names_the_statement() {
    let role = |actions: Value| {
        one(
            "AWS::IAM::Role",
            json!({"Policies": [{"PolicyName": "own", "PolicyDocument": {"Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": {"Fn::GetAtt": ["Calls", "Arn"]}}]}}]}),
        )
    };
    let found =
        findings(&role(json!(["dynamodb:GetItem"])), &role(json!(["dynamodb:GetItem", "dynamodb:DeleteTable"])));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].why, "allows dynamodb:DeleteTable on Calls.Arn");
    assert_eq!(found[0].path, "Properties.Policies[PolicyName=own].PolicyDocument.Statement[0]");
    assert_eq!(findings(&role(json!(["a", "b"])), &role(json!(["a"]))), []);
}

#[test]
fn a_managed_policy_and_a_boundary_that_goes_widen_a_role() {
    let found = why("AWS::IAM::Role", json!({"PermissionsBoundary": "b"}), json!({"ManagedPolicyArns": ["arn:admin"]}));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].ends_with("arn:admin"), "{found:?}");
}

#[test]
fn a_bucket_policy_that_goes_no_longer_denies() {
    let policy = one(
        "AWS::S3::BucketPolicy",
        json!({"PolicyDocument": {"Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "B"}]}}),
    );
    let found = findings(&policy, &json!({"Resources": {}}));
    assert_eq!(found[0].why, "no longer denies * s3:* on B");
}

#[test]
fn a_permission_that_comes_or_loses_its_source_widens() {
    let resource_type = "AWS::Lambda::Permission";
    let bound = json!({"Principal": "apigateway.amazonaws.com", "Action": "lambda:InvokeFunction",
        "FunctionName": {"Ref": "Authorizer"}, "SourceArn": "arn:api"});
    let mut free = bound.clone();
    free.as_object_mut().unwrap().remove("SourceArn");
    let sentence = "apigateway.amazonaws.com may lambda:InvokeFunction Authorizer";
    let found = findings(&Value::Null, &one(resource_type, bound.clone()));
    assert_eq!((found[0].why.clone(), found[0].path.as_str()), (format!("{sentence} for arn:api"), ""));
    assert_eq!(why(resource_type, bound.clone(), free), [format!("{sentence} for any source")]);
    assert_eq!(why(resource_type, bound.clone(), bound), nothing());
}

#[test]
fn a_method_without_an_authorizer_is_open_to_anybody() {
    let resource_type = "AWS::ApiGateway::Method";
    let method = |authorization: &str, authorizer: &str| json!({"HttpMethod": "GET", "AuthorizationType": authorization, "AuthorizerId": {"Ref": authorizer}});
    assert_eq!(
        why(resource_type, method("CUSTOM", "A"), method("NONE", "A")),
        ["anybody may call GET: no authorizer decides"]
    );
    assert_eq!(findings(&Value::Null, &one(resource_type, method("NONE", "A"))).len(), 1);
    assert_eq!(
        findings(&Value::Null, &one(resource_type, json!({"HttpMethod": "OPTIONS", "AuthorizationType": "NONE"}))),
        []
    );
    assert_eq!(findings(&Value::Null, &one(resource_type, method("CUSTOM", "A"))), []);
    assert_eq!(why(resource_type, method("NONE", "A"), method("NONE", "A")), nothing());
    assert_eq!(why(resource_type, method("CUSTOM", "A"), method("CUSTOM", "B")).len(), 1);
}

#[test]
fn an_authorizer_that_decides_otherwise_is_marked() {
    let resource_type = "AWS::ApiGateway::Authorizer";
    let found =
        why(resource_type, json!({"AuthorizerResultTtlInSeconds": 0}), json!({"AuthorizerResultTtlInSeconds": 60}));
    assert_eq!(found, ["a revoked key goes on working for up to 60 s"]);
    assert_eq!(
        why(resource_type, json!({"AuthorizerResultTtlInSeconds": 0}), json!({})).len(),
        1,
        "the default is 300 s"
    );
    assert_eq!(why(resource_type, json!({"AuthorizerUri": "a"}), json!({"AuthorizerUri": "b"})).len(), 1);
}

#[test]
fn a_bucket_whose_public_access_block_loosens_is_marked() {
    let block =
        |on: bool| json!({"PublicAccessBlockConfiguration": {"BlockPublicAcls": on, "BlockPublicPolicy": true}});
    assert_eq!(why("AWS::S3::Bucket", block(true), block(false)).len(), 1);
    assert_eq!(why("AWS::S3::Bucket", block(true), json!({})).len(), 2);
    assert_eq!(why("AWS::S3::Bucket", block(false), block(true)), nothing());
}

#[test]
fn a_user_pool_that_lets_anybody_sign_up_is_marked() {
    let pool = |only: bool| json!({"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": only}});
    assert_eq!(why("AWS::Cognito::UserPool", pool(true), pool(false)), ["anybody may sign up"]);
    assert_eq!(why("AWS::Cognito::UserPool", pool(false), pool(false)), nothing());
}

#[test]
fn a_client_that_may_sign_in_in_another_way_is_marked() {
    let flows = |flows: Value| json!({ "ExplicitAuthFlows": flows });
    let found = why("AWS::Cognito::UserPoolClient", flows(json!(["A"])), flows(json!(["A", "B"])));
    assert_eq!(found, ["a client may also use B"]);
}
