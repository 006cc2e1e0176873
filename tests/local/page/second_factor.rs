//! Signing in with a password and what an authenticator shows.
//!
//! Invariant: the code is made from the secret that the user pool gave out, as an authenticator makes it (RFC 6238).

use super::*;

const EMAIL: &str = "two@example.com";
/// The code of this half minute for a secret in base 32.
const CODE: &str = "(async (secret) => { \
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'; \
    const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join(''); \
    const bytes = bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)); \
    const usage = { name: 'HMAC', hash: 'SHA-1' }; \
    const key = await crypto.subtle.importKey('raw', new Uint8Array(bytes), usage, false, ['sign']); \
    const step = new DataView(new ArrayBuffer(8)); \
    step.setUint32(4, Date.now() / 30_000); \
    const mac = new DataView(await crypto.subtle.sign('HMAC', key, step)); \
    const number = mac.getUint32(mac.getUint8(19) & 15) & 0x7fffffff; \
    return String(number % 1_000_000).padStart(6, '0'); \
  })";

pub(super) fn an_authenticator_is_asked_for_where_one_is_enrolled(page: &Page<'_>) {
    page.local.customer(EMAIL);
    let secret = enrol(page);
    page.enter(EMAIL, PASSWORD);
    page.shows("The six digits that your authenticator shows");
    page.browser.write("#answer", "000000");
    page.browser.press("Enter");
    page.browser.wait("a wrong code is refused", "document.querySelector('.error')?.innerText");
    a_step_that_waited_too_long_begins_again(page);
    page.enter(EMAIL, PASSWORD);
    page.browser.wait("a code is asked for", "document.querySelector('#answer')");
    page.browser.write("#answer", &code(page, &secret));
    page.browser.press("Enter");
    page.shows("No calls yet.");
    page.sign_out();
}

/// The user pool here never ends a challenge; AWS's does after three minutes, in these words.
fn a_step_that_waited_too_long_begins_again(page: &Page<'_>) {
    page.browser.run(
        "window.ask = window.fetch; \
         window.fetch = async () => new Response(JSON.stringify({ \
           __type: 'NotAuthorizedException', message: 'Invalid session for the user, session is expired.' }), { status: 400 }); 0",
    );
    page.browser.write("#answer", "000000");
    page.browser.press("Enter");
    page.shows("session is expired.");
    page.browser.wait("the first step", "document.querySelector('#password') && !document.querySelector('#answer')");
    page.browser.run("window.fetch = window.ask; 0");
}

fn code(page: &Page<'_>, secret: &str) -> String {
    page.browser.run(&format!("{CODE}({})", json!(secret))).as_str().unwrap().to_owned()
}

/// Adds an authenticator to the user; gives its secret.
fn enrol(page: &Page<'_>) -> String {
    let ask = |action: &str, body: Value| serde_json::from_str::<Value>(&page.cognito(action, &body)).unwrap();
    let client = page.browser.run("document.body.dataset.client");
    let signed_in = ask(
        "InitiateAuth",
        json!({
            "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": { "USERNAME": EMAIL, "PASSWORD": PASSWORD },
        }),
    );
    let token = &signed_in["AuthenticationResult"]["AccessToken"];
    let secret =
        ask("AssociateSoftwareToken", json!({ "AccessToken": token }))["SecretCode"].as_str().unwrap().to_owned();
    let verified = ask("VerifySoftwareToken", json!({ "AccessToken": token, "UserCode": code(page, &secret) }));
    assert_eq!(verified["Status"], "SUCCESS", "{verified}");
    let preferred =
        json!({ "AccessToken": token, "SoftwareTokenMfaSettings": { "Enabled": true, "PreferredMfa": true } });
    page.cognito("SetUserMFAPreference", &preferred);
    secret
}
