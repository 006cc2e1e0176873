//! The state of an environment, as lines and as JSON.
//!
//! Invariant: both show the same figures; nothing is computed here that depends on more than the snapshot.

use jiff::Timestamp;
use metering::window::Minute;
use serde_json::{Value, json};

use cloud::pricing::number::thousands;

/// Everything that is shown.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub env: String,
    pub region: String,
    pub at: Timestamp,
    pub stacks: Vec<StackState>,
    /// None in synchronous mode.
    pub stream: Option<StreamState>,
    pub last_hour: LastHour,
    pub functions: Vec<Health>,
    /// None without a dashboard stack.
    pub alarms: Option<Vec<Alarm>>,
    pub warnings: Vec<stacks::Warning>,
    /// The last minute whose windows are set.
    pub watermark: Option<Minute>,
    /// Journals whose calls are not in the analytics table yet.
    pub pending: Option<u64>,
    /// Items under `ERRORS` of the last hour.
    pub failed: Option<u64>,
    /// Records of the local stream that wait.
    pub unread: Option<u64>,
    pub cost: Option<Cost>,
}

/// A stack; no status where there is none.
#[derive(Clone, Debug)]
pub struct StackState {
    pub name: String,
    pub status: Option<String>,
}

#[derive(Clone, Debug)]
pub struct StreamState {
    pub name: String,
    pub status: String,
    pub is_on_demand: bool,
    pub shards: u32,
    pub retention_hours: u32,
    pub created_at: Option<Timestamp>,
    /// Consumers with enhanced fan-out.
    pub consumers: u32,
}

/// Figures of the last hour, as far as CloudWatch has them.
#[derive(Clone, Debug, Default)]
pub struct LastHour {
    pub incoming: Option<f64>,
    pub processed: Option<f64>,
    pub failed: Option<f64>,
    /// Records that the stream refused.
    pub throttled: Option<f64>,
    /// The largest age of the processor's iterator.
    pub age_ms: Option<f64>,
    pub latency_ms: Option<f64>,
    pub latency_p99_ms: Option<f64>,
    pub calls: Option<f64>,
    /// Calls without a valid key.
    pub refused: Option<f64>,
}

/// A function in the last hour.
#[derive(Clone, Debug)]
pub struct Health {
    pub name: String,
    pub invocations: Option<f64>,
    pub errors: Option<f64>,
    pub throttles: Option<f64>,
}

/// An alarm.
#[derive(Clone, Debug)]
pub struct Alarm {
    pub name: String,
    pub state: String,
    pub reason: String,
}

/// What the month has cost so far.
#[derive(Clone, Debug)]
pub struct Cost {
    pub calls: u64,
    pub usd: f64,
    /// The date of the prices.
    pub prices_of: String,
}

impl Snapshot {
    /// Minutes between the watermark and now, 0 or more; one or two are the rule.
    pub fn watermark_lag(&self) -> Option<i64> {
        // Windows are closed beyond the present where clocks ran ahead before the stream went.
        self.watermark.map(|watermark| Minute::of(self.at).since(watermark).max(0))
    }

    /// One screen.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("{} in {}, {}", self.env, self.region, self.at.strftime("%Y-%m-%d %H:%M:%S UTC"))];
        let mut row = |title: &str, text: String| lines.push(format!("{title:<10} {text}"));
        for (index, stack) in self.stacks.iter().enumerate() {
            let status = stack.status.as_deref().unwrap_or("not deployed");
            row(if index == 0 { "stacks" } else { "" }, format!("{} {status}", stack.name));
        }
        row(
            "stream",
            self.stream.as_ref().map_or("none: calls are counted synchronously".to_owned(), StreamState::words),
        );
        let LastHour { incoming, processed, failed, throttled, age_ms, latency_ms, latency_p99_ms, calls, refused } =
            &self.last_hour;
        let [incoming, processed, failed, throttled] = [incoming, processed, failed, throttled].map(|n| count(*n));
        row(
            "last hour",
            format!("incoming {incoming}, processed {processed}, failed {failed}, refused by the stream {throttled}"),
        );
        row("", format!("API calls {}, without a valid key {}", count(*calls), count(*refused)));
        let [average, p99, age] = [latency_ms, latency_p99_ms, age_ms].map(|ms| milliseconds(*ms));
        row("latency", format!("average {average}, p99 {p99}, iterator age {age}"));
        for (index, health) in self.functions.iter().enumerate() {
            row(if index == 0 { "functions" } else { "" }, health.words());
        }
        for (index, text) in self.alarm_words().into_iter().enumerate() {
            row(if index == 0 { "alarms" } else { "" }, text);
        }
        for warning in &self.warnings {
            row("warning", warning.to_string());
            row("", warning.hint());
        }
        row("counting", self.counting_words());
        let cost = self.cost.as_ref().map_or("-".to_owned(), |Cost { calls, usd, prices_of }| {
            format!("{usd:.2} $ this month for {} calls (estimated, list prices of {prices_of})", thousands(*calls))
        });
        row("cost", cost);
        lines
    }

    fn alarm_words(&self) -> Vec<String> {
        let Some(alarms) = &self.alarms else { return vec!["-".to_owned()] };
        let ringing = alarms.iter().filter(|alarm| alarm.state == "ALARM");
        let mut words: Vec<String> = ringing.map(|alarm| format!("ALARM {}: {}", alarm.name, alarm.reason)).collect();
        if words.is_empty() {
            let unknown = alarms.iter().filter(|alarm| alarm.state == "INSUFFICIENT_DATA").count();
            words.push(format!("none of {} in ALARM ({unknown} without data)", alarms.len()));
        }
        words
    }

    fn counting_words(&self) -> String {
        let windows = match (self.watermark, self.watermark_lag()) {
            (Some(minute), Some(1)) => format!("windows set up to {minute}, 1 minute behind"),
            (Some(minute), Some(lag)) => format!("windows set up to {minute}, {lag} minutes behind"),
            _ => "no windows set yet".to_owned(),
        };
        let whole = |number: Option<u64>| number.map_or("-".to_owned(), thousands);
        let [pending, failed] = [self.pending, self.failed].map(whole);
        let unread = self.unread.map_or_else(String::new, |unread| format!(", records waiting {}", thousands(unread)));
        format!("{windows}; pending journals {pending}, ERRORS of the last hour {failed}{unread}")
    }

    /// For `--json`.
    pub fn to_json(&self) -> Value {
        let Self {
            env,
            region,
            at,
            stacks,
            stream,
            last_hour,
            functions,
            alarms,
            warnings,
            watermark,
            pending,
            failed,
            unread,
            cost,
        } = self;
        json!({
            "env": env,
            "region": region,
            "at": at.to_string(),
            "stacks": stacks.iter().map(|stack| json!({"name": stack.name, "status": stack.status})).collect::<Vec<_>>(),
            "stream": stream.as_ref().map(StreamState::to_json),
            "lastHour": last_hour.to_json(),
            "functions": functions.iter().map(Health::to_json).collect::<Vec<_>>(),
            "alarms": alarms.as_ref().map(|alarms| alarms.iter().map(Alarm::to_json).collect::<Vec<_>>()),
            "warnings": warnings.iter().map(|warning| json!({"message": warning.to_string(), "hint": warning.hint()})).collect::<Vec<_>>(),
            "watermark": watermark.map(|minute| minute.to_string()),
            "watermarkLagMinutes": self.watermark_lag(),
            "pendingJournals": pending,
            "errorsLastHour": failed,
            "unreadRecords": unread,
            "costThisMonth": cost.as_ref().map(Cost::to_json),
        })
    }
}

impl StreamState {
    fn words(&self) -> String {
        let Self { name, status, is_on_demand, shards, retention_hours, created_at: _, consumers: _ } = self;
        let mode = if *is_on_demand { "on-demand" } else { "provisioned" };
        format!("{name} {status}, {mode}, {shards} shards, keeps {retention_hours} h")
    }

    fn to_json(&self) -> Value {
        let Self { name, status, is_on_demand, shards, retention_hours, created_at, consumers } = self;
        let mode = if *is_on_demand { "ON_DEMAND" } else { "PROVISIONED" };
        json!({"name": name, "status": status, "mode": mode, "shards": shards, "retentionHours": retention_hours, "createdAt": created_at.map(|at| at.to_string()), "consumers": consumers})
    }
}

impl Health {
    fn words(&self) -> String {
        let [invocations, errors, throttles] = [self.invocations, self.errors, self.throttles].map(count);
        format!("{:<20} invocations {invocations}, errors {errors}, throttled {throttles}", self.name)
    }

    fn to_json(&self) -> Value {
        let Self { name, invocations, errors, throttles } = self;
        json!({"name": name, "invocations": invocations, "errors": errors, "throttles": throttles})
    }
}

impl Alarm {
    fn to_json(&self) -> Value {
        let Self { name, state, reason } = self;
        json!({"name": name, "state": state, "reason": reason})
    }
}

impl LastHour {
    fn to_json(&self) -> Value {
        let Self { incoming, processed, failed, throttled, age_ms, latency_ms, latency_p99_ms, calls, refused } = self;
        json!({
            "incomingRecords": incoming, "processedRecords": processed, "failedRecords": failed,
            "throttledRecords": throttled, "iteratorAgeMs": age_ms, "latencyAvgMs": latency_ms,
            "latencyP99Ms": latency_p99_ms, "apiCalls": calls, "authFailures": refused,
        })
    }
}

impl Cost {
    fn to_json(&self) -> Value {
        let Self { calls, usd, prices_of } = self;
        json!({"apiCalls": calls, "usd": (usd * 1e4).round() / 1e4, "pricesOf": prices_of})
    }
}

fn count(number: Option<f64>) -> String {
    number.map_or("-".to_owned(), |number| thousands(number.round() as u64))
}

fn milliseconds(number: Option<f64>) -> String {
    number.map_or("-".to_owned(), |number| format!("{} ms", thousands(number.round() as u64)))
}

#[cfg(test)]
mod tests;
