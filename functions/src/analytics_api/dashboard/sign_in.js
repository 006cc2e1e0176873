// Signing in: a password, and what the user pool may ask for after it. The form is the page's; its fields have the names
// that the user pool gives them.

let entry = {};

const enter = async (event) => {
  event.preventDefault();
  const { challenge, busy } = entry;
  if (busy) return;
  const answers = Object.fromEntries(new FormData(event.target));
  entry = { challenge, busy: true };
  render();
  try {
    const next = await (challenge ? meet(challenge, answers) : authenticate("USER_PASSWORD_AUTH", answers));
    if (next && !$("door").content.getElementById(next.name)) throw new Error(`This page cannot answer ${next.name}.`);
    entry = { challenge: next };
  } catch (cause) {
    const error = cause instanceof TypeError ? "The sign-in cannot be reached." : cause.message;
    // A second step that has waited too long begins with the first again.
    entry = { challenge: cause.type === "NotAuthorizedException" ? null : challenge, error };
  }
  if (session) return arrive();
  render();
  requestAnimationFrame(() => $(entry.challenge ? "answer" : "password").focus());
};

// The form with the field alone that is asked for.
const signInForm = () => {
  parts.clear();
  const { challenge, busy, error } = entry;
  const door = copy("door");
  const find = (selector) => door.querySelector(selector);
  for (const field of door.querySelectorAll(".field[id]")) if (field.id !== (challenge?.name ?? "PASSWORD")) field.remove();
  find("form").onsubmit = enter;
  find("#email").readOnly = Boolean(challenge);
  find(".error").append(error ?? "");
  if (busy) find(".primary").textContent = "Signing in…";
  return door;
};
