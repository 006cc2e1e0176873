// Where the viewer is: a range, a metric and what figures are of, all of it in the address, so that Back works and links
// can be shared.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const VIEWS = {
  live: { title: "Live", key: "r", span: "last hour", length: HOUR },
  day: { title: "Day", key: "d", span: "last 24 hours", length: DAY },
  week: { title: "Week", key: "w", span: "last 7 days", length: WEEK },
  month: { title: "Month", key: "m", span: "last 30 days", length: 30 * DAY },
};
const METRICS = { calls: "Calls", failures: "Failures", latency: "Latency" };

// What an answer tells apart within what a user or everybody called, and what figures can be of alone.
const DETAILS = ["key", "path", "status"];
const FILTERS = ["user", "company", ...DETAILS];

let place;

const readPlace = () => {
  const asked = new URLSearchParams(location.search);
  const [from, to] = ["from", "to"].map((end) => Date.parse(asked.get(end)));
  // Clocks that change in between make an end an hour more or less than a midnight.
  const edge = (at) => (isLong({ from, to }) ? midnight(at + 12 * HOUR) : at);
  const own = from < to ? { from: edge(from), to: edge(to) } : null;
  const among = (table, name) => Object.keys(table).find((key) => key === asked.get(name)) ?? Object.keys(table)[0];
  place = { view: among(VIEWS, "view"), own, show: among(METRICS, "show"), ...onlyOf((name) => asked.get(name)) };
};
const onlyOf = (value) => Object.fromEntries(FILTERS.map((name) => [name, value(name)]));
const detail = () => DETAILS.find((name) => place[name]);

const address = ({ view, own, show, ...filters }) => {
  const asked = query({
    from: own && iso(own.from),
    to: own && iso(own.to),
    view: view !== "live" && view,
    show: show !== "calls" && show,
    ...filters,
  });
  return asked.size ? `?${asked}` : location.pathname;
};

const query = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value));
const iso = (at) => `${new Date(at).toISOString().slice(0, 19)}Z`;

const go = (change) => {
  history.pushState(null, "", address({ ...place, ...change }));
  arrive();
};

// Shows what has a value alone, or everything again; a detail is one of the same user's.
const filter = (name, value) =>
  go(onlyOf((other) => (other === name ? value : other === "user" && DETAILS.includes(name) ? place.user : null)));

const isLive = () => place.view === "live" && !place.own;

// Its ends, as numbers; of much more than a week they are midnights.
const span = () => {
  if (place.own) return place.own;
  const now = Date.now();
  const { length } = VIEWS[place.view];
  const to = wholeHour(now) + HOUR;
  return length > WEEK ? { from: midnight(now, 1 - length / DAY), to: midnight(now, 1) } : { from: to - length, to };
};
const isLong = ({ from, to }) => to - from > WEEK + DAY;
const midnight = (at, days = 0) => new Date(at).setHours(24 * days, 0, 0, 0);
const wholeHour = (at) => Math.floor(at / HOUR) * HOUR;

// An end that is yet to come is the API's to set.
const between = (from, to) => ({ from: iso(from), to: to <= Date.now() && iso(to) });

// What is asked of routes that know whole hours of UTC alone, where midnights may be at half past.
const wholeHours = () => between(wholeHour(span().from), wholeHour(span().to));

// What is asked of routes that tell the points of a range.
const range = () => {
  const { from, to } = span();
  if (isLive()) return { duration: "1h", granularity: "minute" };
  if (isLong(span())) return { ...between(from, to), granularity: "day" };
  return { ...wholeHours(), granularity: to - from > 3 * HOUR ? "hour" : "minute" };
};

const rangeTitle = () => {
  if (!place.own) return VIEWS[place.view].span;
  const { from, to } = place.own;
  return to - from <= DAY ? `${instant(wholeHour(from))} – ${clock(wholeHour(to))}` : `${weekday(from)} – ${weekday(to - 1)}`;
};

// The range of the same length before or after this one; the present, where that would be in the future.
const shift = (steps) => {
  const { from, to } = span();
  const by = steps * (to - from);
  go({ own: to + by > Date.now() ? null : { from: from + by, to: to + by } });
};
