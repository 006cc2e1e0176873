//! Under what names reports are kept.
//!
//! Invariant: a name tells of the period and says nothing of whose the report is to those who do not know it already.

use metering::hex;
use report::{Period, Whose};
use sha2::{Digest, Sha256};

/// The key of a report, without the end that says how it is written: `day/2026-11-25/user/` and a hash, for one.
pub(super) fn key(whose: &Whose, period: Period) -> String {
    let hashed = |kind, name: &str| format!("{}/{kind}/{}", folder(period), hex::encode(&Sha256::digest(name)[..16]));
    match whose {
        Whose::Everybody => format!("{}/everybody", folder(period)),
        Whose::Company(name) => hashed("company", name),
        Whose::User(email) => hashed("user", email),
    }
}

/// The key of the figures with which the reports of a period were begun.
pub(super) fn begun(period: Period) -> String {
    format!("{}/begun", folder(period))
}

fn folder(period: Period) -> String {
    let kind = match period {
        Period::Day(_) => "day",
        Period::Week(_) => "week",
        Period::Month(_) => "month",
    };
    format!("{kind}/{period}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_no_name_in_it_and_needs_no_escapes() {
        let period: Period = "2026-W48".parse().unwrap();
        assert_eq!(key(&Whose::Everybody, period), "week/2026-W48/everybody");
        let (user, company) = (Whose::User("a@b.au".into()), Whose::Company("a@b.au".into()));
        let keys = [key(&user, period), key(&company, period)];
        assert!(keys.iter().all(|key| !key.contains('@')), "{keys:?}");
        assert!(keys[0].starts_with("week/2026-W48/user/") && keys[1].starts_with("week/2026-W48/company/"));
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-".contains(c);
        assert!(key(&Whose::Company("../=Ä&?".into()), period).chars().all(is_plain));
    }
}
