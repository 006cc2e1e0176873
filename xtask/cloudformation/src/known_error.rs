//! What to do about a failure whose reason is known.
//!
//! Invariant: a hint says something to do; a reason that is not known gets none.

/// Parts of the reasons that AWS gives, each with its cure; the first that fits counts.
const KNOWN: [(&str, &str); 24] = [
    (
        "already exists",
        "a resource with this name is left from an earlier deployment: remove it, or let the stack that owns it go first",
    ),
    (
        "UnreservedConcurrentExecution",
        "the account has too few executions to reserve any: leave `reserved-concurrency` out, or ask for more under Service Quotas",
    ),
    (
        "would exceed the shard quota",
        "the account has no shards left: fewer `shards`, or ask for more under Service Quotas",
    ),
    ("LimitExceeded", "a quota of the account is reached: ask for more under Service Quotas"),
    ("limit exceeded", "a quota of the account is reached: ask for more under Service Quotas"),
    ("is not authorized to perform", "the deploying user lacks the permission that is named"),
    ("AccessDenied", "the deploying user lacks a permission: the reason above names it, or CloudTrail does"),
    ("role defined for the function cannot be assumed", "the role was not ready yet: run the same command again"),
    ("explicit deny", "a policy of the organization forbids it: ask whoever owns the account"),
    ("eletion protection", "the table is protected: `destroy --delete-data` removes the protection knowingly"),
    ("DeletionProtection", "the table is protected: `destroy --delete-data` removes the protection knowingly"),
    ("Rate exceeded", "AWS throttles: run the same command again"),
    ("ThrottlingException", "AWS throttles: run the same command again"),
    ("TooManyRequests", "AWS throttles: run the same command again"),
    ("NoSuchKey", "the package is not in the bucket: run `cargo xtask deploy` again, which uploads it"),
    ("NoSuchBucket", "the bucket of packages is gone: run `cargo xtask deploy` again, which makes it"),
    ("is in use", "something else still uses it: wait for that stack to finish, then run the same command again"),
    ("currently being created", "something else changes it: wait until that is done, then run the same command again"),
    ("currently being updated", "something else changes it: wait until that is done, then run the same command again"),
    ("operation is in progress", "something else changes it: wait until that is done, then run the same command again"),
    ("bucket you tried to delete is not empty", "empty the bucket, or leave it behind as the hint below says"),
    (
        "custom-named resource requires replacing",
        "a resource with a fixed name cannot be replaced: take the change of the named property back",
    ),
    (
        "did not stabilize",
        "AWS was too slow: run the same command again, and look at the service's health if it stays so",
    ),
    ("Internal Failure", "AWS failed inside: run the same command again"),
];

/// What to do about it.
pub fn hint(reason: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(known, _)| reason.contains(known)).map(|(_, hint)| *hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_particular_hint_counts() {
        let concurrency = "Specified ReservedConcurrentExecutions for function decreases account's \
                           UnreservedConcurrentExecution below its minimum value of [10].";
        assert!(hint(concurrency).unwrap().contains("reserved-concurrency"));
        assert!(hint("Resource of type 'AWS::DynamoDB::Table' already exists.").unwrap().contains("remove it"));
        assert_eq!(hint("something never seen"), None);
    }
}
