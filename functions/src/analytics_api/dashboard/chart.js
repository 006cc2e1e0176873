// The chart: bars stacked by how calls ended, or lines of latency; read by pointer, by arrow keys, and as a table.

// How a call can end, from the bottom of a bar up.
const OUTCOMES = [
  ["ok", "Answered"],
  ["caller", "Bad request"],
  ["quota", "Over quota"],
  ["key", "Bad key"],
  ["ours", "Our failure"],
  ["gateway", "Not taken"],
  ["failed", "Failed"],
];
const LINES = [
  ["p99", "99 % within"],
  ["p90", "90 % within"],
  ["p50", "50 % within"],
];

const HEIGHT = 232;
const LEFT = 48;
const TOP = 18;
const BOTTOM = 26;
// What a label takes, and what one at the edge is moved by to stay in the picture.
const LABEL = 60;
const ROOM = 1.5 * LABEL;

// Calls whose answer is not known yet were let through, and count as answered.
const outcomesOf = ({ apiCalls, errors = 0, rateLimited, statuses = {}, faults }) => {
  if (!faults) return { ok: apiCalls - errors, quota: rateLimited, failed: errors };
  const failed = Object.entries(statuses).reduce((sum, [status, calls]) => (status >= 400 && status != 429 ? sum + calls : sum), 0);
  return { ok: Math.max(apiCalls - failed, 0), ...faults };
};
const sumOf = (outcomes) => (point) => total(outcomes, ([name]) => outcomesOf(point)[name] ?? 0);
const failuresOf = sumOf(OUTCOMES.slice(1));
const isAhead = ({ high80 }) => high80 != null;

// When calls were not as expected, and how far.
const oddityOf = ({ userEmail, begin, step, observed, expected, end }) =>
  `${instant(begin)}: ${plural(observed, "call")}${userEmail && !isOfOne() ? ` of ${userEmail}` : ""} in the ${step}, ${tenths(expected)} expected, ${end ? `over at ${instant(end)}` : "not over yet"}`;

const shownOutcomes = () => OUTCOMES.slice(place.show === "calls" ? 0 : 1);
const isLatency = () => place.show === "latency";
const callsOf = ({ apiCalls }) => apiCalls;
const total = (points, of) => points.reduce((sum, point) => sum + of(point), 0);

// What a line shows: from arrival to answer where that is known, else what the check of the key took.
const latencyOf = (points) => {
  const kind = points.some((point) => point.p50ResponseMs) ? "ResponseMs" : "LatencyMs";
  return (point, line) => point[line + kind];
};

const slowestOf = (points) => (point) => latencyOf(points)(point, "p99") ?? 0;

// Round steps from 0 to at least `top`.
const ticks = (top) => {
  const power = 10 ** Math.floor(Math.log10(top / 4));
  const step = [1, 2, 5, 10].find((times) => times * power * 4 >= top) * power;
  return [...Array(Math.ceil(top / step) + 1).keys()].map((place) => place * step);
};

const LABELS = { minute: clock, hour: instant, day: weekday, ofDay: (hour) => hour };
const BRIEF = { ...LABELS, hour: clock, day: date };

// Which points have their time below them: midnights of many hours, else round steps with room for each.
const marked = (points, granularity) => {
  const hours = granularity === "hour" && points.length > 48;
  const room = Math.max(Math.floor((plotWidth - LEFT) / ROOM), 1);
  const every = [1, 2, 3, 6, 10, 12, 20, 30, 60].find((step) => points.length / step <= room) ?? 60;
  const unit = { minute: (at) => at.getMinutes(), hour: (at) => at.getHours(), day: (_, place) => points.length - 1 - place, ofDay: (_, place) => place };
  const midnights = Math.ceil(points.length / 24 / room);
  return points.flatMap(({ time }, place) => {
    const at = new Date(time);
    if (hours) return at.getHours() || Math.floor(place / 24) % midnights ? [] : [[place, weekday(time)]];
    return unit[granularity](at, place) % every ? [] : [[place, BRIEF[granularity](time)]];
  });
};

const summaryOf = (points, granularity) => {
  if (isLatency()) {
    const worst = Math.max(...points.map(slowestOf(points)));
    return worst ? `99 % of calls took ${millis(worst)} at most.` : "No calls were timed.";
  }
  const [noun, of] = place.show === "calls" ? ["call", callsOf] : ["failure", failuresOf];
  const sum = total(points, of);
  if (!sum) return `No ${noun}s in this range.`;
  const most = Math.max(...points.map(of));
  return `${plural(sum, noun)}, most of them at ${LABELS[granularity](points.find((point) => of(point) === most).time)}: ${count(most)}.`;
};

// The parts of a point by name, each with its class and how it reads.
const partsOf = (point, points) =>
  isAhead(point)
    ? [["expected", "Expected", `${count(point.low80)} – ${count(point.high80)}`]]
    : isLatency()
      ? LINES.map(([line, title]) => [line, title, millis(latencyOf(points)(point, line))])
      : shownOutcomes()
          .filter(([name]) => outcomesOf(point)[name])
          .map(([name, title]) => [name, title, count(outcomesOf(point)[name])]);

// Each is told by its pattern as well as by its colour; the patterns are the page's.
const paint = (name) => (name === "ok" ? { class: "ok" } : { fill: `url(#of-${name})` });

const swatch = (name) =>
  svg(
    "svg",
    { class: "swatch", viewBox: "0 0 14 10", "aria-hidden": "true" },
    isLatency() || name === "expected"
      ? svg("path", { d: "M0 5H14", class: `line ${name}` })
      : svg("rect", { width: 14, height: 10, rx: 2, ...paint(name) }),
  );

const bars = (points, x, y, step) => {
  const shown = shownOutcomes().map(([name]) => name);
  const width = Math.max(step * 0.8, step - 6);
  const d = Object.fromEntries(shown.map((name) => [name, ""]));
  points.forEach((point, at) => {
    const outcomes = outcomesOf(point);
    let sum = 0;
    for (const name of shown) {
      const calls = outcomes[name] ?? 0;
      if (calls) d[name] += `M${(x(at) - width / 2).toFixed(1)} ${y(sum).toFixed(1)}h${width.toFixed(1)}V${y((sum += calls)).toFixed(1)}h${(-width).toFixed(1)}z`;
    }
  });
  return shown.map((name) => svg("path", { d: d[name], ...paint(name) }));
};

// How far right of the picture's left edge a point has its middle, also as a part of its width.
const middle = (at, points) => LEFT + ((at + 0.5) * (plotWidth - LEFT)) / points.length;
const along = (at, points) => `${(middle(at, points) / plotWidth) * 100}%`;

const oddities = (points) =>
  points.map(({ oddity }, at) => oddity && el("span", { class: "oddity", role: "img", "aria-label": oddity, title: oddity, "--at": along(at, points) }, "▲"));

const lines = (points, x, y) =>
  LINES.map(([line]) => {
    let pen = "M";
    const d = points.map((point, at) => {
      const value = latencyOf(points)(point, line);
      if (!value) return (pen = "M"), "";
      const to = `${pen}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
      // A point alone is a stroke of its own.
      return `${to}h.1`;
    });
    return svg("path", { d: d.join(""), class: `line ${line}` });
  });

// What is expected of hours to come, and between which numbers they are eight times out of ten.
const band = (points, x, y) => {
  const ahead = points.flatMap((point, at) => (isAhead(point) ? [[at, point]] : []));
  if (!ahead.length) return;
  const edge = (name, along) => along.map(([at, point]) => `${x(at).toFixed(1)} ${y(point[name]).toFixed(1)}`).join("L");
  return [
    svg("path", { class: "band", d: `M${edge("high80", ahead)}L${edge("low80", ahead.toReversed())}z` }),
    svg("path", { class: "line expected", d: `M${edge("expected", ahead)}` }),
  ];
};

const drawing = (points, granularity) => {
  const height = (point) =>
    isLatency() ? slowestOf(points)(point) : sumOf(shownOutcomes())(point) + (point.high80 ?? 0);
  const marks = ticks(Math.max(...points.map(height), 4));
  const floor = HEIGHT - BOTTOM;
  const step = (plotWidth - LEFT) / points.length;
  const x = (at) => middle(at, points);
  const y = (value) => floor - (value / marks.at(-1)) * (floor - TOP);
  return [
    cursor !== null && svg("rect", { class: "cursor", x: x(cursor) - step / 2, y: TOP, width: step, height: floor - TOP }),
    marks.map((mark) => [
      svg("path", { class: mark ? "grid" : "axis", d: `M${LEFT} ${Math.round(y(mark)) + 0.5}H${plotWidth}` }),
      svg("text", { x: LEFT - 8, y: y(mark) + 4, "text-anchor": "end" }, isLatency() ? `${short(mark)} ms` : short(mark)),
    ]),
    band(points, x, y),
    (isLatency() ? lines : bars)(points, x, y, step),
    marked(points, granularity).map(([at, text]) =>
      svg("text", { x: Math.min(x(at), plotWidth - LABEL / 2), y: HEIGHT - 6, "text-anchor": "middle" }, text),
    ),
  ];
};

const legend = (points) => {
  const used = isLatency() ? LINES : shownOutcomes().filter(([name]) => points.some((point) => outcomesOf(point)[name]));
  const ahead = points.some(isAhead) ? [["expected", "Expected"]] : [];
  return el("ul", { class: "legend" }, [...used, ...ahead].map(([name, title]) => el("li", {}, swatch(name), title)));
};

const tip = (points, granularity) => {
  const point = points[cursor];
  return el(
    "div",
    { class: `tip ${cursor > points.length / 2 ? "left" : ""}`, "--at": along(cursor, points), "aria-hidden": "true" },
    el("b", {}, LABELS[granularity](point.time)),
    partsOf(point, points).map(([name, title, value]) => el("p", {}, swatch(name), el("span", {}, title), el("span", { class: "number" }, value))),
    point.oddity && el("p", {}, point.oddity),
  );
};

const move = (to, points, granularity) => {
  cursor = to === null ? null : Math.min(Math.max(to, 0), points.length - 1);
  render();
  const point = points?.[cursor];
  const parts = point && partsOf(point, points).map(([, title, value]) => `${title} ${value}`);
  return point && `${LABELS[granularity](point.time)}: ${parts.join(", ") || "nothing"}. ${point.oddity ?? ""}`;
};

const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

const chart = (points, granularity, more) => {
  if (cursor >= points.length) cursor = null;
  const sentence = [summaryOf(points, granularity), ...more].join(" ");
  const image = svg(
    "svg",
    {
      id: "chart",
      viewBox: `0 0 ${plotWidth} ${HEIGHT}`,
      role: "img",
      tabindex: 0,
      "aria-label": `${sentence} Arrow keys read single points.`,
      onpointermove: (event) => {
        const offset = event.clientX - event.currentTarget.getBoundingClientRect().left - LEFT;
        move(Math.floor((offset / (plotWidth - LEFT)) * points.length), points, granularity);
      },
      onpointerleave: () => move(null),
      onblur: () => move(null),
      onkeydown: (event) => {
        if (!(event.key in STEPS)) return;
        event.preventDefault();
        event.stopPropagation();
        say(move((cursor ?? points.length) + STEPS[event.key], points, granularity));
      },
    },
    drawing(points, granularity),
  );
  return [image, oddities(points), cursor !== null && tip(points, granularity), el("figcaption", {}, el("span", {}, sentence), legend(points))];
};

const chartTable = (points, granularity) => {
  const cells = (point) => (isLatency() ? LINES.map(([line]) => millis(latencyOf(points)(point, line))) : OUTCOMES.map(([name]) => count(outcomesOf(point)[name] ?? 0)));
  const rows = points.toReversed().map((point) => {
    const time = LABELS[granularity](point.time);
    if (isAhead(point)) return [`${time}: ${partsOf(point)[0][2]} expected`];
    return [[time, point.oddity && el("small", {}, point.oddity)], ...cells(point)];
  });
  return table("Each point of the chart", ["Time", ...(isLatency() ? LINES : OUTCOMES).map(([, title]) => title)], rows);
};
