//! A grant, by a verb of what it is on.

use stacks::policy::Grant;
use stacks::table::TableHandle;

fn main() {
    let table = TableHandle::elsewhere("windows".into());
    let _ = table.name();
    let _: Vec<Grant> = vec![table.record()];
}
