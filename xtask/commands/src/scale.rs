//! `scale`: more shards, fewer shards, on-demand and back.
//!
//! Invariant: no call asks for more than AWS takes at once, and the command ends when the stream is active again.

use anyhow::Result;
use aws_sdk_kinesis::types::{ScalingType, StreamDescriptionSummary, StreamMode, StreamModeDetails, StreamStatus};
use contract::limit::SHARD_CHANGES_PER_DAY;
use contract::{Environment, name};
use serde_json::{Value, json};
use stacks::bounded::Shards;
use xtask::{Failure, Printer, cli, workspace};

use cloud::Connection;
use cloud::aws::error::{failed_to, found};
use cloud::system::backlog;

/// How often its mode may be changed in 24 hours (Kinesis API Reference, UpdateStreamMode).
const MODE_CHANGES_PER_DAY: usize = 2;
/// Looks at an active stream with its old capacity before the change is taken to be lost.
const PATIENCE: usize = 600;

/// What a stream takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveCapacity {
    /// So many shards.
    Provisioned(u32),
    /// What the traffic asks for; the number is that of its shards just now.
    OnDemand(u32),
}

/// Carries `scale` out.
///
/// # Errors
/// When there is no stream, or the capacity cannot be had.
pub async fn run(args: &cli::Scale, printer: &Printer) -> Result<()> {
    if args.cloud.local {
        refuse_what_is_not_emulated(args.shards)?;
    }
    let connection = Connection::open(&args.cloud).await?;
    let env = &args.cloud.env.env;
    let stream = LiveStream { connection: &connection, env, name: name::stream(env), printer };
    let before = stream.settled().await?;
    let after = match args.shards {
        Some(shards) => stream.to_shards(before, u32::from(shards)).await?,
        None => stream.to_on_demand(before).await?,
    };
    let changed = before != after;
    let name = &stream.name;
    if args.json {
        printer
            .json(&json!({"stream": name, "changed": changed, "before": before.to_json(), "after": after.to_json()}));
    } else if changed {
        printer.data(format!("{name}: {} -> {}", before.words(), after.words()));
    } else {
        printer.data(format!("{name}: {}, as it was", after.words()));
    }
    if changed {
        printer.hint(after.outlook(workspace::settings(env)?.shard_bounds()));
    }
    Ok(())
}

/// What the local system cannot play is known before it is asked.
fn refuse_what_is_not_emulated(shards: Option<u16>) -> Result<()> {
    match shards {
        Some(shards) => workspace::refuse_beyond_local(u32::from(shards), "--shards"),
        None => {
            Err(Failure::usage("on-demand capacity is not emulated: the local system has provisioned streams only")
                .hint("use --shards N here; on AWS --on-demand works")
                .into())
        }
    }
}

impl LiveCapacity {
    fn of(summary: &StreamDescriptionSummary) -> Self {
        let shards = u32::try_from(summary.open_shard_count()).unwrap_or_default();
        match summary.stream_mode_details().map(StreamModeDetails::stream_mode) {
            Some(StreamMode::OnDemand) => Self::OnDemand(shards),
            _ => Self::Provisioned(shards),
        }
    }

    fn words(self) -> String {
        match self {
            Self::Provisioned(1) => "1 shard".to_owned(),
            Self::Provisioned(shards) => format!("{shards} shards"),
            Self::OnDemand(shards) => format!("on-demand ({shards} shards just now)"),
        }
    }

    /// What becomes of the capacity from here on. CloudFormation touches a stream only where its template changes; if
    /// that sets `shards` again, the scaler goes on from there.
    fn outlook(self, bounds: Option<(Shards, Shards)>) -> String {
        match (self, bounds) {
            (Self::OnDemand(_), None) => "the settings in stacks/environments say on-demand too".to_owned(),
            (Self::OnDemand(_), Some(_)) => {
                "the scaler rests while the stream is on-demand; say `mode = \"on-demand\"` \
                 in stacks/environments, or the next deploy that changes the stream changes it back"
                    .to_owned()
            }
            (Self::Provisioned(_), None) => "the settings in stacks/environments say on-demand: the next deploy that \
                 changes the stream changes it back"
                .to_owned(),
            (Self::Provisioned(shards), Some((min, max))) if (min.get()..=max.get()).contains(&shards) => format!(
                "the scaler goes on from here and keeps the stream between {min} and {max} shards; a deploy that changes \
                 nothing of the stream leaves their number alone"
            ),
            (Self::Provisioned(_), Some((min, max))) => format!(
                "the scaler brings the stream back to between {min} and {max} shards: for other bounds change \
                 `min-shards` and `max-shards` in stacks/environments and deploy"
            ),
        }
    }

    fn to_json(self) -> Value {
        match self {
            Self::Provisioned(shards) => json!({"mode": "PROVISIONED", "shards": shards}),
            Self::OnDemand(shards) => json!({"mode": "ON_DEMAND", "shards": shards}),
        }
    }
}

/// The numbers of shards on the way, the last of them the goal: a call at most doubles or halves.
pub fn steps(from: u32, to: u32) -> Vec<u32> {
    let mut steps = Vec::new();
    let mut now = from.max(1);
    while now != to {
        now = if to > now { to.min(now * 2) } else { to.max(now.div_ceil(2)) };
        steps.push(now);
    }
    steps
}

/// The stream of an environment.
struct LiveStream<'a> {
    connection: &'a Connection,
    env: &'a Environment,
    name: String,
    printer: &'a Printer,
}

impl LiveStream<'_> {
    async fn to_shards(&self, before: LiveCapacity, goal: u32) -> Result<LiveCapacity> {
        let shards = match before {
            LiveCapacity::Provisioned(shards) => shards,
            LiveCapacity::OnDemand(shards) => {
                self.set_mode(StreamMode::Provisioned).await?;
                shards
            }
        };
        let steps = steps(shards, goal);
        let Some(last) = steps.last() else { return self.settled().await };
        self.refuse_to_lose_records(shards).await?;
        if *last != steps[0] {
            let path: Vec<String> = steps.iter().map(u32::to_string).collect();
            self.say(format!("a call at most doubles or halves: {shards} -> {}", path.join(" -> ")));
        }
        self.say(format!("AWS allows {SHARD_CHANGES_PER_DAY} changes in 24 hours; this is {}", steps.len()));
        for step in &steps {
            self.say(format!("to {step} shards"));
            let client = self.connection.kinesis();
            let update = client.update_shard_count().stream_name(&self.name).scaling_type(ScalingType::UniformScaling);
            let update = update.target_shard_count(i32::try_from(*step)?).send().await;
            update.map_err(failed_to(format!("change the shards of {}", self.name)))?;
            self.reached(LiveCapacity::Provisioned(*step)).await?;
        }
        Ok(LiveCapacity::Provisioned(*last))
    }

    async fn to_on_demand(&self, before: LiveCapacity) -> Result<LiveCapacity> {
        match before {
            LiveCapacity::OnDemand(_) => Ok(before),
            LiveCapacity::Provisioned(_) => self.set_mode(StreamMode::OnDemand).await,
        }
    }

    async fn set_mode(&self, mode: StreamMode) -> Result<LiveCapacity> {
        let arn = self.describe().await?.stream_arn().to_owned();
        self.say(format!("to {mode} (AWS allows {MODE_CHANGES_PER_DAY} changes of the mode in 24 hours)"));
        let details = StreamModeDetails::builder().stream_mode(mode).build()?;
        let update = self.connection.kinesis().update_stream_mode().stream_arn(arn).stream_mode_details(details);
        update.send().await.map_err(failed_to(format!("change the mode of {}", self.name)))?;
        self.settled().await
    }

    /// Resharding the local system's stream throws away what has not been read; AWS keeps it for its retention.
    async fn refuse_to_lose_records(&self, shards: u32) -> Result<()> {
        match backlog::unread(self.connection, self.env).await?.unwrap_or_default() {
            0 => Ok(()),
            records => Err(Failure::new(format!(
                "refused: records wait on {} ({records} on {shards} shards), and the local system throws them away when \
                 its shards change",
                self.name
            ))
            .hint("stop sending calls, wait until `cargo xtask status --local` shows none waiting, then run this again")
            .into()),
        }
    }

    /// Waits until the stream is active; returns what it takes in.
    async fn settled(&self) -> Result<LiveCapacity> {
        let mut has_said = false;
        loop {
            let summary = self.describe().await?;
            match summary.stream_status() {
                StreamStatus::Active => return Ok(LiveCapacity::of(&summary)),
                StreamStatus::Deleting => return Err(Failure::new(format!("{} is being deleted", self.name)).into()),
                status if !has_said => self.say(format!("{status}: waiting until it is ACTIVE")),
                _ => {}
            }
            has_said = true;
            tokio::time::sleep(self.connection.pause()).await;
        }
    }

    /// Waits until the stream is active and has the capacity that was asked for.
    async fn reached(&self, goal: LiveCapacity) -> Result<()> {
        for _ in 0..PATIENCE {
            if self.settled().await? == goal {
                return Ok(());
            }
            tokio::time::sleep(self.connection.pause()).await;
        }
        let failure = Failure::new(format!("{} took the change and has not made it", self.name));
        Err(failure.hint("`cargo xtask status` shows how far it is").into())
    }

    async fn describe(&self) -> Result<StreamDescriptionSummary> {
        let asked = self.connection.kinesis().describe_stream_summary().stream_name(&self.name).send().await;
        let summary =
            found(asked, format!("look at {}", self.name))?.and_then(|answer| answer.stream_description_summary);
        Ok(summary.ok_or_else(|| {
            Failure::new(format!("there is no stream {}", self.name))
                .hint("with ENABLE_KINESIS_ANALYTICS=true, `cargo xtask deploy` makes it")
        })?)
    }

    fn say(&self, what: impl AsRef<str>) {
        self.printer.say(format!("{}: {}", self.name, what.as_ref()));
    }
}

#[cfg(test)]
mod tests;
