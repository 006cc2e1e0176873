//! The API stack: the HTTP API, who may call it, its functions and tables.
//!
//! Invariant: every route asks who may, as `contract::route` has it, and what the gateway answers by itself looks like any other answer.

use std::collections::BTreeMap;

use contract::route::Access;
use contract::{Function, Route, Toggle, limit, name};

use crate::authorizer::{KeyAuthorizer, UserAuthorizer};
use crate::bounded::{MemoryMib, PasswordLength, Timeout};
use crate::function::{FunctionHandle, Variable};
use crate::gateway_response::{GatewayResponse, Refusal};
use crate::lambda::Lambda;
use crate::log_group::{LogGroup, LogGroupHandle};
use crate::method::{Authorization, Method, Verb, camel};
use crate::metric_filter::UndeliveredEvents;
use crate::permission::Permission;
use crate::rest_api::{PathHandle, PathPart, RestApi, RestApiHandle};
use crate::role::GatewayLogRole;
use crate::settings::StatusSource;
use crate::stage::{Deployment, GatewayAccount, SignIn, Stage, Throttle};
use crate::stream::StreamHandle;
use crate::subscription_filter::SubscriptionFilter;
use crate::table::{BY_USER, PENDING_BY_PARTITION, Table, TableHandle};
use crate::user_pool::{UserPool, UserPoolClient, UserPoolGroup, UserPoolHandle};
use crate::value::{Expression, Value, kind};
use crate::{App, Stack, Target};

/// The tables of this stack.
struct Tables {
    keys: TableHandle,
    usage: TableHandle,
    deadlines: TableHandle,
}

/// Declares the stack.
pub(crate) fn stack(app: &App) -> Stack {
    let description = format!("CompliCal HTTP API, its functions and tables ({})", app.env);
    let mut stack = Stack::new(name::api_stack(&app.env), description, app.target);

    let tables = tables(app, &mut stack);
    let (users, sign_in) = users(app, &mut stack);
    let authorizer = authorizer(app, &mut stack, &tables);
    let deadlines = deadlines(app, &mut stack, &tables);

    let api = RestApi { name: name::rest_api(&app.env), description: "Tax and compliance deadlines, and who asks" };
    let api = stack.add("RestApi", api);
    let mut definition = routes(app, &mut stack, &api, authorizer, deadlines, &users);
    for to in Refusal::ALL {
        let id = format!("Answer{}", to.id());
        let origins = app.settings.api.cors_origins.clone();
        stack.add(&id, GatewayResponse { api: api.clone(), to, origins });
        definition.push(id);
    }
    let stage = stage(app, &mut stack, &api, &definition, sign_in);

    let url = Expression::text("https://")
        .then(api.id().expression())
        .and(".execute-api.")
        .then(&Expression::reference("AWS::Region"))
        .and(".")
        .then(&Expression::reference("AWS::URLSuffix"))
        .and("/")
        .then(stage.expression());
    stack.output("RestApiId", "The REST API", api.id());
    stack.output("ApiUrl", "Where /v1/... begins", &Value::<kind::Url>::from(url));
    stack.output("UserPoolId", "Who may ask for statistics", users.id());
    stack
}

/// Keys, usage and deadlines.
fn tables(app: &App, stack: &mut Stack) -> Tables {
    let mut table = |id, name, indexes| stack.add(id, Table { name, indexes, protection: app.protection() });
    Tables {
        keys: table("ApiKeysTable", name::keys_table(&app.env), vec![BY_USER]),
        usage: table("ApiUsageTable", name::usage_table(&app.env), vec![PENDING_BY_PARTITION]),
        deadlines: table("DeadlinesTable", name::deadlines_table(&app.env), Vec::new()),
    }
}

/// Who may ask for statistics, and where they sign in.
fn users(app: &App, stack: &mut Stack) -> (UserPoolHandle, SignIn) {
    let users = UserPool {
        name: format!("complical-users-{}", app.env),
        password: PasswordLength::of::<12>(),
        protection: app.protection(),
    };
    let users = stack.add("UserPool", users);
    let client = stack.add("UserPoolClient", UserPoolClient { name: "command-line", users: users.clone() });
    let administrators =
        UserPoolGroup { name: "admin", description: "Reads everybody's statistics", users: users.clone() };
    stack.add("AdminGroup", administrators);
    stack.output("UserPoolClientId", "By which users sign in", &client);
    (users, SignIn { url: sign_in_url(app.target), client })
}

/// The API of user pools. On this machine it is where the page is, which asks nobody else.
fn sign_in_url(target: Target) -> Value<kind::Url> {
    match target {
        Target::Aws => Expression::text("https://cognito-idp.")
            .then(&Expression::reference("AWS::Region"))
            .and(".")
            .then(&Expression::reference("AWS::URLSuffix"))
            .and("/")
            .into(),
        Target::Local => Value::literal("/"),
    }
}

/// Decides each call and counts it: on the stream with the toggle on, in the usage table with it off.
fn authorizer(app: &App, stack: &mut Stack, tables: &Tables) -> FunctionHandle {
    let mut variables = vec![
        Variable::Environment(app.env.clone()),
        Variable::KeysTable(tables.keys.name().clone()),
        Variable::UsageTable(tables.usage.name().clone()),
    ];
    variables.extend(Variable::plans(&app.settings.plans));
    let mut grants = vec![tables.keys.look_up(), tables.usage.meter()];
    if app.toggle.is_on() {
        let stream = StreamHandle::elsewhere(name::stream(&app.env));
        let analytics = TableHandle::elsewhere(name::analytics_table(&app.env));
        variables.push(Variable::Stream(stream.name().clone()));
        variables.push(Variable::AnalyticsTable(analytics.name().clone()));
        grants.extend([stream.produce(), analytics.read()]);
    }
    let authorizer = Lambda {
        function: Function::ApiKeyAuthorizer,
        memory: MemoryMib::of::<512>(),
        timeout: Timeout::of::<{ limit::AUTHORIZER_TIMEOUT_SECONDS }>(),
        reserved_concurrency: app.settings.api.authorizer_reserved_concurrency,
        variables,
        grants,
    };
    let (authorizer, logs) = authorizer.declare_with_logs(stack, app);
    stack.add("UndeliveredEvents", UndeliveredEvents { logs });
    authorizer
}

/// Answers `/v1/deadlines`.
fn deadlines(app: &App, stack: &mut Stack, tables: &Tables) -> FunctionHandle {
    let mut variables = vec![Variable::DeadlinesTable(tables.deadlines.name().clone())];
    variables.extend(Variable::cors_origins(&app.settings.api.cors_origins));
    if app.settings.api.rate_limit_headers {
        variables.push(Variable::RateLimitHeaders);
    }
    let deadlines = Lambda {
        function: Function::DeadlinesApi,
        memory: MemoryMib::of::<512>(),
        timeout: Timeout::of::<10>(),
        reserved_concurrency: None,
        variables,
        grants: vec![tables.deadlines.browse()],
    };
    deadlines.declare(stack, app)
}

/// Every route. Gives the logical ids of the methods.
fn routes(
    app: &App,
    stack: &mut Stack,
    api: &RestApiHandle,
    authorizer: FunctionHandle,
    deadlines: FunctionHandle,
    users: &UserPoolHandle,
) -> Vec<String> {
    let keys = KeyAuthorizer { api: api.clone(), name: "api-keys", function: authorizer.clone() };
    let keys = stack.add("KeyAuthorizer", keys);
    let source = Expression::text("authorizers/").then(keys.expression());
    stack.add("KeyAuthorizerPermission", Permission::by_api(api.id(), &source, &authorizer));
    let analytics = (app.toggle == Toggle::On).then(|| {
        let users = UserAuthorizer { api: api.clone(), name: "users", users: users.clone() };
        let users = stack.add("UserAuthorizer", users);
        stack.needs(name::kinesis_stack(&app.env));
        (users, FunctionHandle::elsewhere(Function::AnalyticsApi.physical_name(&app.env)))
    });

    let mut paths = BTreeMap::from([(String::new(), api.root())]);
    let mut methods = Vec::new();
    for route in Route::ALL {
        let (authorizer, function) = match (route.entry().access, &analytics) {
            (Access::Key, _) => (Authorization::Keys(keys.clone()), &deadlines),
            (Access::Token, Some((users, function))) => (Authorization::Users(users.clone()), function),
            (Access::Open, Some((_, function))) => (Authorization::Open, function),
            (Access::Token | Access::Open, None) => continue,
        };
        let path = path(stack, &mut paths, route.path());
        let preflight = (!app.settings.api.cors_origins.is_empty()).then_some((Verb::Options, Authorization::Open));
        for (verb, authorizer) in [(Verb::Get, authorizer)].into_iter().chain(preflight) {
            let method = Method { path: path.clone(), verb, authorizer, function: function.clone() };
            methods.push(method.declare(stack, app.env.as_str()));
        }
    }
    methods
}

/// A path, with those above it that are not declared yet.
#[track_caller]
fn path(stack: &mut Stack, declared: &mut BTreeMap<String, PathHandle>, path: &'static str) -> PathHandle {
    if let Some(handle) = declared.get(path) {
        return handle.clone();
    }
    let (above, part) = path.rsplit_once('/').unwrap_or(("", path));
    let parent = self::path(stack, declared, above);
    let id = format!("Path{}{}", camel(above), camel(part));
    let handle = stack.add(&id, PathPart { parent, part });
    declared.insert(path.to_owned(), handle.clone());
    handle
}

/// Has the access log sent to the aggregator.
fn subscribe(app: &App, stack: &mut Stack, access_logs: &LogGroupHandle) {
    let function = FunctionHandle::elsewhere(Function::RealtimeAggregator.physical_name(&app.env));
    stack.add("AccessLogsPermission", Permission::by_log(access_logs, &function));
    let filter = SubscriptionFilter { logs: access_logs.clone(), function };
    stack.add_after("AccessLogsToAggregator", filter, &["AccessLogsPermission".to_owned()]);
}

/// The API as callers reach it.
fn stage(
    app: &App,
    stack: &mut Stack,
    api: &RestApiHandle,
    definition: &[String],
    sign_in: SignIn,
) -> Value<kind::StageName> {
    // A deployment is a snapshot: another definition needs another, under another id.
    let id = format!("Deployment{:016X}", stack.fingerprint("AWS::ApiGateway::"));
    let deployment = stack.add_after(&id, Deployment { api: api.clone() }, definition);

    let role = stack.add("GatewayLogRole", GatewayLogRole);
    stack.add("GatewayAccount", GatewayAccount { role });
    let access_logs = LogGroup { name: name::access_log(&app.env), retention: app.settings.logs.access_days };
    let access_logs = stack.add("AccessLogs", access_logs);
    if (app.toggle, app.settings.api.status) == (Toggle::On, StatusSource::Subscription) {
        subscribe(app, stack, &access_logs);
    }
    let stage = Stage {
        api: api.clone(),
        deployment,
        name: app.env.as_str().into(),
        throttle: Throttle { rate: app.settings.api.requests_per_second, burst: app.settings.api.burst },
        sign_in,
        access_logs,
        tracing: app.settings.tracing,
    };
    // The stage is refused until the account has a role to write logs by.
    stack.add_after("Stage", stage, &["GatewayAccount".to_owned()])
}
