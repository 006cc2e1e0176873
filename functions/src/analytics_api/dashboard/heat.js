// The hours of a week, the busier the darker: a table whose numbers are for whoever does not see the shades.

const hourOf = (hour) => `${hour}:00`;
const dayName = (day) => day[0].toUpperCase() + day.slice(1);

const heat = ({ days }) => {
  const most = Math.max(...days.flatMap(({ hours }) => hours));
  const told = (day, hour, calls) => `${dayName(day)}, ${hourOf(hour)}: ${plural(calls, "call")}`;
  const shades = ({ day, hours }) =>
    hours.map((calls, hour) => el("span", { "--heat": Math.sqrt(calls / most) || 0, title: told(day, hour, calls) }, count(calls)));
  const busiest = days.find(({ hours }) => hours.includes(most));
  return el(
    "figure",
    { class: asTable ? "numbers" : "heat" },
    table(
      "Calls by day and hour of the week",
      ["Day", ...Array(24).keys()],
      days.map((row) => [dayName(row.day).slice(0, 3), ...shades(row)]),
    ),
    el("figcaption", {}, most ? `Busiest: ${told(busiest.day, busiest.hours.indexOf(most), most)}.` : "No calls in these days."),
  );
};
