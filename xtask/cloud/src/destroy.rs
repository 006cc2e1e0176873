//! `destroy`: back to synchronous counting, or stacks removed, and no call lost on the way.
//!
//! Invariant: the Kinesis stack goes only after everything on its stream has been counted; data goes only with
//! `--delete-data` and the environment's name typed out.

pub mod close;
pub mod data;
pub mod drain;
pub mod removed;

use std::time::Duration;

use anyhow::Result;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::types;
use contract::{Environment, Function, Toggle, function, name};
use stacks::{App, Architecture};
use xtask::{Failure, Printer, cli, workspace};

use crate::Connection;
use crate::aws_error::{failed_to, is_missing};
use crate::deploy::adopt::DataResource;
use crate::deploy::approval::{Approval, typed_name};
use crate::deploy::manner::Manner;
use crate::deploy::operation;
use crate::deploy::story::Story;
use crate::deploy::{self, Plan, order, state};
use crate::interrupt::unless_interrupted;
use drain::Drained;
use removed::Removed;

/// What is to go.
#[derive(Debug)]
struct Removal<'a> {
    connection: &'a Connection,
    env: &'a Environment,
    args: &'a cli::Destroy,
    /// The stacks that are there, in the order in which they go.
    stacks: Vec<String>,
    /// The data that is left behind, or deleted with `--delete-data`.
    data: Vec<DataResource>,
    story: &'a Story,
}

/// The command.
///
/// # Errors
/// When it is not approved, the stream does not drain, or a stack cannot be deleted.
pub async fn run(args: &cli::Destroy, printer: &Printer) -> Result<()> {
    let story = Story::full(printer, args.json);
    let outcome = unless_interrupted(destroy(args, &story)).await;
    story.end(outcome, Removed::document, |removed| removed.show(printer))
}

async fn destroy(args: &cli::Destroy, story: &Story) -> Result<Removed> {
    let printer = story.printer();
    let toggle = workspace::toggle()?;
    let env = &args.cloud.env.env;
    let wanted = wanted(env, toggle, &args.stacks)?;
    let connection = Connection::open(&args.cloud).await?;
    let mut stacks = Vec::new();
    for stack in &wanted {
        let description = operation::describe(&connection, stack).await?;
        if description.is_some_and(|stack| operation::status(&stack) != "DELETE_COMPLETE") {
            stacks.push(stack.clone());
        }
    }
    let app = workspace::app(env, Toggle::On, connection.target(), architecture(&connection, env).await?)?;
    let mut data = data::of_stacks(&connection, &app, &wanted).await?;
    if stacks.contains(&name::kinesis_stack(env)) {
        data.extend(data::failed_batches(&connection, &name::kinesis_stack(env)).await?);
    }
    if stacks.is_empty() && (data.is_empty() || !args.delete_data) {
        return Ok(Removed { kept: data, ..Removed::default() });
    }
    let removal = Removal { connection: &connection, env, args, stacks, data, story };
    removal.approve(printer).await?;
    let drained = removal.let_the_stream_go(toggle, app, printer).await?;
    removal.remove_stacks().await?;
    let deleted = removal.remove_data(drained, printer).await?;
    let kept = removal.data.iter().filter(|resource| !deleted.contains(resource)).cloned().collect();
    Ok(Removed { stacks: removal.stacks, deleted, kept, drained })
}

/// The stacks to remove, in the order in which they go: first those that only look at the others.
fn wanted(env: &Environment, toggle: Toggle, named: &[String]) -> Result<Vec<String>> {
    let all = [name::dashboard_stack(env), name::api_stack(env), name::kinesis_stack(env)];
    let known: Vec<&str> = all.iter().map(String::as_str).collect();
    order::check_names(&known, named)?;
    let goes = |stack: &String| match named {
        [] => *stack != name::api_stack(env),
        _ => named.contains(stack),
    };
    if named.is_empty() && toggle.is_on() {
        return Err(Failure::usage("ENABLE_KINESIS_ANALYTICS is on, so no stack is too many")
            .hint("unset it to go back to synchronous counting: ENABLE_KINESIS_ANALYTICS= cargo xtask destroy")
            .hint(format!("or name what should go: {}", known.join(", ")))
            .into());
    }
    Ok(all.iter().filter(|stack| goes(stack)).cloned().collect())
}

impl Removal<'_> {
    fn goes(&self, stack: &str) -> bool {
        self.stacks.iter().any(|name| name == stack)
    }

    async fn approve(&self, printer: &Printer) -> Result<()> {
        let Self { args, env, stacks, data, .. } = self;
        if self.goes(&name::kinesis_stack(env)) {
            printer
                .say("  ~ the API goes to synchronous counting, or with its stack; what is on the stream is counted");
        }
        for stack in stacks {
            printer.say(format!("  - remove {stack}"));
        }
        for resource in data {
            let DataResource { name, kind, .. } = resource;
            printer.say(match kind.as_str() {
                _ if args.delete_data => format!("  - DELETE WITH ITS DATA {name} {kind}"),
                "AWS::Kinesis::Stream" => format!("  - delete {name} {kind}, once everything on it is counted"),
                data::BUCKET => format!("  - delete {name} {kind}, if nothing is in it"),
                _ => format!("  = keep, with its data, {name} {kind}"),
            });
        }
        if args.delete_data {
            let what = format!("All data of {} is deleted and cannot be had back.", stacks.join(", "));
            return typed_name(env.as_str(), args.confirm.as_deref(), &what, printer).await;
        }
        Approval::of(args.yes).obtain(&format!("Remove {} stacks?", stacks.len()), printer).await
    }

    /// Before the Kinesis stack goes: nothing writes to the stream any more, and everything on it is counted.
    async fn let_the_stream_go(&self, toggle: Toggle, app: App, printer: &Printer) -> Result<Option<bool>> {
        let Self { connection, env, args, .. } = self;
        if !self.goes(&name::kinesis_stack(env)) {
            return Ok(None);
        }
        let api = name::api_stack(env);
        if self.goes(&api) {
            remove(connection, &api, self.story).await?;
        } else if operation::describe(connection, &api).await?.is_some() {
            self.make_synchronous(toggle, app, printer).await?;
        }
        let drained = drain::drain(connection, env, Duration::from_secs(args.wait), printer).await?;
        if let Drained::Not(left) = drained {
            let failure = Failure::new(format!("the stream is not drained: {left}"))
                .hint(format!("{} stays as it is, and no call is lost", name::kinesis_stack(env)))
                .hint("`cargo xtask logs stream-processor` may say what is wrong; where it is only slow, add --wait")
                .hint("run the same command again once it is mended: it goes on from there");
            if !args.delete_data {
                return Err(failure.into());
            }
            printer.say(format!("{failure}; going on, because --delete-data says so"));
            return Ok(Some(false));
        }
        close::close(connection, env, printer).await?;
        Ok(Some(true))
    }

    async fn make_synchronous(&self, toggle: Toggle, app: App, printer: &Printer) -> Result<()> {
        let Self { connection, env, args, .. } = self;
        if toggle.is_on() {
            let api = name::api_stack(env);
            return Err(Failure::usage(format!("{api} would go on sending calls to a stream that is gone"))
                .hint("unset ENABLE_KINESIS_ANALYTICS, so that the API goes back to synchronous counting first")
                .hint(format!("or remove {api} as well"))
                .into());
        }
        printer.say("the API goes to synchronous counting");
        let plan = Plan {
            connection,
            app: &App { toggle: Toggle::Off, ..app },
            stacks: &[name::api_stack(env)],
            packages: &[],
            approval: Approval::of(args.yes || args.delete_data),
            allow_data_loss: false,
            manner: Manner::default(),
            story: self.story,
        };
        deploy::deploy(&plan, printer).await?;
        // The function itself is asked: the stack may have been changed by hand.
        let handler = authorizer(connection, env).await?.and_then(|found| found.handler);
        if handler.as_deref().is_none_or(|handler| handler == function::AUTHORIZER_ENHANCED_HANDLER) {
            return Ok(());
        }
        Err(Failure::new(format!("the authorizer has the handler `{}`", handler.unwrap_or_default()))
            .hint("it should be the synchronous one by now: compare with `cargo xtask diff`")
            .into())
    }

    async fn remove_stacks(&self) -> Result<()> {
        for stack in &self.stacks {
            remove(self.connection, stack, self.story).await?;
        }
        Ok(())
    }

    /// Deletes what was asked for, and what a drained stream leaves: the stream itself, which holds no call that is not
    /// counted and would cost money every hour, and the bucket of failed batches where it is empty.
    async fn remove_data(&self, drained: Option<bool>, printer: &Printer) -> Result<Vec<DataResource>> {
        let Self { connection, args, .. } = self;
        let mut deleted = Vec::new();
        for resource in &self.data {
            let is_spent = match resource.kind.as_str() {
                "AWS::Kinesis::Stream" => drained == Some(true),
                data::BUCKET => drained == Some(true) && data::is_empty(connection, &resource.name).await?,
                _ => false,
            };
            if args.delete_data {
                printer.say(format!("deleting {} and its data", resource.name));
            } else if is_spent {
                printer.say(format!("deleting {}: nothing in it is waiting to be counted", resource.name));
            } else {
                if resource.kind == data::BUCKET {
                    printer.say(format!(
                        "{} keeps batches that the processor gave up: they are not counted",
                        resource.name
                    ));
                }
                continue;
            }
            data::delete(connection, resource).await?;
            deleted.push(resource.clone());
        }
        Ok(deleted)
    }
}

/// The authorizer as it is deployed; none where there is none.
pub(crate) async fn authorizer(
    connection: &Connection,
    env: &Environment,
) -> Result<Option<GetFunctionConfigurationOutput>> {
    let name = Function::ApiKeyAuthorizer.physical_name(env);
    match connection.lambda().get_function_configuration().function_name(&name).send().await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.as_service_error().is_some_and(is_missing) => Ok(None),
        Err(error) => Err(failed_to(format!("look at {name}"))(error)),
    }
}

/// The processor that the functions run on: their code stays, so it must stay as well.
async fn architecture(connection: &Connection, env: &Environment) -> Result<Architecture> {
    let found = authorizer(connection, env).await?;
    let is_arm = found.is_some_and(|found| found.architectures().contains(&types::Architecture::Arm64));
    Ok(if is_arm { Architecture::Arm64 } else { Architecture::X86_64 })
}

/// Deletes a stack, unless it is gone already.
async fn remove(connection: &Connection, stack: &str, story: &Story) -> Result<()> {
    let Some(description) = operation::describe(connection, stack).await? else { return Ok(()) };
    if operation::status(&description) == "DELETE_COMPLETE" {
        return Ok(());
    }
    story.say(format!("removing {stack}"));
    state::delete(connection, description.stack_id().unwrap_or(stack), None, story).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env() -> Environment {
        Environment::default()
    }

    #[test]
    fn with_the_toggle_off_and_no_name_the_api_stays() {
        let stacks = wanted(&env(), Toggle::Off, &[]).unwrap();
        assert_eq!(stacks, ["CompliCal-Dashboard-test", "CompliCal-Kinesis-test"]);
    }

    #[test]
    fn with_the_toggle_on_a_stack_has_to_be_named() {
        let error = wanted(&env(), Toggle::On, &[]).unwrap_err();
        assert_eq!(xtask::failure::exit_status(&error), 2);
        let named = ["CompliCal-API-test".to_owned()];
        assert_eq!(wanted(&env(), Toggle::On, &named).unwrap(), named);
    }

    #[test]
    fn an_unknown_stack_is_wrong_usage_and_removes_nothing() {
        let error = wanted(&env(), Toggle::Off, &["CompliCal-API-prod".to_owned()]).unwrap_err();
        assert_eq!(xtask::failure::exit_status(&error), 2);
    }
}
