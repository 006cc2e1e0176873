//! `destroy`: back to synchronous counting, or stacks removed, and no call lost on the way.
//!
//! Invariant: the Kinesis stack goes only after everything on its stream has been counted; data goes only with
//! `--delete-data` and the environment's name typed out.

pub mod close_windows;
pub mod result;
pub mod synchronous;

use std::time::Duration;

use anyhow::Result;
use cloudformation::data_resource::DataResource;
use cloudformation::resource_type;
use cloudformation::status::Status;
use contract::{Environment, Toggle, name};
use stacks::App;
use xtask::{Failure, Printer, cli, workspace};

use cloud::Connection;
use cloud::console::confirm::{Approval, typed_name};
use cloud::console::interrupt::unless_interrupted;
use cloud::console::observer::Observer as _;
use cloud::console::reporter::Reporter;
use cloud::stack::{order, read, settle};
use cloud::system::drain::{self, Drained};
use cloud::system::failed_batch::Bucket;
use cloud::system::{authorizer, batch_buckets, data};
use result::Removed;

/// What is to go.
#[derive(Debug)]
struct DestroyPlan<'a> {
    connection: &'a Connection,
    env: &'a Environment,
    args: &'a cli::Destroy,
    /// The stacks that are there, in the order in which they go.
    stacks: Vec<String>,
    /// The data that is left behind, or deleted with `--delete-data`.
    data: Vec<DataResource>,
    reporter: &'a Reporter,
}

/// Carries `destroy` out.
///
/// # Errors
/// When it is not approved, the stream does not drain, or a stack cannot be deleted.
pub async fn run(args: &cli::Destroy, printer: &Printer) -> Result<()> {
    let reporter = Reporter::full(printer, args.json);
    let outcome = unless_interrupted(destroy(args, &reporter)).await;
    reporter.end(outcome, Removed::document, |removed| removed.show(printer))
}

async fn destroy(args: &cli::Destroy, reporter: &Reporter) -> Result<Removed> {
    let toggle = workspace::toggle()?;
    let env = &args.cloud.env.env;
    let wanted = wanted(env, toggle, &args.stacks)?;
    let connection = Connection::open(&args.cloud).await?;
    let mut stacks = Vec::new();
    for stack in &wanted {
        let description = read::describe(&connection, stack).await?;
        if description.is_some_and(|stack| read::status(&stack) != Status::DeleteComplete.name()) {
            stacks.push(stack.clone());
        }
    }
    let app = workspace::app(env, Toggle::On, connection.target(), authorizer::architecture(&connection, env).await?)?;
    let mut data = data::find(&connection, &app, &wanted).await?;
    if wanted.contains(&name::kinesis_stack(env)) {
        data.extend(batch_buckets::buckets(&connection, &app, reporter).await?);
    }
    let plan = DestroyPlan { connection: &connection, env, args, stacks, data, reporter };
    if plan.is_done() {
        return Ok(Removed { kept: plan.data, ..Removed::default() });
    }
    plan.approve().await?;
    let drained = plan.release_stream(toggle, app).await?;
    plan.remove_stacks().await?;
    let deleted = plan.remove_data(drained).await?;
    let kept = plan.data.iter().filter(|resource| !deleted.contains(resource)).cloned().collect();
    Ok(Removed { stacks: plan.stacks, deleted, kept, drained })
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
        return Err(Failure::usage("ENABLE_KINESIS_ANALYTICS is on, so there is no stack to remove")
            .hint("unset it to go back to synchronous counting: ENABLE_KINESIS_ANALYTICS= cargo xtask destroy")
            .hint(format!("or name what should go: {}", known.join(", ")))
            .into());
    }
    Ok(all.iter().filter(|stack| goes(stack)).cloned().collect())
}

impl DestroyPlan<'_> {
    fn goes(&self, stack: &str) -> bool {
        self.stacks.iter().any(|name| name == stack)
    }

    /// Whether the stream goes: with its stack, or after it, where an earlier run was interrupted between the two.
    fn stream_goes(&self) -> bool {
        self.goes(&name::kinesis_stack(self.env))
            || self.data.iter().any(|resource| resource.resource_type == resource_type::STREAM)
    }

    fn is_done(&self) -> bool {
        self.stacks.is_empty() && !self.stream_goes() && (self.data.is_empty() || !self.args.delete_data)
    }

    async fn approve(&self) -> Result<()> {
        let Self { args, env, stacks, data, reporter, .. } = self;
        if self.stream_goes() {
            reporter
                .note("  ~ the API goes to synchronous counting, or with its stack; what is on the stream is counted");
        }
        for stack in stacks {
            reporter.note(&format!("  - remove {stack}"));
        }
        for resource in data {
            let DataResource { name, resource_type, .. } = resource;
            reporter.note(&match resource_type.as_str() {
                _ if args.delete_data => format!("  - DELETE WITH ITS DATA {name} {resource_type}"),
                resource_type::STREAM => format!("  - delete {name} {resource_type}, once everything on it is counted"),
                resource_type::BUCKET => format!("  - delete {name} {resource_type}, if nothing is in it"),
                _ => format!("  = keep, with its data, {name} {resource_type}"),
            });
        }
        if args.delete_data {
            let whose = if stacks.is_empty() { "what earlier stacks left".to_owned() } else { stacks.join(", ") };
            let what = format!("All data of {whose} is deleted and cannot be had back.");
            return typed_name(env.as_str(), args.confirm.as_deref(), &what).await;
        }
        let question = match stacks.len() {
            0 => "Delete the stream that an earlier run left?".to_owned(),
            1 => format!("Remove {}?", stacks.join(", ")),
            n_stacks => format!("Remove {n_stacks} stacks?"),
        };
        Approval::from_flag(args.yes).obtain(&question).await
    }

    /// Before the stream goes, and its stack: nothing writes to the stream any more, and everything on it is counted.
    async fn release_stream(&self, toggle: Toggle, app: App) -> Result<Option<bool>> {
        let Self { connection, env, args, reporter, .. } = self;
        if !self.stream_goes() {
            return Ok(None);
        }
        let api = name::api_stack(env);
        if self.goes(&api) {
            remove(connection, &api, self.reporter).await?;
        } else {
            synchronous::make(self, toggle, app).await?;
        }
        let drained = drain::drain(connection, env, Duration::from_secs(args.wait), *reporter).await?;
        if let Drained::Not(left) = drained {
            let failure = self.not_drained(&left).await;
            if !args.delete_data {
                return Err(failure.into());
            }
            reporter.note(&format!("{failure}; going on, because --delete-data says so"));
            return Ok(Some(false));
        }
        close_windows::close(connection, env, *reporter).await?;
        Ok(Some(true))
    }

    /// What is left on the stream, and what to do about it.
    async fn not_drained(&self, left: &str) -> Failure {
        let stack = name::kinesis_stack(self.env);
        let failure = Failure::new(format!("the stream is not drained: {left}"));
        if !self.goes(&stack) {
            return failure
                .hint("the stream stays, and no call is lost, but its processor is gone")
                .hint("deploy with ENABLE_KINESIS_ANALYTICS=true, which adopts the stream, then run destroy again");
        }
        let failure = failure.hint(format!("{stack} stays as it is, and no call is lost"));
        // Only a hint hangs on it: where the bucket cannot be read, the rest is still true.
        let failure = if self.has_given_up().await.unwrap_or(false) {
            failure
                .hint("batches that the processor gave up on are not counted, however long you wait")
                .hint("`cargo xtask errors list` shows them, `cargo xtask logs stream-processor` may say what stopped them")
                .hint("`cargo xtask errors replay` puts them on the stream again, once that is fixed")
        } else {
            failure.hint("`cargo xtask logs stream-processor` may say what is wrong; where it is only slow, add --wait")
        };
        failure.hint("run the same command again once it is fixed: it goes on from there")
    }

    async fn has_given_up(&self) -> Result<bool> {
        match Bucket::find(self.connection, self.env).await? {
            Some(bucket) => Ok(!bucket.newest(1).await?.is_empty()),
            None => Ok(false),
        }
    }

    async fn remove_stacks(&self) -> Result<()> {
        for stack in &self.stacks {
            remove(self.connection, stack, self.reporter).await?;
        }
        Ok(())
    }

    /// Deletes what was asked for, and what a drained stream leaves: the stream itself, which holds no call that is not
    /// counted and would cost money every hour, and the bucket of failed batches where it is empty.
    async fn remove_data(&self, drained: Option<bool>) -> Result<Vec<DataResource>> {
        let Self { connection, args, reporter, .. } = self;
        let mut deleted = Vec::new();
        for resource in &self.data {
            let is_spent = match resource.resource_type.as_str() {
                resource_type::STREAM => drained == Some(true),
                resource_type::BUCKET => drained == Some(true) && data::is_empty(connection, &resource.name).await?,
                _ => false,
            };
            if args.delete_data {
                reporter.note(&format!("deleting {} and its data", resource.name));
            } else if is_spent {
                reporter.note(&format!("deleting {}: nothing in it is waiting to be counted", resource.name));
            } else {
                if resource.resource_type == resource_type::BUCKET {
                    reporter.note(&format!(
                        "{} keeps batches that the processor gave up: they are not counted",
                        resource.name
                    ));
                }
                continue;
            }
            data::delete(connection, resource).await?;
            deleted.push(resource.clone());
        }
        for resource in &deleted {
            data::until_gone(connection, resource).await?;
        }
        Ok(deleted)
    }
}

/// Deletes a stack, unless it is gone already. What is under way in it, such as the deletion of an earlier run, is
/// followed first.
async fn remove(connection: &Connection, stack: &str, reporter: &Reporter) -> Result<()> {
    let Some(description) = settle::wait_until_stable(connection, stack, None, reporter).await? else { return Ok(()) };
    if read::status(&description) == Status::DeleteComplete.name() {
        return Ok(());
    }
    reporter.note(&format!("removing {stack}"));
    settle::delete(connection, description.stack_id().unwrap_or(stack), None, reporter).await
}

#[cfg(test)]
mod tests;
