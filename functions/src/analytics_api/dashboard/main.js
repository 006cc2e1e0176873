// The page's life: a look a second while someone watches, fewer when nobody moves, none when nobody can see it.

const LOOK = 1_000;
const IDLE_LOOK = 5_000;
const IDLE_AFTER = 120_000;
const AROUND = 10_000;
const LONGEST_WAIT = 30_000;

// What is shown: the answers by name, and what went wrong; how, and which point of the chart is read.
let answers = {};
let troubles = {};
let asTable = false;
let isPaused = false;
let plotWidth = 1000;
let cursor = null;

let timer;
let isBusy = false;
// When the viewer did something, when all answers were asked for, and when the API last said the figures of this second.
let moved = Date.now();
let lookedAround = 0;
let seen;
let misses = 0;
let isLost;
let controller = new AbortController();

let frame = null;
const render = () => {
  frame ??= requestAnimationFrame(() => {
    frame = null;
    const focused = document.activeElement;
    patch($("page"), el("div", { id: "page" }, session ? page() : signInForm()));
    // Where what had the focus is gone, the keyboard goes on from here and not from the top of the page.
    if (!focused.isConnected) $("main").focus({ preventScroll: true });
    const width = document.querySelector(".plot")?.clientWidth;
    if (width && width !== plotWidth) {
      plotWidth = width;
      render();
    }
  });
};

// The figures' age, in words once it matters.
const stamp = () => {
  const { at, here } = seen ?? {};
  const age = performance.now() - here;
  const isOld = age > IDLE_LOOK + LOOK;
  const [kind, what] = misses && isLost ? ["lost", "Connection lost"] : isPaused ? ["paused", "Paused"] : misses || isOld ? ["old", "Waiting"] : ["live", "Live"];
  return el("p", { id: "stamp", class: kind }, what, at && ` · ${seconds(at)}`, isOld && `, ${count(age / 1000)} s ago`);
};

const shownPoints = () => {
  const { realtime, series } = answers;
  if (!isLive() || place.user) return series.timeSeries;
  // What is looked at each second is newer than the series, which knows more.
  const known = new Map(series.timeSeries.map((point) => [point.time, point]));
  const minute = new Date(Math.floor(Date.parse(realtime.asOf) / MINUTE) * MINUTE).toISOString();
  const { apiCalls, authFailures: key, rateLimited: quota } = realtime.current;
  const now = { ...known.get(minute), time: minute, apiCalls };
  now.faults = { ...now.faults, quota, key };
  return [...realtime.timeSeries.map((point) => ({ ...known.get(point.time), ...point })), now];
};

// What went wrong with a kind of look is shown until one of them succeeds.
const failed = (kind, cause) => {
  if (cause.name === "AbortError" || !session) return;
  if (cause.status === 401 || cause.type === "NotAuthorizedException") return signOut("The session has ended. Sign in again.");
  if (kind === "live") {
    misses += 1;
    isLost = !cause.status;
  }
  troubles[kind] =
    cause instanceof TypeError
      ? "The API cannot be reached. The page goes on by itself."
      : cause.message + (cause.request ? ` (request ${cause.request})` : "");
  render();
};

const get = async (name, route, parameters = {}, signal) => {
  const answer = await ask(route, parameters, signal);
  if (!session || signal?.aborted) return;
  render();
  return (answers[name] = answer);
};

const isOfOne = () => !isAdmin() || Boolean(place.user);
const own = () => ({ email: place.user });

// Beyond this the API has no span to compare with.
const COMPARED = 80 * DAY;
const HORIZONS = { week: "24h", month: "month" };

// The API tells hours of the day apart by key and path for a week at most.
const areHoursTold = () => place.status || span().to - span().from <= WEEK;

// What is as good ten seconds later: the name of each answer, its route and what is asked of it.
const around = () => {
  const { from, to } = span();
  const { company } = place;
  const name = detail();
  // The whole hours of the last sixty minutes are two.
  const asked = { ...(isLive() ? { duration: "2h" } : wholeHours()), tz: zone };
  const told = (by) => ["breakdown", { by, limit: name ? 500 : 20, ...asked, ...own() }];
  // Days of UTC.
  if (company) return [["members", "company-stats", { company, ...between(Math.floor(from / DAY) * DAY, Math.ceil(to / DAY) * DAY) }], ["company", ...told("company")]];
  const lists = listsShown().map((by) => [by, ...told(!name || by === name ? by : `${name},${by}`)]);
  if (name) return areHoursTold() ? [...lists, ["hours", ...told(`${name},hour`)]] : lists;
  return [
    ["summary", "summary", { tz: zone, ...own() }],
    ["series", "timeseries", { ...range(), tz: zone, compare: !isLive() && from > Date.now() - COMPARED && "week", ...own() }],
    ["anomalies", "anomalies", { ...asked, ...own() }],
    ["heatmap", "heatmap", { ...asked, ...(isLive() && { duration: "7d" }), ...own() }],
    ...lists,
    isOfOne() ? ["alerts", "alerts", own()] : ["security", "security", asked],
    ...(!place.own && HORIZONS[place.view] ? [["forecast", "forecast", { horizon: HORIZONS[place.view], ...own() }]] : []),
  ];
};

const lookAround = async () => {
  lookedAround = Date.now();
  const { signal } = controller;
  try {
    await Promise.all(around().map(([name, route, parameters]) => get(name, route, parameters, signal)));
    delete troubles.around;
  } catch (cause) {
    failed("around", cause);
  }
};

const look = async () => {
  try {
    await Promise.all([get("realtime", "realtime"), isOfOne() && get("stats", "user-stats", own(), controller.signal)]);
    misses = 0;
    seen = heard;
    delete troubles.live;
  } catch (cause) {
    failed("live", cause);
  }
};

const beat = async () => {
  clearTimeout(timer);
  if (isBusy || document.hidden || isPaused || !session) return;
  isBusy = true;
  if (Date.now() - lookedAround > AROUND) lookAround();
  await look();
  isBusy = false;
  const pace = Date.now() - moved > IDLE_AFTER ? IDLE_LOOK : LOOK;
  timer = setTimeout(beat, misses ? Math.min(LOOK * 2 ** misses, LONGEST_WAIT) : pace);
};

// At a place, come by a click, a key, Back or a link.
const arrive = () => {
  readPlace();
  document.title = `${place.own ? rangeTitle() : VIEWS[place.view].title} · API usage · CompliCal`;
  answers = { realtime: answers.realtime };
  cursor = null;
  controller.abort();
  controller = new AbortController();
  lookAround();
  // Who has paused still sees the figures of where they go.
  isPaused ? look() : beat();
  render();
};

// The session is over.
const leave = (reason) => {
  controller.abort();
  known.clear();
  entry = { error: reason };
  answers = {};
  troubles = {};
  isPaused = false;
  render();
};

const pause = () => {
  isPaused = !isPaused;
  say(isPaused ? "Paused" : "Live");
  render();
  beat();
};

const toggleTable = () => {
  asTable = !asTable;
  render();
};

const areKeysOff = () => sessionStorage.getItem("keys") === "off";

const openKeys = () => {
  const box = $("keys-on");
  box.checked = !areKeysOff();
  box.onchange = () => sessionStorage.setItem("keys", box.checked ? "on" : "off");
  $("export-key").hidden = isAdmin();
  $("keys").showModal();
};

// What each key does; the page says it in words.
const KEYS = {
  ...Object.fromEntries(Object.entries(VIEWS).map(([view, { key }]) => [key, () => go({ view, own: null })])),
  ArrowLeft: () => shift(-1),
  ArrowRight: () => place.own && shift(1),
  p: pause,
  t: toggleTable,
  e: () => isAdmin() || download("csv"),
  Escape: () => FILTERS.some((name) => place[name]) && filter(detail() ?? "user", null),
  "?": openKeys,
};

addEventListener("keydown", (event) => {
  const { key, target, ctrlKey, metaKey, altKey } = event;
  // Arrows scroll what they can scroll.
  const isElsewhere = target.closest?.("input, dialog, #chart") || (key[0] === "A" && target.className === "scroll") || ctrlKey || metaKey || altKey;
  if (!session || isElsewhere || (areKeysOff() && key !== "?") || !Object.hasOwn(KEYS, key)) return;
  event.preventDefault();
  KEYS[key]();
});
for (const name of ["pointermove", "keydown", "scroll"]) addEventListener(name, () => (moved = Date.now()), { passive: true });
addEventListener("popstate", arrive);
addEventListener("online", beat);
document.addEventListener("visibilitychange", beat);
addEventListener("resize", render);
setInterval(() => session && $("stamp") && patch($("stamp"), stamp()), 500);

session ? arrive() : render();
