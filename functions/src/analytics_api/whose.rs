//! Whose figures a request asks for.
//!
//! Invariant: nobody but an administrator is answered about another, or about everybody.

use metering::email::Email;
use metering::report::{BadParameter, user};

use crate::http::Failure;
use crate::http::parameters::Parameters;
use crate::http::viewer::Viewer;

/// Who is asked about, if the viewer may.
pub(super) fn whose(viewer: &Viewer, parameters: &Parameters) -> Result<Email, Failure> {
    let email = user::email(parameters.iter())?;
    let email = email.unwrap_or_else(|| viewer.email().clone());
    if viewer.may_see(&email) { Ok(email) } else { Err(Failure::Forbidden) }
}

/// Whose figures are asked for, everybody's where it is nobody's, and what else is asked; of both that are bad the first
/// by name is told.
pub(super) fn whose_in<T>(
    viewer: &Viewer,
    parameters: &Parameters,
    other: Result<T, BadParameter>,
) -> Result<(Option<Email>, T), Failure> {
    let email = user::email(parameters.iter());
    let bad = [email.as_ref().err(), other.as_ref().err()].into_iter().flatten();
    if let Some(first) = bad.min_by_key(|bad| bad.field) {
        return Err(first.clone().into());
    }
    let whose = email?.or_else(|| viewer.whose().cloned());
    let is_theirs = whose.as_ref().is_none_or(|email| viewer.may_see(email));
    if is_theirs { Ok((whose, other?)) } else { Err(Failure::Forbidden) }
}
