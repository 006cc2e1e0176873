//! What to deploy, and how.
//!
//! Invariant: one plan from the first look at the account to the last event.

use stacks::App;
use xtask::package::Package;

use crate::Connection;
use crate::console::confirm::Approval;
use crate::console::observer::Observer;
use crate::stack::change_set::ChangeSetOptions;

/// What to deploy, and how.
#[derive(Debug)]
pub struct Plan<'a> {
    pub connection: &'a Connection,
    pub app: &'a App,
    /// The names of the stacks; none for all.
    pub stacks: &'a [String],
    /// The functions' packages; none to keep the code that is deployed.
    pub packages: &'a [Package],
    /// Who says yes.
    pub approval: Approval,
    /// Whether data may go.
    pub allow_data_loss: bool,
    /// How CloudFormation carries it out.
    pub options: ChangeSetOptions,
    /// Who is told.
    pub observer: &'a dyn Observer,
}
