//! A function with everything it cannot do without: log group, role, package.
//!
//! Invariant: each function has a role of its own, which may do what is granted here, write to its own log group,
//! and nothing else.

use contract::Function as Name;
use contract::name::{CODE_BUCKET, code_key};

use crate::actions::trace;
use crate::bounded::{MemoryMib, ReservedConcurrency, Timeout};
use crate::function::{Code, Function, FunctionHandle, Variable};
use crate::log_group::{LogGroup, LogGroupHandle};
use crate::policy::Grant;
use crate::role::{Role, Service};
use crate::{App, Stack};

/// One of our functions, as a stack declares it.
#[derive(Clone, Debug)]
pub struct Lambda {
    pub function: Name,
    /// Its memory.
    pub memory: MemoryMib,
    /// How long one call may take.
    pub timeout: Timeout,
    /// How many calls are kept for it.
    pub reserved_concurrency: Option<ReservedConcurrency>,
    /// What it is told.
    pub variables: Vec<Variable>,
    /// What it may do.
    pub grants: Vec<Grant>,
}

impl Lambda {
    /// Declares the function, its role and its log group.
    #[track_caller]
    pub fn declare(self, stack: &mut Stack, app: &App) -> FunctionHandle {
        self.declare_with_logs(stack, app).0
    }

    /// The same, for whoever also looks at the log.
    #[track_caller]
    pub fn declare_with_logs(self, stack: &mut Stack, app: &App) -> (FunctionHandle, LogGroupHandle) {
        let Self { function, memory, timeout, reserved_concurrency, variables, mut grants } = self;
        let id = function.logical_id();
        let logs = LogGroup {
            name: format!("/aws/lambda/{}", function.physical_name(&app.env)),
            retention: app.settings.logs.function_days,
        };
        let logs = stack.add(&format!("{id}Logs"), logs);
        grants.push(logs.write());
        let tracing = app.settings.tracing;
        if tracing {
            grants.push(trace());
        }
        stack.permit(id, &grants);
        let role = stack.add(&format!("{id}Role"), Role { service: Service::Lambda, grants });
        let code = Code {
            bucket: stack.parameter(CODE_BUCKET, "Bucket of the functions' packages"),
            key: stack.parameter(&code_key(id), "Key of the function's package in the bucket"),
        };
        let function = Function {
            function,
            env: app.env.clone(),
            toggle: app.toggle,
            architecture: app.architecture,
            code,
            role,
            logs: logs.clone(),
            variables,
            memory,
            timeout,
            reserved_concurrency,
            tracing,
        };
        (stack.add(id, function), logs)
    }
}
