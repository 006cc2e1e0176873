// What is on the page, made from the answers that are there. A part whose answer is on its way keeps its place.

const isAdmin = () => [claims()["cognito:groups"] ?? []].flat().includes("admin");

// A table whose first columns are words and whose others are numbers. A share draws a bar behind its row.
const table = (title, head, rows, { words = 1, shares } = {}) => {
  const number = (column) => column >= words && "number";
  const row = ([first, ...others], place) =>
    el(
      "tr",
      shares && { class: "bar", "--share": shares[place] },
      el("th", { scope: "row" }, first),
      others.map((cell, column) => el("td", { class: number(column + 1) }, cell)),
    );
  return el(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": title },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, head.map((text, column) => el("th", { scope: "col", class: number(column) }, text)))),
      el("tbody", {}, rows.map(row)),
    ),
  );
};

const card = (kind, id, title, body, ...more) =>
  el(
    "section",
    { class: `card ${kind}`, "aria-labelledby": `${id}-title` },
    el("div", { class: "head" }, el("h2", { id: `${id}-title` }, title), more),
    body,
  );

const button = (title, onclick, attributes) => el("button", { type: "button", onclick, ...attributes }, title);
const choice = (title, chosen, onclick, key) =>
  button(title, onclick, { "aria-pressed": String(chosen), title: key && `${title} (${key})` });

const masthead = () => {
  const { email } = claims();
  return el(
    "header",
    {},
    el("h1", {}, "API usage"),
    stamp(),
    el(
      "div",
      { class: "actions" },
      el("span", { class: "who" }, email, isAdmin() && el("b", {}, "admin")),
      choice("Pause", state.paused, pause, "p"),
      button("Keys", openKeys),
      button("Sign out", () => signOut()),
    ),
  );
};

// An end of the range, chosen from a calendar: days are whole.
const day = (end) => {
  const { from, to } = span();
  const at = end === "from" ? from : to - 1;
  const value = new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
  const onchange = ({ target: { value } }) => {
    if (!value) return;
    const chosen = { from: midnight(from), to: midnight(to + 24 * HOUR - 1), [end]: midnight(Date.parse(`${value}T00:00`) + (end === "to" ? 25 * HOUR : 0)) };
    if (chosen.from < chosen.to) go({ own: chosen });
  };
  return el("input", { type: "date", "aria-label": end === "from" ? "First day" : "Last day", value, onchange });
};
const ranges = () =>
  el(
    "nav",
    { "aria-label": "Range" },
    el(
      "div",
      { class: "group" },
      Object.entries(VIEWS).map(([view, { title, key }]) => choice(title, !place.own && place.view === view, () => go({ view, own: null }), key)),
    ),
    el(
      "div",
      { class: "group" },
      button("‹", () => shift(-1), { "aria-label": "Earlier" }),
      button("›", () => shift(1), { "aria-label": "Later", disabled: !place.own }),
    ),
    el("span", { class: "soft" }, day("from"), " – ", day("to")),
    place.user && button(`${place.user} ×`, () => go({ user: null }), { class: "pill" }),
    choice("Tables", state.asTable, toggleTable, "t"),
  );

const figure = (title, value, note, extra) =>
  el("div", {}, el("dt", {}, title), el("dd", {}, el("span", { class: "value" }, value), el("span", { class: "note" }, note, extra)));

const latency = (realtime, name) => millis(realtime?.lastMinute.apiCalls ? realtime.lastMinute[name] : null);

// How far a number is from what it was a week before.
const change = (value, before) => {
  if (!before) return "none a week before";
  const share = value / before - 1;
  return `${share < 0 ? "−" : "+"}${percent(Math.abs(share))} on a week before`;
};

// When a quota is used up if the days go on as the last seven did.
const runsOut = ({ asOf, byDay, period: { remaining, end } }) => {
  const week = Date.parse(asOf) - WEEK;
  const pace = total(byDay.filter(({ date }) => Date.parse(date) > week), ({ apiCalls }) => apiCalls) / 7;
  const at = Date.parse(asOf) + (remaining / pace) * 24 * HOUR;
  return at < Date.parse(end) ? `used up on ${date(at)} at this pace` : `lasts until ${date(Date.parse(end) - 1)}`;
};

const minute = (title, name) => {
  const { realtime } = state.answers;
  return figure(title, count(realtime?.current[name]), realtime && `${count(realtime.lastMinute[name])} in the minute before`);
};

const figures = () => {
  const { realtime, series, before, stats, key, user } = state.answers;
  const points = realtime && series ? shownPoints() : [];
  const [calls, failures] = [total(points, callsOf), total(points, failuresOf)];
  const was = before && total(before.timeSeries, callsOf);
  const failed = before && total(before.timeSeries, failuresOf);
  const rows = (stats ? key : user)?.rows;
  return el(
    "dl",
    { class: "card figures" },
    // The API tells these of everybody alone.
    !place.user && [
      minute("Calls this minute", "apiCalls"),
      figure(`Calls, ${rangeTitle()}`, series ? count(calls) : "–", before && change(calls, was)),
      figure("Failed", series ? percent(failures / Math.max(failures + calls, 1)) : "–", failed + was > 0 && `${percent(failed / (failed + was))} a week before`),
      figure("Median latency", latency(realtime, "p50LatencyMs"), realtime && `99 % within ${latency(realtime, "p99LatencyMs")}`),
    ],
    figure(stats ? "Keys in use" : "Users", rows ? count(rows.length) : "–", rangeTitle()),
    stats
      ? figure("Quota left", count(stats.period.remaining), runsOut(stats), meter(stats.period))
      : minute("Bad keys this minute", "authFailures"),
  );
};

const meter = ({ used, limit }) => el("meter", { max: limit, value: used, high: limit * 0.8, "aria-label": `${percent(used / limit)} of the quota used` });

// Dimensions that are looked at, each with the name of its list and of a row.
const LISTS = {
  key: ["Keys", "Key"],
  path: ["Paths", "Path"],
  status: ["Answers", "Status"],
  user: ["Users", "User"],
  company: ["Companies", "Company"],
};
const listsShown = () => (isAdmin() && !place.user ? ["user", "company", "path", "status"] : ["key", "path", "status"]);

const list = (by) => {
  const rows = state.answers[by]?.rows;
  const [title, one] = LISTS[by];
  const most = Math.max(...(rows ?? []).map(({ apiCalls }) => apiCalls), 1);
  const name = (row) => {
    const text = row[by] === "*" ? "All others" : row.keyName || row[by];
    return by === "user" && row.user !== "*" ? button(text, () => go({ user: row.user })) : text;
  };
  const cells = (row) => [name(row), count(row.apiCalls), row.errors == null ? "–" : percent(row.errors / row.apiCalls), millis(row.p99ResponseMs)];
  const body = rows?.length
    ? table(title, [one, "Calls", "Failed", "p99"], rows.map(cells), { shares: rows.map(({ apiCalls }) => apiCalls / most) })
    : el("p", { class: "soft" }, rows && "No calls in this range.");
  return card("list", by, title, body);
};

const recent = () => {
  const { stats } = state.answers;
  if (!stats) return el("section", { class: "card" });
  const rows = stats.recent.map(({ time, method, path, latencyMs }) => [seconds(time), [el("b", {}, method), ` ${path ?? ""}`], millis(latencyMs)]);
  const head = ["Time", "Call", "Key check"];
  const exports = !isAdmin() && ["csv", "jsonl"].map((format) => button(format.toUpperCase(), () => download(format)));
  return card("recent", "recent", "Latest calls", rows.length ? table("Latest calls", head, rows, { words: 2 }) : firstCall(), el("div", { class: "group" }, exports));
};

const quotaCard = () => {
  const { stats, alerts } = state.answers;
  if (!stats) return el("section", { class: "card" });
  const { used, limit, end } = stats.period;
  const told = alerts?.alerts.map(({ threshold, at }) => [`${threshold} %`, `reached ${instant(at)}`]) ?? [];
  const toCome = alerts?.toCome.map(({ threshold, calls }) => [`${threshold} %`, `at ${plural(calls, "call")}`]) ?? [];
  return card(
    "quota",
    "quota",
    "Quota",
    [
      el("p", {}, el("b", {}, count(used)), ` of ${plural(limit, "call")}, until ${date(Date.parse(end) - 1)}`),
      meter(stats.period),
      table("Alerts", ["Alert", "When"], [...told, ...toCome]),
    ],
  );
};

// Nobody has called yet: the line that does.
const firstCall = () =>
  el(
    "div",
    { class: "empty" },
    el("p", {}, "No calls yet. This line makes one; put your key in it:"),
    el("pre", {}, `curl -H 'x-api-key: YOUR-KEY' '${new URL("v1/deadlines?country=AU", location)}'`),
  );

const chartCard = () => {
  const { realtime, series } = state.answers;
  const { granularity } = range();
  const points = series && realtime && shownPoints();
  const body = points && (state.asTable ? chartTable(points, granularity) : chart(points, granularity));
  const choices = Object.entries(METRICS).map(([show, title]) => choice(title, place.show === show, () => go({ show })));
  return card("chart", "chart", "How calls ended", el("figure", { class: "plot" }, body), el("div", { class: "group" }, choices));
};

const heatCard = () => {
  const { heatmap } = state.answers;
  return card("week", "week", "Hours of the week", heatmap && heat(heatmap));
};

// How many of the minutes that are settled the gateway's own log agrees with to the call.
const proof = () => {
  const { series } = state.answers;
  if (!series || series.granularity !== "minute") return "Every call is counted once, by its own time.";
  const settled = series.timeSeries.filter(({ time }) => Date.parse(series.asOf) - Date.parse(time) > 4 * 60_000);
  const agree = settled.filter(({ apiCalls, rateLimited, statusKnown }) => apiCalls + rateLimited === statusKnown);
  return `Every call is counted once, by its own time. The gateway's log agrees in ${agree.length} of ${settled.length} minutes.`;
};

const notice = () => {
  const [trouble] = Object.values(state.troubles);
  return el("p", { class: "notice", role: "alert", hidden: !trouble }, trouble);
};

const page = () => {
  const { realtime, series, heatmap, stats, alerts } = state.answers;
  return [
    masthead(),
  el(
    "main",
    { id: "main", tabindex: -1 },
    ranges(),
    notice(),
    figures(),
    !place.user && part("chart", [place, state.asTable, state.width, state.cursor, series, JSON.stringify(realtime?.current), realtime?.asOf.slice(0, 16)], chartCard),
    el(
      "div",
      { class: "tiles" },
      listsShown().map((by) => part(by, [place, state.answers[by]], () => list(by))),
      !place.user && part("heat", [place, state.asTable, heatmap], heatCard),
      isOfOne() && part("quota", [place, stats?.period.used, alerts], quotaCard),
      isOfOne() && part("recent", [place, stats?.recent[0]?.requestId, Boolean(stats)], recent),
    ),
  ),
  el("footer", {}, el("p", {}, proof()), el("p", {}, `Days begin at midnight in ${zone}. `, el("a", { href: "v1/openapi.json" }, "The API"))),
  ];
};
