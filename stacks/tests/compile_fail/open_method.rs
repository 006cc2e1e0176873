//! A method that everybody may call.

use stacks::authorizer::{KeyAuthorizer, UserAuthorizer};
use stacks::bounded::PasswordLength;
use stacks::function::FunctionHandle;
use stacks::method::{Authorization, Method, Verb};
use stacks::rest_api::RestApi;
use stacks::table::Protection;
use stacks::user_pool::UserPool;
use stacks::{Stack, Target};

fn main() {
    let mut stack = Stack::new("Api", "An API", Target::Aws);
    let api = stack.add("Api", RestApi { name: "api".into(), description: "An API" });
    let function = FunctionHandle::elsewhere("answers".into());
    let keys = stack.add("Keys", KeyAuthorizer { api: api.clone(), name: "keys", function: function.clone() });
    let pool = UserPool { name: "users".into(), password: PasswordLength::of::<12>(), protection: Protection::On };
    let pool = stack.add("Pool", pool);
    let users = stack.add("Users", UserAuthorizer { api: api.clone(), name: "users", users: pool });
    let (by_key, by_token) = (Authorization::Keys(keys.clone()), Authorization::Users(users));
    let _ = (&by_key, &by_token, &keys);
    let method = Method { path: api.root(), verb: Verb::Get, function };
    stack.add("Method", method);
}
