// The page's life: a look a second while someone watches, fewer when nobody moves, none when nobody can see it.

const LOOK = 1_000;
const IDLE_LOOK = 5_000;
const IDLE_AFTER = 120_000;
const AROUND = 10_000;
const LONGEST_WAIT = 30_000;

const state = { answers: {}, width: 1000, cursor: null, asTable: false, paused: false, troubles: {} };
const pulse = { timer: null, busy: false, moved: Date.now(), around: 0, failures: 0, controller: new AbortController() };

let frame = null;
const render = () => {
  frame ??= requestAnimationFrame(() => {
    frame = null;
    patch($("page"), el("div", { id: "page" }, session ? page() : signInForm()));
    const width = document.querySelector(".plot")?.clientWidth;
    if (width && width !== state.width) {
      state.width = width;
      render();
    }
  });
};

// The figures' age, in words once it matters.
const stamp = () => {
  const { at, here } = pulse.seen ?? {};
  const age = performance.now() - here;
  const isOld = age > IDLE_LOOK + LOOK;
  const [kind, what] = pulse.failures ? ["lost", "Connection lost"] : state.paused ? ["paused", "Paused"] : isOld ? ["old", "Waiting"] : ["live", "Live"];
  return el("p", { id: "stamp", class: kind }, what, at && ` · ${seconds(at)}`, isOld && `, ${count(age / 1000)} s ago`);
};

const shownPoints = () => {
  const { realtime, series } = state.answers;
  if (!isLive() || place.user) return series.timeSeries;
  // What is looked at each second is newer than the series, which knows more.
  const known = new Map(series.timeSeries.map((point) => [point.time, point]));
  const minute = new Date(Math.floor(Date.parse(realtime.asOf) / 60_000) * 60_000).toISOString();
  const { apiCalls, authFailures: key, rateLimited: quota } = realtime.current;
  const now = { ...known.get(minute), time: minute, apiCalls };
  now.faults = { ...now.faults, quota, key };
  return [...realtime.timeSeries.map((point) => ({ ...known.get(point.time), ...point })), now];
};

// What went wrong with a kind of look is shown until one of them succeeds.
const failed = (kind) => (cause) => {
  if (cause.name === "AbortError" || !session) return;
  if (cause.status === 401 || cause.type === "NotAuthorizedException") return signOut("The session has ended. Sign in again.");
  if (kind === "live") pulse.failures += 1;
  state.troubles[kind] =
    cause instanceof TypeError
      ? "The API cannot be reached. The page goes on by itself."
      : cause.message + (cause.request ? ` (request ${cause.request})` : "");
  render();
};

const get = async (name, route, parameters = {}, signal) => {
  const answer = await ask(route, parameters, signal);
  if (!session || signal?.aborted) return;
  render();
  return (state.answers[name] = answer);
};

const isOfOne = () => !isAdmin() || place.user;
const own = () => ({ email: place.user });

const weekBefore = (at) => iso(Date.parse(at) - WEEK);

// What is as good ten seconds later.
const lookAround = async () => {
  pulse.around = Date.now();
  const { signal } = pulse.controller;
  const { granularity, ...asked } = range();
  const series = get("series", "timeseries", { granularity, ...asked, tz: zone }, signal);
  const looks = [
    series.then(
      (now) => now && !state.answers.before && get("before", "timeseries", { granularity, from: weekBefore(now.from), to: weekBefore(now.to), tz: zone }, signal),
    ),
    get("heatmap", "heatmap", { ...(isLive() ? { duration: "7d" } : asked), tz: zone }, signal),
    ...listsShown().map((by) => get(by, "breakdown", { by, limit: 20, ...asked, ...own() }, signal)),
  ];
  if (isOfOne()) looks.push(get("alerts", "alerts", own(), signal));
  try {
    await Promise.all(looks);
    delete state.troubles.around;
  } catch (cause) {
    failed("around")(cause);
  }
};

const beat = async () => {
  clearTimeout(pulse.timer);
  if (pulse.busy || document.hidden || state.paused || !session) return;
  pulse.busy = true;
  if (Date.now() - pulse.around > AROUND) lookAround();
  try {
    await Promise.all([get("realtime", "realtime"), isOfOne() && get("stats", "user-stats", own(), pulse.controller.signal)]);
    Object.assign(pulse, { failures: 0, seen: heard });
    delete state.troubles.live;
  } catch (cause) {
    failed("live")(cause);
  }
  pulse.busy = false;
  const pace = Date.now() - pulse.moved > IDLE_AFTER ? IDLE_LOOK : LOOK;
  pulse.timer = setTimeout(beat, pulse.failures ? Math.min(LOOK * 2 ** pulse.failures, LONGEST_WAIT) : pace);
};

// At a place, come by a click, a key, Back or a link.
const arrive = () => {
  document.title = `${place.own ? rangeTitle() : VIEWS[place.view].title} · API usage · CompliCal`;
  const { realtime } = state.answers;
  Object.assign(state, { answers: { realtime }, cursor: null });
  pulse.controller.abort();
  pulse.controller = new AbortController();
  lookAround();
  beat();
  render();
};

// The session is over.
const leave = (reason) => {
  pulse.controller.abort();
  known.clear();
  entry = { error: reason };
  Object.assign(state, { answers: {}, troubles: {} });
  render();
};

const pause = () => {
  state.paused = !state.paused;
  say(state.paused ? "Paused" : "Live");
  render();
  beat();
};

const toggleTable = () => {
  state.asTable = !state.asTable;
  render();
};

const KEYS = {
  ...Object.fromEntries(Object.entries(VIEWS).map(([view, { title, key }]) => [key, [title, () => go({ view, own: null })]])),
  ArrowLeft: ["Earlier", () => shift(-1)],
  ArrowRight: ["Later", () => place.own && shift(1)],
  p: ["Pause, go on", pause],
  t: ["Tables, charts", toggleTable],
  e: ["Export CSV", () => isAdmin() || download("csv")],
  Escape: ["Everybody", () => place.user && go({ user: null })],
  "?": ["These keys", () => openKeys()],
};
const areKeysOff = () => sessionStorage.getItem("keys") === "off";

const openKeys = () => {
  const switched = ({ target }) => sessionStorage.setItem("keys", target.checked ? "on" : "off");
  const dialog = el(
    "dialog",
    { "aria-labelledby": "keys-title" },
    el("h2", { id: "keys-title" }, "Keys"),
    el("dl", {}, Object.entries(KEYS).map(([key, [what]]) => [el("dt", {}, el("kbd", {}, key.replace("Arrow", ""))), el("dd", {}, what)])),
    el("p", {}, el("label", {}, el("input", { type: "checkbox", checked: !areKeysOff(), onchange: switched }), " Keys are on")),
    button("Close", () => dialog.close()),
  );
  dialog.onclose = () => dialog.remove();
  document.body.append(dialog);
  dialog.showModal();
};

addEventListener("keydown", (event) => {
  const isElsewhere = event.target.closest?.("input, dialog, #chart") || event.ctrlKey || event.metaKey || event.altKey;
  if (!session || isElsewhere || (areKeysOff() && event.key !== "?") || !Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key][1]();
});
for (const name of ["pointermove", "keydown", "scroll"]) addEventListener(name, () => (pulse.moved = Date.now()), { passive: true });
addEventListener("popstate", () => (readPlace(), arrive()));
addEventListener("online", beat);
document.addEventListener("visibilitychange", beat);
addEventListener("resize", render);
setInterval(() => session && $("stamp") && patch($("stamp"), stamp()), 500);

readPlace();
if (session) arrive();
else render();
