//! An action written by hand where a grant belongs.

use stacks::policy::Grant;
use stacks::table::TableHandle;

fn main() {
    let table = TableHandle::elsewhere("windows".into());
    let _ = table.name();
    let _: Vec<Grant> = vec!["dynamodb:PutItem"];
}
