use serde_json::json;

use crate::template_diff::*;

fn of_properties(old: Value, new: Value) -> Vec<(String, Edit)> {
    let template = |properties: Value| json!({"Resources": {"Thing": {"Type": "A::B::C", "Properties": properties}}});
    let found = differences(&template(old), &template(new));
    found.into_iter().map(|change| (change.path, change.edit)).collect()
}

fn changed(old: Value, new: Value) -> Edit {
    Edit::Changed { old, new }
}

#[test]
fn equal_templates_have_no_change() {
    let template = json!({"Resources": {"A": {"Type": "T", "Properties": {"X": [1, {"Ref": "B"}]}}}, "Outputs": {}});
    assert_eq!(differences(&template, &template), []);
}

#[test]
fn a_number_and_the_same_number_as_text_are_alike() {
    assert_eq!(of_properties(json!({"T": "30", "B": true}), json!({"T": 30, "B": "true"})), []);
}

#[test]
fn a_nested_property_is_named_by_its_path() {
    let found = of_properties(
        json!({"Code": {"S3Key": "a", "S3Bucket": "b"}}),
        json!({"Code": {"S3Key": "c", "S3Bucket": "b"}}),
    );
    assert_eq!(found, [("Properties.Code.S3Key".to_owned(), changed(json!("a"), json!("c")))]);
}

#[test]
fn a_property_that_comes_or_goes_is_an_addition_or_a_removal() {
    let found = of_properties(json!({"Old": 1}), json!({"New": 2}));
    assert_eq!(
        found,
        [("Properties.New".to_owned(), Edit::Added(json!(2))), ("Properties.Old".to_owned(), Edit::Removed(json!(1)))]
    );
}

#[test]
fn a_reference_is_one_value() {
    let found = of_properties(json!({"Arn": {"Fn::GetAtt": ["A", "Arn"]}}), json!({"Arn": {"Ref": "A"}}));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "Properties.Arn");
}

#[test]
fn elements_with_names_are_compared_with_their_namesakes_wherever_they_stand() {
    let old = json!({"Tags": [{"Key": "a", "Value": 1}, {"Key": "b", "Value": 2}]});
    let new = json!({"Tags": [{"Key": "b", "Value": 3}, {"Key": "a", "Value": 1}, {"Key": "c", "Value": 4}]});
    let found = of_properties(old, new);
    assert_eq!(
        found,
        [
            ("Properties.Tags[Key=b].Value".to_owned(), changed(json!(2), json!(3))),
            ("Properties.Tags[Key=c]".to_owned(), Edit::Added(json!({"Key": "c", "Value": 4})))
        ]
    );
}

#[test]
fn a_list_of_words_is_compared_as_a_set() {
    let found = of_properties(json!({"Action": ["a", "b"]}), json!({"Action": ["b", "c"]}));
    assert_eq!(
        found,
        [
            ("Properties.Action".to_owned(), Edit::Removed(json!("a"))),
            ("Properties.Action".to_owned(), Edit::Added(json!("c")))
        ]
    );
}

#[test]
fn an_element_put_in_front_leaves_the_others_unchanged() {
    let old = json!({"Statement": [{"Effect": "Allow", "Action": "a"}]});
    let new = json!({"Statement": [{"Effect": "Allow", "Action": "b"}, {"Effect": "Allow", "Action": "a"}]});
    let found = of_properties(old, new);
    assert_eq!(found, [("Properties.Statement[0]".to_owned(), Edit::Added(json!({"Effect": "Allow", "Action": "b"})))]);
}

#[test]
fn a_statement_is_compared_with_the_one_that_it_shares_most_with() {
    let one = |action: &str, resource: &str| json!({"Effect": "Allow", "Action": action, "Resource": resource});
    let old = json!({"Statement": [one("a", "T"), one("b", "U")]});
    let found = of_properties(old, json!({"Statement": [one("c", "U"), one("a", "T")]}));
    assert_eq!(found, [("Properties.Statement[0].Action".to_owned(), changed(json!("b"), json!("c")))]);
    let found = of_properties(json!({"Statement": [one("a", "T")]}), json!({"Statement": [one("b", "U")]}));
    assert_eq!(found.len(), 2, "nothing in common is one that goes and one that comes: {found:?}");
}

#[test]
fn brackets_around_a_single_action_are_no_change() {
    let one = |action: Value| json!({"Statement": [{"Effect": "Allow", "Action": action, "Resource": "T"}]});
    assert_eq!(of_properties(one(json!(["a"])), one(json!("a"))), []);
    assert_eq!(of_properties(one(json!("a")), one(json!(["a", "b"]))).len(), 1);
}

#[test]
fn a_list_of_one_word_changes_as_that_word() {
    let found = of_properties(json!({"Architectures": ["arm64"]}), json!({"Architectures": ["x86_64"]}));
    assert_eq!(found, [("Properties.Architectures".to_owned(), changed(json!("arm64"), json!("x86_64")))]);
}

#[test]
fn a_list_in_another_order_is_a_change_of_order() {
    let found = of_properties(json!({"L": [1, 2]}), json!({"L": [2, 1]}));
    assert_eq!(found, [("Properties.L (order)".to_owned(), changed(json!([1, 2]), json!([2, 1])))]);
}

#[test]
fn json_in_a_string_is_compared_inside() {
    let found = of_properties(
        json!({"DashboardBody": "{\"start\":\"-PT3H\"}"}),
        json!({"DashboardBody": "{\"start\": \"-PT1H\"}"}),
    );
    assert_eq!(found, [("Properties.DashboardBody.start".to_owned(), changed(json!("-PT3H"), json!("-PT1H")))]);
    assert_eq!(of_properties(json!({"B": "{\"a\":1}"}), json!({"B": "{\"a\": 1}"})), []);
}

#[test]
fn a_resource_of_another_type_is_one_change() {
    let old = json!({"Resources": {"A": {"Type": "T1", "Properties": {"X": 1}}}});
    let new = json!({"Resources": {"A": {"Type": "T2", "Properties": {"Y": 1}}}});
    let found = differences(&old, &new);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].path.as_str(), found[0].resource_type.as_str()), ("Type", "T2"));
}

#[test]
fn without_a_deployed_stack_everything_is_added_as_a_whole() {
    let new = json!({"Description": "d", "Resources": {"A": {"Type": "T", "Properties": {"X": 1, "Y": 2}}}});
    let found = differences(&Value::Null, &new);
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|change| change.path.is_empty() && matches!(change.edit, Edit::Added(_))));
}

#[test]
fn outputs_parameters_and_the_rest_are_compared_too() {
    let old =
        json!({"Description": "a", "Outputs": {"Url": {"Value": "x"}}, "Parameters": {"Bucket": {"Type": "String"}}});
    let new = json!({"Description": "b", "Outputs": {"Url": {"Value": "y"}}});
    let found: Vec<_> = differences(&old, &new)
        .into_iter()
        .map(|c| format!("{} {} {}", c.logical_id, c.resource_type, c.path))
        .collect();
    assert_eq!(found, ["Bucket Parameter ", "Url Output Value", "Description Template "]);
}

#[test]
fn the_property_of_a_path_is_its_first_part() {
    assert_eq!(property("Properties.Tags[Key=a].Value"), Some("Tags"));
    assert_eq!(property("Properties.KeySchema (order)"), Some("KeySchema"));
    assert_eq!(property("DeletionPolicy"), None);
}
