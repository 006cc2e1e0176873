//! Which stacks, and in which order.
//!
//! Invariant: a name that is not a stack is an error, never silent success.

use anyhow::Result;
use stacks::Stack;
use xtask::Failure;

/// The stacks of these names, in the order they were declared; all of them for no names.
///
/// # Errors
/// When a name is none of the stacks': wrong usage, with the names there are.
pub fn select<'a>(stacks: &'a [Stack], names: &[String]) -> Result<Vec<&'a Stack>> {
    let known: Vec<&str> = stacks.iter().map(Stack::name).collect();
    check_names(&known, names)?;
    Ok(stacks.iter().filter(|stack| names.is_empty() || names.iter().any(|name| name == stack.name())).collect())
}

/// Checks that each name is known.
///
/// # Errors
/// When one is not: wrong usage, with the names there are.
pub fn check_names(known: &[&str], names: &[String]) -> Result<()> {
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => Err(Failure::usage(format!("there is no stack `{unknown}`"))
            .hint(format!("the stacks are: {}", known.join(", ")))
            .hint("which there are depends on --env and on ENABLE_KINESIS_ANALYTICS")
            .into()),
        None => Ok(()),
    }
}

/// The names of the stacks in waves: each wave depends only on earlier ones, so its stacks go at the same time.
///
/// # Errors
/// When stacks depend on each other in a circle: a defect of ours.
pub fn waves<'a>(stacks: &[&'a Stack]) -> Result<Vec<Vec<&'a str>>> {
    let needs: Vec<(&str, Vec<&str>)> =
        stacks.iter().map(|stack| (stack.name(), stack.depends_on().iter().map(AsRef::as_ref).collect())).collect();
    waves_of(&needs)
}

fn waves_of<'a>(needs: &[(&'a str, Vec<&'a str>)]) -> Result<Vec<Vec<&'a str>>> {
    let mut left: Vec<&(&str, Vec<&str>)> = needs.iter().collect();
    let mut waves = Vec::new();
    while !left.is_empty() {
        // What is not deployed now is taken to be there.
        let (ready, rest): (Vec<_>, Vec<_>) =
            left.iter().copied().partition(|(_, needs)| !left.iter().any(|(name, _)| needs.contains(name)));
        if ready.is_empty() {
            let names: Vec<&str> = rest.iter().map(|(name, _)| *name).collect();
            return Err(Failure::new(format!("stacks depend on each other in a circle: {}", names.join(", "))).into());
        }
        waves.push(ready.iter().map(|(name, _)| *name).collect());
        left = rest;
    }
    Ok(waves)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn independent_stacks_go_at_the_same_time_and_dependent_ones_after() {
        let needs =
            [("dashboard", vec!["api", "kinesis"]), ("api", vec!["kinesis"]), ("other", vec![]), ("kinesis", vec![])];
        let waves = waves_of(&needs).unwrap();
        assert_eq!(waves, [vec!["other", "kinesis"], vec!["api"], vec!["dashboard"]]);
    }

    #[test]
    fn a_stack_that_is_not_part_of_this_deploy_is_not_waited_for() {
        assert_eq!(waves_of(&[("api", vec!["kinesis"])]).unwrap(), [vec!["api"]]);
    }

    #[test]
    fn a_circle_is_an_error_that_names_it() {
        let error = waves_of(&[("a", vec!["b"]), ("b", vec!["a"])]).unwrap_err().to_string();
        assert!(error.contains("a, b"), "{error}");
    }

    #[test]
    fn an_unknown_name_is_wrong_usage() {
        let error = check_names(&["CompliCal-API-test"], &["Complical-API-test".to_owned()]).unwrap_err();
        assert_eq!(xtask::failure::exit_status(&error), 2);
    }
}
