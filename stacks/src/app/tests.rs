//! What the stacks are by the toggle, the environment and the target.

use std::collections::BTreeSet;

use contract::{Function, name, variable};
use serde_json::{Value as Json, json};

use super::*;
use crate::Warning;

fn app(env: &str, toggle: Toggle, target: Target) -> App {
    let settings = match env {
        "prod" => include_str!("../../environments/prod.toml"),
        _ => include_str!("../../environments/test.toml"),
    };
    let (env, settings) = (env.parse().unwrap(), Settings::parse(settings).unwrap());
    App { env, toggle, settings, target, architecture: Architecture::X86_64 }
}

fn templates(app: &App) -> Vec<Json> {
    app.stacks().unwrap_or_else(|problems| panic!("{problems}")).iter().map(Stack::template).collect()
}

fn of_type<'a>(template: &'a Json, resource_type: &str) -> Vec<&'a Json> {
    template["Resources"].as_object().unwrap().values().filter(|resource| resource["Type"] == resource_type).collect()
}

#[test]
fn the_toggle_changes_the_authorizer_and_the_routes() {
    let id = Function::ApiKeyAuthorizer.logical_id();
    let on = &templates(&app("test", Toggle::On, Target::Aws))[1];
    let off = &templates(&app("test", Toggle::Off, Target::Aws))[0];
    let (with, without) = (&on["Resources"][id]["Properties"], &off["Resources"][id]["Properties"]);
    assert_eq!(with["Handler"], contract::function::AUTHORIZER_KINESIS_HANDLER);
    assert_eq!(without["Handler"], contract::function::AUTHORIZER_ENHANCED_HANDLER);
    let stream = |function: &Json| function["Environment"]["Variables"][variable::KINESIS_STREAM].clone();
    assert_eq!((stream(with), stream(without)), (json!(name::stream(&Environment::default())), Json::Null));
    assert!(!off.to_string().contains("kinesis:PutRecord") && on.to_string().contains("kinesis:PutRecord"));
    let routes = |template| of_type(template, "AWS::ApiGateway::Method").len();
    assert_eq!((routes(on), routes(off)), (contract::Route::ALL.len(), 1));
}

#[test]
fn another_definition_of_the_api_is_another_deployment() {
    let deployment = |toggle| {
        let template = templates(&app("test", toggle, Target::Aws))
            .into_iter()
            .find(|template| !of_type(template, "AWS::ApiGateway::Deployment").is_empty());
        let template = template.unwrap();
        let ids = template["Resources"].as_object().unwrap().keys();
        ids.filter(|id| id.starts_with("Deployment")).cloned().collect::<Vec<_>>()
    };
    assert_eq!(deployment(Toggle::On).len(), 1);
    assert_eq!(deployment(Toggle::On), deployment(Toggle::On));
    assert_ne!(deployment(Toggle::On), deployment(Toggle::Off));
}

#[test]
fn data_is_protected_outside_test() {
    for (env, protected) in [("test", false), ("prod", true)] {
        for template in templates(&app(env, Toggle::On, Target::Aws)) {
            for table in of_type(&template, "AWS::DynamoDB::Table") {
                assert_eq!(table["Properties"]["DeletionProtectionEnabled"], protected, "{table}");
            }
        }
    }
}

#[test]
fn the_local_target_goes_without_what_it_refuses_and_says_so() {
    let dropped = |target| {
        let stacks = app("prod", Toggle::On, target).stacks().unwrap();
        stacks.iter().flat_map(|stack| stack.dropped().map(ToString::to_string).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    assert_eq!(dropped(Target::Aws), [""; 0]);
    let dropped = dropped(Target::Local);
    assert_eq!(dropped.len(), 3, "{dropped:?}");
    assert!(dropped[0].starts_with("UsageStreamFanOut (AWS::Kinesis::StreamConsumer): "), "{dropped:?}");
    assert!(dropped[1].starts_with("RecordsNotCounted (AWS::CloudWatch::Alarm): "), "{dropped:?}");
    assert!(dropped[2].starts_with("UsageReportsStopped (AWS::CloudWatch::Alarm): "), "{dropped:?}");
}

#[test]
fn the_stream_is_polled_by_lambda_or_by_our_runner_never_by_both() {
    for (target, enabled, source) in [(Target::Aws, true, "UsageStreamFanOut"), (Target::Local, false, "UsageStream")] {
        let kinesis = &templates(&app("prod", Toggle::On, target))[0];
        let mapping = &of_type(kinesis, "AWS::Lambda::EventSourceMapping")[0]["Properties"];
        assert_eq!(mapping["Enabled"], enabled);
        assert_eq!(mapping["EventSourceArn"]["Fn::GetAtt"][0], source);
        assert_eq!(mapping["StartingPosition"], "TRIM_HORIZON");
        assert_eq!(mapping["BatchSize"], contract::limit::BATCH_SIZE);
    }
}

#[test]
fn only_a_stream_with_shards_has_a_scaler() {
    let text = include_str!("../../environments/test.toml");
    let on_demand = text.replace("\"provisioned\"", "\"on-demand\"");
    let without: String =
        on_demand.lines().filter(|line| !line.contains("shards =")).fold(String::new(), |all, line| all + line + "\n");
    for (settings, expected) in [(text, true), (without.as_str(), false)] {
        let app = App { settings: Settings::parse(settings).unwrap(), ..app("test", Toggle::On, Target::Aws) };
        for template in templates(&app) {
            let mentions = template.to_string().contains("StreamScaler");
            assert_eq!(mentions, expected && template["Resources"]["RestApi"].is_null(), "{}", template["Description"]);
        }
    }
}

#[test]
fn answers_are_known_by_asking_the_access_log_or_by_being_sent_it_or_not_at_all() {
    let text = include_str!("../../environments/test.toml");
    for (status, subscribed, asks) in [("poll", false, true), ("subscription", true, false), ("off", false, false)] {
        let settings = Settings::parse(&text.replace("\"poll\"", &format!("\"{status}\""))).unwrap();
        let app = App { settings, ..app("test", Toggle::On, Target::Aws) };
        let templates = templates(&app);
        let all = templates.iter().map(ToString::to_string).collect::<String>();
        assert_eq!((all.contains("logs:FilterLogEvents"), all.contains("ACCESS_LOG_SUBSCRIPTION")), (asks, subscribed));
        let filters: Vec<_> =
            templates.iter().flat_map(|template| of_type(template, "AWS::Logs::SubscriptionFilter")).collect();
        assert_eq!(filters.len(), usize::from(subscribed), "{status}");
        for filter in filters {
            assert_eq!(
                (&filter["DependsOn"], &filter["Properties"]["FilterPattern"]),
                (&json!(["AccessLogsPermission"]), &json!(""))
            );
            let to = filter["Properties"]["DestinationArn"].to_string();
            assert!(to.contains("CompliCal-Kinesis-test-RealtimeAggregator"), "{to}");
            let permission =
                &templates.iter().find(|template| !template["Resources"]["AccessLogsPermission"].is_null());
            let permission = &permission.unwrap()["Resources"]["AccessLogsPermission"]["Properties"];
            assert_eq!(permission["Principal"], "logs.amazonaws.com");
            assert_eq!(permission["SourceArn"], json!({"Fn::GetAtt": ["AccessLogs", "Arn"]}));
        }
        let off = App { toggle: Toggle::Off, ..app };
        assert!(!self::templates(&off).iter().any(|template| template.to_string().contains("SubscriptionFilter")));
    }
}

#[test]
fn alarms_that_nobody_hears_are_warned_of_until_somebody_subscribes() {
    let warnings = |line: &str, toggle, target| {
        let text = include_str!("../../environments/prod.toml").replace("[alarms]", &format!("[alarms]\n{line}"));
        App { settings: Settings::parse(&text).unwrap(), ..app("prod", toggle, target) }.warnings()
    };
    let unheard = warnings("", Toggle::On, Target::Aws);
    assert_eq!(unheard, [Warning::AlarmsUnheard("prod".parse().unwrap())]);
    let (said, hint) = (unheard[0].to_string(), unheard[0].hint());
    assert!(
        said.contains("nobody hears the alarms of prod") && hint.contains("stacks/environments/prod.toml"),
        "{said}"
    );
    for heard in ["email = \"night@example.com\"", "subscribed-elsewhere = true"] {
        assert_eq!(warnings(heard, Toggle::On, Target::Aws), []);
    }
    assert_eq!(warnings("subscribed-elsewhere = false", Toggle::On, Target::Aws), unheard);
    // Without the dashboard stack there are no alarms, and the local system wakes nobody.
    assert_eq!([warnings("", Toggle::Off, Target::Aws), warnings("", Toggle::On, Target::Local)], [[], []]);
}

#[test]
fn whoever_judges_or_counts_by_plan_is_told_the_plans_and_each_has_a_dashboard() {
    let told_and_dashboards = |text: &str, toggle| {
        let text = format!("{}\n{text}", include_str!("../../environments/test.toml"));
        let app = App { settings: Settings::parse(&text).unwrap(), ..app("test", toggle, Target::Aws) };
        let (mut told, mut dashboards) = (BTreeSet::new(), BTreeSet::new());
        for template in templates(&app) {
            for function in of_type(&template, "AWS::Lambda::Function") {
                let plans = &function["Properties"]["Environment"]["Variables"][variable::PLANS];
                told.extend(plans.as_str().map(|plans| format!("{} {plans}", function["Properties"]["FunctionName"])));
            }
            let names = of_type(&template, "AWS::CloudWatch::Dashboard").into_iter();
            dashboards.extend(names.map(|dashboard| dashboard["Properties"]["DashboardName"].to_string()));
        }
        (
            told.len(),
            told.iter().all(|told| told.ends_with(" pro-2=80 pro2=")),
            dashboards.into_iter().collect::<Vec<_>>(),
        )
    };
    let plans = "[plans.pro-2]\nthresholds = [80]\n[plans.pro2]\nthresholds = []";
    let name = |plan: &str| format!("\"complical-usage-analytics-test{plan}\"");
    assert_eq!(told_and_dashboards("", Toggle::On), (0, true, vec![name("")]));
    assert_eq!(told_and_dashboards(plans, Toggle::On), (3, true, vec![name(""), name("-pro-2"), name("-pro2")]));
    assert_eq!(told_and_dashboards(plans, Toggle::Off), (1, true, vec![]));
}

#[test]
fn nobody_takes_the_address_of_another() {
    for toggle in [Toggle::On, Toggle::Off] {
        let stacks = templates(&app("prod", toggle, Target::Aws));
        let api = stacks.iter().find(|template| !template["Resources"]["UserPool"].is_null()).unwrap();
        let property = |id: &str, name: &str| api["Resources"][id]["Properties"][name].clone();
        assert_eq!(property("UserPoolClient", "WriteAttributes"), json!(["name"]));
        let before = &property("UserPool", "UserAttributeUpdateSettings")["AttributesRequireVerificationBeforeUpdate"];
        assert_eq!(*before, json!(["email"]));
        assert_eq!(property("UserPool", "UsernameConfiguration"), json!({"CaseSensitive": false}));
    }
}

#[test]
fn what_the_gateway_answers_by_itself_has_the_headers_of_every_answer() {
    let api = &templates(&app("test", Toggle::On, Target::Aws))[1];
    let answers = of_type(api, "AWS::ApiGateway::GatewayResponse");
    assert_eq!(answers.len(), crate::gateway_response::Refusal::ALL.len());
    for answer in answers {
        let header = |name: &str| &answer["Properties"]["ResponseParameters"][format!("gatewayresponse.header.{name}")];
        assert_eq!(*header("Cache-Control"), "'no-store'", "{answer}");
        assert_eq!(*header("X-Content-Type-Options"), "'nosniff'", "{answer}");
        assert_eq!(*header("Strict-Transport-Security"), "'max-age=31536000'", "{answer}");
        assert_eq!(*header("X-Request-Id"), "context.requestId", "{answer}");
        assert_eq!(*header("Content-Type"), "'application/problem+json'", "{answer}");
        let body = answer["Properties"]["ResponseTemplates"]["application/json"].as_str().unwrap();
        let problem: Json = serde_json::from_str(body).unwrap();
        assert_eq!(problem["detail"], problem["error"]["message"], "{answer}");
        let status = problem["status"].as_u64().map(|status| json!(status.to_string()));
        assert_eq!(status.unwrap_or_default(), answer["Properties"]["StatusCode"], "{answer}");
    }
}

#[test]
fn pages_of_configured_origins_are_told_so_by_every_method_and_every_answer_and_others_by_none() {
    let mut app = app("test", Toggle::On, Target::Aws);
    let of = |app: &App| {
        let all = templates(app);
        let methods = of_type(&all[1], "AWS::ApiGateway::Method").into_iter().cloned();
        let preflights = methods.filter(|method| method["Properties"]["HttpMethod"] == "OPTIONS").count();
        let answers = of_type(&all[1], "AWS::ApiGateway::GatewayResponse").into_iter();
        let name = "gatewayresponse.header.Access-Control-Allow-Origin";
        let origins: BTreeSet<String> =
            answers.map(|answer| answer["Properties"]["ResponseParameters"][name].to_string()).collect();
        let told = all[0].to_string().contains("CORS_ORIGINS") && all[1].to_string().contains("CORS_ORIGINS");
        (preflights, origins.into_iter().collect::<Vec<_>>(), told)
    };
    assert_eq!(of(&app), (0, vec!["null".to_owned()], false));
    for (origins, expected) in [
        (vec!["https://a.example"], "\"'https://a.example'\""),
        (vec!["https://a.example", "https://b.example"], "\"'*'\""),
    ] {
        app.settings.api.cors_origins = origins.into_iter().map(str::to_owned).collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(of(&app), (contract::Route::ALL.len(), vec![expected.to_owned()], true));
    }
}

#[test]
fn the_key_check_keeps_executions_of_its_own_and_the_analytics_api_is_capped() {
    let of = |env, name: Function| {
        let all = templates(&app(env, Toggle::On, Target::Aws));
        let resources = all.iter().find_map(|template| template["Resources"].get(name.logical_id())).unwrap();
        resources["Properties"]["ReservedConcurrentExecutions"].clone()
    };
    assert_eq!((of("prod", Function::ApiKeyAuthorizer), of("prod", Function::AnalyticsApi)), (json!(300), json!(50)));
    assert_eq!((of("test", Function::ApiKeyAuthorizer), of("test", Function::AnalyticsApi)), (Json::Null, Json::Null));
}

#[test]
fn every_resource_says_where_it_is_declared() {
    for stack in app("test", Toggle::On, Target::Aws).stacks().unwrap() {
        let template = stack.template();
        for id in template["Resources"].as_object().unwrap().keys() {
            let place = stack.declared_at(id).unwrap().to_string();
            let files = ["kinesis.rs:", "api.rs:", "dashboard.rs:", "alarms.rs:", "alarms/"];
            assert!(files.iter().any(|file| place.starts_with(&format!("stacks/src/{file}"))), "{id} at {place}");
        }
    }
}

#[test]
fn the_yaml_view_keeps_texts_that_look_like_something_else() {
    let stack = &app("test", Toggle::Off, Target::Aws).stacks().unwrap()[0];
    let yaml = stack.to_yaml();
    assert!(yaml.contains("\"2012-10-17\"") || yaml.contains("'2012-10-17'"), "{yaml}");
    assert!(yaml.contains("\"2010-09-09\"") || yaml.contains("'2010-09-09'"));
}

#[test]
fn the_code_of_each_function_is_a_parameter() {
    let kinesis = &templates(&app("test", Toggle::On, Target::Aws))[0];
    let parameters: Vec<&String> = kinesis["Parameters"].as_object().unwrap().keys().collect();
    assert_eq!(
        parameters,
        [
            "AnalyticsApiCodeKey",
            "CodeBucket",
            "RealtimeAggregatorCodeKey",
            "StreamProcessorCodeKey",
            "StreamScalerCodeKey",
            "UsageReportsCodeKey"
        ]
    );
}

#[test]
fn a_template_that_was_asked_for_early_has_what_was_declared_later() {
    let mut stack = Stack::new("Late", "Declared after it was read", Target::Aws);
    let before = stack.to_json();
    let url = crate::value::Value::<crate::value::kind::Url>::literal("https://example.com");
    stack.output("Late", "Declared late", &url);
    assert!(!before.contains("example.com") && stack.to_json().contains("example.com"));
}
