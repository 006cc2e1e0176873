// Signing in: a password, and what the user pool may ask for after it.

const CHALLENGES = {
  NEW_PASSWORD_REQUIRED: {
    label: "Choose a password of your own",
    field: "NEW_PASSWORD",
    input: { type: "password", autocomplete: "new-password" },
    note: "12 characters or more: upper and lower case, a digit, a symbol.",
  },
  SOFTWARE_TOKEN_MFA: {
    label: "The six digits that your authenticator shows",
    field: "SOFTWARE_TOKEN_MFA_CODE",
    input: { autocomplete: "one-time-code", inputmode: "numeric", pattern: "[0-9]{6}" },
  },
};

let entry = {};

const enter = async (event) => {
  event.preventDefault();
  if (entry.busy) return;
  const { email, password, answer } = Object.fromEntries(new FormData(event.target));
  const { challenge } = entry;
  entry = { challenge, busy: true };
  render();
  try {
    const next = challenge
      ? await meet(challenge, email, { [CHALLENGES[challenge.name].field]: answer })
      : await authenticate("USER_PASSWORD_AUTH", { USERNAME: email, PASSWORD: password });
    if (next && !CHALLENGES[next.name]) throw new Error(`This page cannot answer ${next.name}.`);
    entry = { challenge: next };
  } catch (cause) {
    const error = cause instanceof TypeError ? "The sign-in cannot be reached." : cause.message;
    entry = { challenge, error };
  }
  if (session) return arrive();
  render();
  requestAnimationFrame(() => $(entry.challenge ? "answer" : "password").focus());
};

const field = (id, label, attributes, note) =>
  el(
    "p",
    { class: "field" },
    el("label", { for: id }, label),
    el("input", { id, name: id, required: true, "aria-describedby": note && `${id}-note`, ...attributes }),
    note && el("small", { id: `${id}-note` }, note),
  );

const signInForm = () => {
  parts.clear();
  const asked = CHALLENGES[entry.challenge?.name];
  return el(
    "main",
    { id: "main", class: "door", tabindex: -1 },
    el(
      "form",
      { class: "card", onsubmit: enter },
      el("h1", {}, "API usage"),
      el("p", { class: "soft" }, "Every call, as it happens."),
      field("email", "E-mail address", { type: "email", autocomplete: "username", readonly: Boolean(asked) }),
      !asked && field("password", "Password", { type: "password", autocomplete: "current-password" }),
      asked && field("answer", asked.label, asked.input, asked.note),
      el("p", { class: "error", role: "alert" }, entry.error ?? ""),
      el("button", { class: "primary" }, entry.busy ? "Signing in…" : "Sign in"),
    ),
  );
};
