//! Who calls: companies, their people, the keys of each.
//!
//! Invariant: everybody is made up, and their addresses lead nowhere (RFC 2606). The first is the user with whose figures
//! the local system begins.

/// A person who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their address.
    pub email: String,
    /// Their company.
    pub company: &'static str,
    /// How many keys they have.
    pub keys: u64,
    /// How often they call, beside others.
    pub(crate) weight: u64,
    /// Whether machines call for them, day and night.
    pub(crate) is_machine: bool,
}

/// The companies with their domains.
const COMPANIES: [(&str, &str); 5] = [
    ("Example Pty Ltd", "example.com"),
    ("Harbour Tax Pty Ltd", "harbour.example"),
    ("Outback Payroll Pty Ltd", "outback.example"),
    ("Southern Books, Inc.", "southern.example"),
    ("=Formula & Sons", "formula.example"),
];

/// Everybody, the one who calls most first.
pub fn everybody() -> Vec<Person> {
    let names = ["user", "ben", "chloé", "dev#ops", "eru"];
    let people = COMPANIES.iter().enumerate().flat_map(|(n, (company, domain))| {
        names.iter().take(5 - n).enumerate().map(move |(m, name)| Person {
            email: format!("{name}@{domain}"),
            company,
            keys: 1 + (n + m) as u64 % 4,
            weight: 120 / (1 + (n * 2 + m) as u64),
            is_machine: (n + m) % 3 == 1,
        })
    });
    people.collect()
}
