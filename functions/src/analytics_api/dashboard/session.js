// Who is signed in. The page asks Cognito itself; tokens live in this tab's storage and nowhere else.

const STORED = "session";
const { signIn: SIGN_IN, client: CLIENT } = document.body.dataset;

let session = JSON.parse(sessionStorage.getItem(STORED));

const keep = (tokens) => {
  session = tokens;
  if (tokens) sessionStorage.setItem(STORED, JSON.stringify(tokens));
  else sessionStorage.removeItem(STORED);
};

const cognito = async (action, body) => {
  const answer = await fetch(SIGN_IN, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}`,
    },
    body: JSON.stringify({ ClientId: CLIENT, ...body }),
    credentials: "omit",
  });
  const text = await answer.text();
  if (answer.ok) return text ? JSON.parse(text) : {};
  const { message, __type: type } = answer.status < 500 ? JSON.parse(text) : {};
  throw Object.assign(new Error(message ?? `The sign-in answered ${answer.status}.`), { type });
};

// What an answer leads to: a challenge, or tokens, which are kept unless somebody has signed out before it came.
const proceed = async (action, body) => {
  const before = session;
  const { AuthenticationResult: tokens, ChallengeName: name, ChallengeParameters: asked, Session } = await cognito(action, body);
  if (!tokens) return { name, Session, user: asked?.USER_ID_FOR_SRP };
  const refresh = tokens.RefreshToken ?? before?.refresh;
  if (session === before) keep({ id: tokens.IdToken, refresh, ends: Date.now() + tokens.ExpiresIn * 1000 });
};

const authenticate = (flow, parameters) => proceed("InitiateAuth", { AuthFlow: flow, AuthParameters: parameters });

const meet = ({ name, Session, user }, answers) =>
  proceed("RespondToAuthChallenge", {
    ChallengeName: name,
    Session,
    ChallengeResponses: { ...answers, ...(user && { USERNAME: user }) },
  });

// A token with at least a minute left. Whoever needs one while another is being fetched waits for it.
let renewal;
const token = async () => {
  if (session.ends - Date.now() < MINUTE) {
    renewal ??= authenticate("REFRESH_TOKEN_AUTH", { REFRESH_TOKEN: session.refresh }).finally(() => (renewal = null));
    await renewal;
  }
  return session.id;
};

const claims = () => {
  if (session.claims) return session.claims;
  const part = session.id.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return (session.claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0)))));
};

// Ends the session here, and with it what the refresh token could still get.
const signOut = (reason = "") => {
  if (session) cognito("RevokeToken", { Token: session.refresh }).catch(() => {});
  keep(null);
  leave(reason);
};
