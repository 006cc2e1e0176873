//! What a deploy would fail for, found before anything is built or changed, and all of it at once.
//!
//! Invariant: what cannot be found out is shown as not checked, never as a failure and never as fine.

pub mod name;
pub mod quota;

use anyhow::Result;
use contract::Environment;
use futures::future::join_all;
use serde_json::Value;
use stacks::Stack;
use xtask::{Failure, build, cli, failure};

use cloud::Connection;
use cloud::aws::error::failed_to;
use cloud::aws::package_bucket;
use cloud::console::observer::Observer as _;
use cloud::console::reporter::Reporter;

/// What a check has found.
#[derive(Debug)]
pub enum PreflightFinding {
    /// The deploy would fail for it.
    Problem(Failure),
    /// The caller may not look, or the service does not answer.
    NotChecked(String),
}

/// What is looked at.
#[derive(Debug)]
pub struct Preflight<'a> {
    pub connection: &'a Connection,
    /// The stacks that are to be deployed, with their templates.
    pub declared: &'a [(&'a Stack, Value)],
    /// The processor that is built for.
    pub arch: cli::Arch,
}

impl PreflightFinding {
    /// That something could not be looked at.
    pub fn not_checked(error: &anyhow::Error) -> Self {
        Self::NotChecked(format!("{error:#}"))
    }
}

impl Preflight<'_> {
    /// Looks at everything, with the problems that are known already.
    ///
    /// # Errors
    /// When there is a problem: the problem itself, or how many there are, each told before.
    pub async fn check(&self, env: &Environment, mut problems: Vec<Failure>, reporter: &Reporter) -> Result<()> {
        let Self { connection, arch, .. } = self;
        if !connection.is_local() {
            problems.extend(build::missing(*arch)?);
        }
        problems.extend(region(connection.region()));
        let account = match connection.account().await {
            Ok(account) => account,
            Err(error) => {
                problems.push(known(&error));
                if !connection.is_local() {
                    reporter.note(
                        "not checked: quotas, names and the bucket of packages, because the account does not answer",
                    );
                }
                String::new()
            }
        };
        if !account.is_empty() {
            reporter.note(&format!("deploying {env} to account {account}, {}", connection.region()));
        }
        // The local system has no quotas, and takes names over.
        if !account.is_empty() && !connection.is_local() {
            for finding in self.look(&account).await {
                match finding {
                    PreflightFinding::Problem(problem) => problems.push(problem),
                    PreflightFinding::NotChecked(what) => reporter.note(&format!("not checked: {what}")),
                }
            }
        }
        verdict(problems, reporter)
    }

    async fn look(&self, account: &str) -> Vec<PreflightFinding> {
        let Self { connection, declared, .. } = self;
        let templates: Vec<&Value> = declared.iter().map(|(_, template)| template).collect();
        let (bucket, shards, concurrency, names) = tokio::join!(
            package_bucket(connection, account),
            quota::shards(connection, declared),
            quota::concurrency(connection, &templates),
            join_all(declared.iter().map(|(stack, template)| name::taken(connection, stack.name(), template)))
        );
        [bucket, shards, concurrency].into_iter().chain(names).flatten().collect()
    }
}

fn verdict(mut problems: Vec<Failure>, reporter: &Reporter) -> Result<()> {
    if problems.len() < 2 {
        return problems.pop().map_or(Ok(()), |problem| Err(problem.into()));
    }
    let n_problems = problems.len();
    problems.iter().for_each(|problem| reporter.problem(problem));
    Err(Failure::new(format!("{n_problems} problems, and nothing was changed"))
        .hint("fix what is named above, then run the same command again")
        .into())
}

/// An error as a failure, with what it has to say.
pub fn known(error: &anyhow::Error) -> Failure {
    let known = failure::failures(error).first().copied().cloned();
    known.unwrap_or_else(|| Failure::new(format!("{error:#}")))
}

/// A region that is misspelled answers nothing, and the SDK only says that nothing answers.
fn region(region: &str) -> Option<Failure> {
    let parts: Vec<&str> = region.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase());
    let looks_right = match parts.as_slice() {
        [area, words @ .., number] => {
            (2..=4).contains(&area.len())
                && !words.is_empty()
                && words.iter().all(is_word)
                && number.len() <= 2
                && number.parse::<u8>().is_ok()
        }
        _ => false,
    };
    (!looks_right).then(|| {
        Failure::new(format!("`{region}` is not an AWS region"))
            .hint(format!("give one such as {} with --region or AWS_REGION", contract::name::DEFAULT_REGION))
    })
}

/// The name of the bucket is made of the account's number, but anybody may have taken it.
async fn package_bucket(connection: &Connection, account: &str) -> Vec<PreflightFinding> {
    let bucket = package_bucket::name(account, connection.region());
    let asked = connection.s3().head_bucket().bucket(&bucket).expected_bucket_owner(account).send().await;
    let Err(error) = asked else { return Vec::new() };
    let status = error.raw_response().map(|response| response.status().as_u16());
    match status {
        Some(404) => Vec::new(),
        Some(403) => vec![PreflightFinding::Problem(
            Failure::new(format!("the bucket {bucket} is another account's, or these credentials may not use it"))
                .hint("if it is not yours, deploy to another region, whose bucket has another name")
                .hint("if it is, allow the deploying user s3:ListBucket, s3:GetObject and s3:PutObject on it"),
        )],
        _ => vec![PreflightFinding::not_checked(&failed_to(format!("look at the bucket {bucket}"))(error))],
    }
}

#[cfg(test)]
mod tests {
    use xtask::Printer;

    use super::*;

    #[test]
    fn a_region_has_an_area_words_and_a_number() {
        for good in ["ap-south-1", "us-gov-west-1", "eu-isoe-west-1", "ap-southeast-12"] {
            assert!(region(good).is_none(), "{good}");
        }
        for bad in ["mumbai", "ap_south_1", "ap-south", "ap-south-one", "AP-SOUTH-1", "", "ap-1"] {
            assert!(region(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn one_problem_is_the_error_itself_and_several_are_counted() {
        let reporter = Reporter::full(&Printer, None);
        assert!(verdict(Vec::new(), &reporter).is_ok());
        let one = verdict(vec![Failure::usage("the toggle")], &reporter).unwrap_err();
        assert_eq!((one.to_string().as_str(), failure::exit_status(&one)), ("the toggle", 2));
        let two = verdict(vec![Failure::usage("the toggle"), Failure::new("b")], &reporter).unwrap_err();
        assert_eq!((failure::exit_status(&two), two.to_string().starts_with("2 problems")), (1, true));
    }
}
