// How values read: numbers and times in the viewer's language and zone.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

const number = (options) => {
  const format = new Intl.NumberFormat(undefined, options);
  return (value) => (value == null ? "–" : format.format(value));
};
const count = number({ maximumFractionDigits: 0 });
const short = number({ notation: "compact", maximumFractionDigits: 1 });
const tenths = number({ maximumFractionDigits: 1 });
const millis = (value) => (value == null ? "–" : `${(value < 10 ? tenths : count)(value)} ms`);
const percent = (share) => {
  const value = share * 100;
  return `${value && value < 10 ? (value < 0.1 ? "< 0.1" : tenths(value)) : count(value)} %`;
};
const plural = (value, noun) => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

const time = (options) => {
  const format = new Intl.DateTimeFormat(undefined, options);
  return (instant) => format.format(new Date(instant));
};
const clock = time({ hour: "2-digit", minute: "2-digit" });
const seconds = time({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const date = time({ day: "numeric", month: "short" });
const weekday = time({ weekday: "short", day: "numeric", month: "short" });
const instant = time({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
