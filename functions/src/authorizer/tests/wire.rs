//! The wire to DynamoDB: it counts requests, and loses or distorts those that a test names.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use super::super::bound;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It never arrives.
    Lost,
    /// It is carried out, and its answer never arrives.
    Unheard,
    /// It is not carried out, because another transaction is in the way.
    Conflict,
}

impl Storable for Fault {
    type Storer = StoreReplace<Self>;
}

/// Requests by operation, and faults still to come.
#[derive(Clone, Debug, Default)]
pub(super) struct Wire(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    requests: BTreeMap<String, usize>,
    faults: BTreeMap<&'static str, (Fault, usize)>,
}

impl Wire {
    /// A client whose requests go over this wire.
    pub(super) fn client(&self, client: &Client) -> Client {
        Client::from_conf(client.config().to_builder().retry_config(bound::retry()).interceptor(self.clone()).build())
    }

    /// The next requests of an operation suffer a fault.
    pub(super) fn fail(&self, operation: &'static str, fault: Fault, times: usize) {
        self.0.lock().unwrap().faults.insert(operation, (fault, times));
    }

    /// How many requests there were since this was asked last.
    pub(super) fn requests(&self) -> usize {
        std::mem::take(&mut self.0.lock().unwrap().requests).into_values().sum()
    }

    fn fault(&self, operation: &str) -> Option<Fault> {
        let mut state = self.0.lock().unwrap();
        *state.requests.entry(operation.into()).or_default() += 1;
        let (fault, left) = state.faults.get_mut(operation)?;
        *left = left.checked_sub(1)?;
        Some(*fault)
    }
}

impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "Wire"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        let target = headers.get("x-amz-target").unwrap_or_default().to_owned();
        let fault = self.fault(target.rsplit('.').next().unwrap_or_default());
        match fault {
            Some(Fault::Lost) => return Err("lost on the way".into()),
            Some(Fault::Conflict) => drop(headers.insert("x-amz-target", "None.None")),
            Some(Fault::Unheard) | None => {}
        }
        config.interceptor_state().store_or_unset(fault);
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (status, body) = match config.load::<Fault>() {
            Some(Fault::Unheard) => (500_u16, r#"{"__type":"InternalServerError"}"#),
            Some(Fault::Conflict) => (
                400,
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"conflict",
                    "CancellationReasons":[{"Code":"TransactionConflict"},{"Code":"None"}]}"#,
            ),
            Some(Fault::Lost) | None => return Ok(()),
        };
        let response = context.response_mut();
        *response.status_mut() = status.try_into().unwrap();
        *response.body_mut() = SdkBody::from(body);
        Ok(())
    }
}
