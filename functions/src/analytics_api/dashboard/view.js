// What is on the page, made from the answers that are there. A part whose answer is on its way keeps its place.

const isAdmin = () => [claims()["cognito:groups"] ?? []].flat().includes("admin");

// A table whose first columns are words and whose others are numbers. A share draws a bar behind its row. Rows that are not
// there are on their way.
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
      el("tbody", {}, rows?.length ? rows.map(row) : rows && el("tr", {}, el("td", { colspan: head.length, class: "soft" }, "None in this range"))),
    ),
  );
};

const card = (id, title, body, more, kind = id) =>
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
      choice("Pause", isPaused, pause, "p"),
      button("Keys", openKeys),
      // Whoever signs in next sees everything of theirs.
      button("Sign out", () => filter() ?? signOut()),
    ),
  );
};

// Of the API's ninety days those that begin within them wherever a day is looked at.
const OLDEST = 88 * DAY;

// An end of the range, chosen from a calendar: days are whole.
const day = (end, title) => {
  const { from, to } = span();
  const isLast = end === "to";
  // Swedish is written as the field wants it.
  const written = (at) => new Date(at).toLocaleDateString("sv");
  const onchange = ({ target: { value, validity } }) => {
    // Also told of each digit of a year that is typed.
    if (!validity.valid) return;
    const chosen = { from: midnight(from), to: midnight(to - 1, 1), [end]: midnight(`${value}T00:00`, +isLast) };
    if (chosen.from < chosen.to) go({ own: chosen });
  };
  const [value, min, max] = [isLast ? to - 1 : from, Date.now() - OLDEST, Date.now()].map(written);
  return el("input", { type: "date", "aria-label": title, value, min, max, onchange });
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
    el("span", { class: "soft" }, day("from", "First day"), " – ", day("to", "Last day")),
    FILTERS.map((name) => place[name] && button(`${nameOf(name)} ×`, () => filter(name, null), { class: "pill", "aria-describedby": "left-out" })),
    choice("Tables", asTable, toggleTable, "t"),
    leftOut() && el("p", { id: "left-out", class: "soft" }, leftOut()),
  );

// What a filter is called.
const nameOf = (name) => answers.key?.rows.find(({ key }) => name === "key" && key === place.key)?.keyName ?? place[name];

// What the API does not tell of the filter, and is not shown in its place.
const leftOut = () => {
  const { company } = place;
  const name = company ? "company" : detail();
  const left = company ? "keys, paths, answers, hours" : `hours of the week, ${isOfOne() ? `quota${place.status ? ", latest calls" : ""}` : "users, companies"}`;
  const untold = name && Math.max(...[...DETAILS, "hours"].map((by) => (by !== name && answers[by]?.rows.find((row) => row[name] === "*")?.apiCalls) || 0));
  return name && `Not told apart by ${name}, and left out: today, ${left}${untold ? `, and up to ${plural(untold, "call")} below` : ""}.`;
};

// The hour under way alone would be next to nothing when it has just begun: in the live view, lists have the one before, too.
const since = (name) => isLive() && answers[name] ? ` since ${clock(answers[name].from)}` : "";

// What calls are told apart by, each with the name of its list.
const LISTS = { key: "Keys", path: "Paths", status: "Answers", user: "Users", company: "Companies" };
const listsShown = () => (isOfOne() ? DETAILS : [...(detail() ? [] : ["user", "company"]), ...(place.company ? [] : ["path", "status"])]);

// The latest calls are told with their keys and paths.
const areLatestTold = () => isOfOne() && !place.status && !place.company;

// The rows of a list: those of what is shown alone, or all of them to choose from.
const rowsOf = (by) => {
  const { [by]: answer, members } = answers;
  if (by === "user" && members) return members.members.map(({ userEmail, ...member }) => ({ user: userEmail, ...member }));
  const name = detail();
  return name && name !== by ? answer?.rows.filter((row) => row[name] === place[name]) : answer?.rows;
};

const list = (by) => {
  const rows = rowsOf(by);
  const title = `${LISTS[by]}${since(by)}`;
  const most = rows?.[0]?.apiCalls || 1;
  const name = (row) => {
    if (row[by] === "*") return "All others";
    const isChosen = row[by] === place[by];
    return button((by === "key" && row.keyName) || row[by], () => filter(by, isChosen ? null : row[by]), { "aria-pressed": String(isChosen) });
  };
  const cells = (row) => [name(row), atLeast(row.apiCalls, row.apiCallsAtMost), failedOf(row), millis(row.p99ResponseMs)];
  const shares = rows?.map(({ apiCalls }) => Math.min(apiCalls / most, 1));
  return card(by, title, table(title, ["Name", "Calls", "Failed", "p99"], rows?.map(cells), { shares }), null, "list");
};

const recent = () => {
  const { stats } = answers;
  if (!stats) return el("section", { class: "card" });
  const { key, path } = place;
  const calls = stats.recent.filter((call) => (!key || call.apiKeyId === key) && (!path || `${call.method} ${call.path}` === path));
  const rows = calls.map(({ time, method, path, latencyMs }) => [seconds(time), [el("b", {}, method), ` ${path ?? ""}`], millis(latencyMs)]);
  const head = ["Time", "Call", "Key check"];
  const title = detail() ? "Among the latest calls" : "Latest calls";
  const exports = !isAdmin() && !detail() && ["csv", "jsonl"].map((format) => button(format.toUpperCase(), () => download(format)));
  return card("recent", title, stats.recent.length ? table(title, head, rows, { words: 2 }) : firstCall(), el("div", { class: "group" }, exports));
};

const quotaCard = () => {
  const { stats, alerts } = answers;
  if (!stats) return el("section", { class: "card" });
  const { used, limit, end } = stats.period;
  const rows = alerts && [...alerts.alerts, ...alerts.toCome].map(({ threshold, at, calls }) => [`${threshold} %`, at ? `reached ${instant(at)}` : `at ${plural(calls, "call")}`]);
  return card(
    "quota",
    "Quota",
    [
      el("p", {}, el("b", {}, count(used)), ` of ${plural(limit, "call")}, until ${date(Date.parse(end) - 1)}`),
      meter(stats.period),
      table("Alerts", ["Alert", "When"], rows),
    ],
  );
};

// Nobody has called yet: the line that does.
const firstCall = () => {
  const told = copy("first-call");
  told.querySelector("span").append(new URL("v1/deadlines?country=AU", location));
  return told;
};

// The points of the chart, how long each is, and what there is to say of them besides.
const shown = () => {
  const { realtime, series, hours, members, forecast } = answers;
  if (place.company) return members && [members.byDay.map((day) => ({ ...day, time: dayOf(day.time) })), "day", []];
  if (detail()) return [hours ? hoursOfDay(hours) : !areHoursTold() && [], "ofDay", []];
  if (!series || !realtime) return;
  const charted = shownPoints();
  const anomalies = (answers.anomalies?.anomalies ?? []).filter(({ begin }) => begin >= charted[0].time);
  const points = charted.map((point, at, { [at + 1]: next }) => {
    const own = anomalies.filter(({ begin }) => place.show === "calls" && begin >= point.time && !(begin >= next?.time));
    return { ...point, oddity: own.map(oddityOf).join("; ") || null };
  });
  const { compared, granularity } = series;
  const more = [];
  if (place.show === "calls") {
    if (compared) more.push(`${change(compared.apiCalls)}.`);
    if (anomalies.length) more.push(`Not as expected ${plural(anomalies.length, "time")}, last on ${oddityOf(anomalies.at(-1))}.`);
    if (forecast && forecast.basis !== "nothing") {
      const { horizon, total, points: ahead } = forecast;
      more.push(`Expected ${horizon === "month" ? "of this month" : "in 24 hours"}: ${count(total.low80)} to ${count(total.high80)}, 8 times out of 10.`);
      if (granularity === "hour") points.push(...ahead.filter(({ time }) => time > points.at(-1).time).map((point) => ({ apiCalls: 0, ...point })));
    }
  }
  return [points, granularity, more];
};

// The calls of a detail in each hour of the day.
const hoursOfDay = ({ rows }) => {
  const own = rows.filter((row) => row[detail()] === place[detail()]);
  return [...Array(24).keys()].map((hour) => ({ apiCalls: 0, ...own.find((row) => +row.hour === hour), time: hourOf(hour) }));
};

const chartCard = () => {
  const [points, granularity, more] = shown() ?? [];
  const body = points?.length ? (asTable ? chartTable(points, granularity) : chart(points, granularity, more)) : el("p", { class: "soft" }, points && "Hours are told for up to 7 days.");
  const choices = Object.entries(METRICS).map(([show, title]) => choice(title, place.show === show, () => go({ show })));
  const title = detail() ? `Hours of the day${since("hours") || `, ${rangeTitle()}`}` : `How calls ended, ${place.company ? "by day of UTC" : rangeTitle()}`;
  return card("chart", title, el("figure", { class: "plot" }, body), el("div", { class: "group" }, choices));
};

const heatCard = () => card("week", "Hours of the week", answers.heatmap && heat(answers.heatmap));

// Who was refused, why, and from where.
const securityCard = () => {
  const { reasons, rateLimitedUsers } = answers.security ?? {};
  const most = ([{ address, prefix } = {}]) => address ?? prefix ?? "–";
  const refused = reasons?.map(({ reason, failures, addresses, prefixes }) => [reason?.replaceAll("_", " ") ?? "not known", most(addresses), most(prefixes), count(failures)]);
  const over = rateLimitedUsers?.map(({ userEmail, rateLimited, rateLimitedAtMost }) => [button(userEmail, () => filter("user", userEmail)), atLeast(rateLimited, rateLimitedAtMost)]);
  const tables = [table("Bad keys", ["Bad key", "Most from", "Key begins", "Calls"], refused, { words: 3 }), table("Over quota", ["Over quota", "Calls"], over)];
  return card("security", `Refused${since("security")}`, el("div", { class: "halves" }, tables));
};

// How far behind the stream is, how wide it is, and what of it could not be counted. Where nothing is counted any more, what
// waits tells how long.
const streamCard = () => {
  const { lagMs, waitingMs, openShards, failedRecords, moreFailed } = answers.summary?.stream ?? {};
  const figures = [
    waitingMs > MINUTE
      ? figure("Behind", `${count(waitingMs / MINUTE)} min`, "calls wait to be counted")
      : figure("Behind", millis(lagMs), "from call to count, at most"),
    figure("Open shards", count(openShards)),
    figure("Failed records", atLeast(failedRecords, moreFailed), "in 24 hours"),
  ];
  return card("stream", "Stream", el("dl", { class: "figures" }, figures));
};

// How many of the minutes that are settled the gateway's own log agrees with to the call, and how far figures are set.
const footer = () => {
  const { series, summary } = answers;
  const minutes = series?.granularity === "minute" ? series.timeSeries.filter(({ time }) => Date.parse(series.asOf) - Date.parse(time) > 4 * MINUTE) : [];
  const agree = minutes.filter(({ apiCalls, rateLimited, statusKnown }) => apiCalls + rateLimited === statusKnown);
  const foot = copy("foot");
  foot.querySelector("p").append(
    minutes.length ? ` The gateway's log agrees in ${agree.length} of ${minutes.length} minutes.` : "",
    summary ? ` Figures are settled to ${clock(summary.settledTo)}.` : "",
  );
  foot.querySelector("span").append(zone);
  return foot;
};

const notice = () => {
  const [trouble] = Object.values(troubles);
  return el("p", { class: "notice", role: "alert", hidden: !trouble }, trouble);
};

const page = () => {
  const { stats } = answers;
  const isWhole = !detail() && !place.company;
  return [
    masthead(),
    el(
      "main",
      { id: "main", tabindex: -1 },
      ranges(),
      notice(),
      figures(),
      part("chart", [place, asTable, plotWidth, cursor, ...["hours", "members", "realtime", "series", "forecast", "anomalies"].map((name) => answers[name])], chartCard),
      el(
        "div",
        { class: "tiles" },
        listsShown().map((by) => part(by, [place, answers[by], answers.members], () => list(by))),
        isWhole && [
          part("heat", [place, asTable, answers.heatmap], heatCard),
          isOfOne()
            ? part("quota", [place, stats?.period.used, answers.alerts], quotaCard)
            : [part("security", [place, answers.security], securityCard), part("stream", [place, answers.summary], streamCard)],
        ],
        areLatestTold() && part("recent", [place, stats?.recent[0]?.requestId, Boolean(stats)], recent),
      ),
    ),
    footer(),
  ];
};
