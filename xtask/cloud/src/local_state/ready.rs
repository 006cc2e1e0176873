//! What a ready system says of itself: for programs one document, for people lines to copy.
//!
//! Invariant: the document is there exactly as long as the system is ready.

use std::io::ErrorKind;

use anyhow::{Context as _, Result};
use contract::{Environment, Route, name};
use serde::{Deserialize, Serialize};
use xtask::{Failure, Printer};

use super::folder::{Folder, write_secret};
use super::secrets::{ADMIN, Secrets, USER};

/// The document of `cargo xtask local --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    /// For every AWS SDK and the AWS CLI.
    pub endpoint_url: String,
    /// Ends where `/v1/…` begins.
    pub api_url: String,
    /// A key that works.
    pub api_key: String,
    /// Whose key it is.
    pub user_email: String,
    /// A token of that user.
    pub user_token: String,
    /// A token of a member of `admin`.
    pub admin_token: String,
    /// The dashboard's definition, as the emulator answers it: it has no console.
    pub dashboard_url: String,
}

/// The address of the dashboard's definition. The emulator tells services by the host's name, and `*.localhost` is this
/// machine wherever names are resolved as RFC 6761 has it.
pub fn dashboard_url(endpoint: &str, env: &Environment) -> String {
    let port = endpoint.rsplit(':').next().unwrap_or_default();
    let dashboard = name::dashboard(env);
    format!(
        "http://monitoring.{}.localhost:{port}/?Action=GetDashboard&Version=2010-08-01&DashboardName={dashboard}",
        name::DEFAULT_REGION
    )
}

impl Ready {
    /// Keeps it where other commands look for it.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn keep(&self, folder: &Folder) -> Result<()> {
        write_secret(&folder.ready(), &serde_json::to_string_pretty(self)?)
    }

    /// What a running system has kept.
    ///
    /// # Errors
    /// When none runs, or it is not ready yet.
    pub fn read(folder: &Folder) -> Result<Self> {
        if folder.holder()?.is_none() {
            return Err(Failure::new("the local system is not running")
                .hint("start it with `cargo xtask local` in another terminal, or with `cargo xtask local --detach`")
                .into());
        }
        let path = folder.ready();
        let text = match std::fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let failure = Failure::new("the local system is not ready yet");
                return Err(failure.hint("wait until it says that it is").into());
            }
            text => text.with_context(|| format!("cannot read {}", path.display()))?,
        };
        serde_json::from_slice(&text).with_context(|| path.display().to_string())
    }

    /// Prints it: as one document, or as lines to copy.
    ///
    /// # Errors
    /// When it is no JSON, which would be a defect of ours.
    pub fn show(&self, secrets: &Secrets, as_json: bool, printer: &Printer) -> Result<()> {
        if as_json {
            printer.json(&serde_json::to_value(self)?);
        } else {
            printer.data(self.lines(secrets));
        }
        Ok(())
    }

    fn lines(&self, secrets: &Secrets) -> String {
        let Self { endpoint_url, api_url, api_key, user_email, user_token, admin_token: _, dashboard_url } = self;
        let ask = |path: &str| format!("  curl -H \"Authorization: Bearer $TOKEN\" '{api_url}/v1/analytics/{path}'");
        let (realtime, timeseries) = (ask("realtime"), ask("timeseries?granularity=minute&duration=1h"));
        let user_stats = ask(&format!("user-stats?email={user_email}"));
        let password = |email| secrets.password(email).unwrap_or_default();
        format!(
            "\nThe page is {api_url}{dashboard}\n  \
             {USER} signs in with {user}\n  \
             {ADMIN}, who sees everybody's figures, with {admin}\n\n\
             The API is {api_url}\n\n\
             A call with a key that works (it is counted):\n  \
             curl -H 'x-api-key: {api_key}' '{api_url}/v1/deadlines?country=AU'\n\n\
             What was counted for {USER}:\n  \
             TOKEN='{user_token}'\n{realtime}\n{timeseries}\n{user_stats}\n\n\
             A token is good for an hour; these make new ones, the second one's user sees everybody's figures:\n  \
             TOKEN=\"$(cargo xtask users token --local)\"\n  \
             TOKEN=\"$(cargo xtask users token --local --email {ADMIN})\"\n\n\
             AWS CLI and SDKs: AWS_ENDPOINT_URL={endpoint_url} AWS_REGION={region} AWS_ACCESS_KEY_ID=test \
             AWS_SECRET_ACCESS_KEY=test\n\
             The dashboard's definition: {dashboard_url}",
            dashboard = Route::Dashboard.path(),
            user = password(USER),
            admin = password(ADMIN),
            region = name::DEFAULT_REGION,
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ready() -> Ready {
        Ready {
            endpoint_url: "http://127.0.0.1:4571".into(),
            api_url: "http://127.0.0.1:4571/restapis/a1/test/_user_request_".into(),
            api_key: "ck_1".into(),
            user_email: USER.into(),
            user_token: "t1".into(),
            admin_token: "t2".into(),
            dashboard_url: dashboard_url("http://127.0.0.1:4571", &Environment::default()),
        }
    }

    #[test]
    fn the_document_has_the_names_that_the_contract_promises() {
        let json = serde_json::to_value(ready()).unwrap();
        let names: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let mut promised = ["endpointUrl", "apiUrl", "apiKey", "userEmail", "userToken", "adminToken", "dashboardUrl"];
        promised.sort_unstable();
        let mut names = names;
        names.sort_unstable();
        assert_eq!(names, promised);
    }

    #[test]
    fn a_line_to_copy_is_a_whole_command() {
        let secrets = json!({ "userPassword": "p1", "adminPassword": "p2", "apiKey": null });
        let lines = ready().lines(&serde_json::from_value(secrets).unwrap());
        let page = "\nThe page is http://127.0.0.1:4571/restapis/a1/test/_user_request_/dashboard\n  \
                    user@example.com signs in with p1\n";
        assert!(lines.starts_with(page), "{lines}");
        let call =
            "curl -H 'x-api-key: ck_1' 'http://127.0.0.1:4571/restapis/a1/test/_user_request_/v1/deadlines?country=AU'";
        assert!(lines.contains(call), "{lines}");
        assert!(lines.contains("user-stats?email=user@example.com'"), "{lines}");
    }
}
