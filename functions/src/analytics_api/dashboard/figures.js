// Six figures of today, or those of what is shown alone.

const figure = (title, value, note) =>
  el("div", {}, el("dt", {}, title), el("dd", {}, el("span", { class: "value" }, value), el("span", { class: "note" }, note)));

const meter = ({ used, limit }) => el("meter", { max: limit, value: used, high: limit * 0.8, "aria-label": `${percent(used / limit)} of the quota used` });
const failedOf = ({ apiCalls, errors }) => percent(apiCalls && errors != null ? errors / apiCalls : null);

// How far a figure is from what it was a week before.
const change = ({ change }) =>
  change == null ? "None a week before" : `${change < 0 ? "−" : "+"}${percent(Math.abs(change) / 100)} on a week before`;

// When a quota is used up.
const runsOut = ({ end, runOut: { expected, earliest } }) => {
  if (expected) return `used up on ${instant(expected)}, as expected`;
  return `lasts until ${date(Date.parse(end) - 1)}${earliest ? `, or ${date(earliest)} at worst` : ""}`;
};

const minute = (title, name, note) => figure(title, count(answers.realtime?.current[name]), note);

const figuresOfToday = () => {
  const { summary = {}, realtime } = answers;
  const { callsPerMinute, errorRate, p99ResponseMs, quota } = summary;
  const compared = (title, name, format, note = change) => figure(title, format(summary[name]?.value), summary[name] && note(summary[name]));
  return [
    compared("Calls today", "apiCalls", count),
    place.user
      ? compared("Calls a minute", "callsPerMinute", tenths)
      : minute("Calls this minute", "apiCalls", callsPerMinute && `${tenths(callsPerMinute.value)} a minute before`),
    compared("Failed today", "errorRate", percent, () => `${percent(errorRate.before)} a week before`),
    compared("Median response", "p50ResponseMs", millis, () => `99 % within ${millis(p99ResponseMs.value)}`),
    compared(...(isOfOne() ? ["Keys today", "keys"] : ["Users today", "users"]), count),
    isOfOne()
      ? figure("Quota left", count(quota?.remaining), quota && [runsOut(quota), meter(quota)])
      : minute("Bad keys this minute", "authFailures", realtime && `${count(realtime.lastMinute.authFailures)} in the minute before`),
  ];
};

const figuresOfDetail = () => {
  const name = detail();
  const { apiCalls, rows } = answers[name] ?? {};
  const row = rows?.find((row) => row[name] === place[name]) ?? {};
  return [
    figure(`Calls${since(name) || `, ${rangeTitle()}`}`, count(rows && (row.apiCalls ?? 0)), apiCalls > 0 && `${percent((row.apiCalls ?? 0) / apiCalls)} of all`),
    figure("Failed", failedOf(row)),
    figure("Median response", millis(row.p50ResponseMs), `99 % within ${millis(row.p99ResponseMs)}`),
    place.key && figure("Last call", clock(row.lastUsed), row.lastUsed && weekday(row.lastUsed)),
  ];
};

const figuresOfCompany = () => {
  const { from, to, apiCalls, errors, rateLimited, users } = answers.members ?? {};
  return [
    figure("Calls", count(apiCalls), from && `${date(dayOf(from))} – ${date(Date.parse(dayOf(to)) - 1)}`),
    figure("Failed", failedOf({ apiCalls, errors })),
    figure("Over quota", count(rateLimited)),
    figure("Users", count(users)),
  ];
};

const figures = () => el("dl", { class: "card figures" }, place.company ? figuresOfCompany() : detail() ? figuresOfDetail() : figuresOfToday());
