// How values read: numbers and times in the viewer's language and zone.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

// What is not known is a dash.
const told = (format) => (value) => (value == null ? "–" : format(value));

const number = (options) => told(new Intl.NumberFormat(undefined, options).format);
const count = number({ maximumFractionDigits: 0 });
const short = number({ notation: "compact", maximumFractionDigits: 1 });
const tenths = number({ maximumFractionDigits: 1 });
const millis = told((value) => `${(value < 10 ? tenths : count)(value)} ms`);
const percent = told((share) => {
  const value = share * 100;
  return `${value && value < 10 ? (value < 0.1 ? "< 0.1" : tenths(value)) : count(value)} %`;
});
// A number that may be more.
const atLeast = (value, more) => count(value) + (more ? "+" : "");
const plural = (value, noun) => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

const time = (options) => {
  const { format } = new Intl.DateTimeFormat(undefined, options);
  return told((instant) => format(new Date(instant)));
};
const clock = time({ hour: "2-digit", minute: "2-digit" });
const seconds = time({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const date = time({ day: "numeric", month: "short" });
const weekday = time({ weekday: "short", day: "numeric", month: "short" });
// When a day of UTC would begin here: it reads as the same day.
const dayOf = (instant) => instant.slice(0, -1);
const instant = time({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
