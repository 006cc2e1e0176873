// The hours of a week, the busier the darker: a table whose numbers are for whoever does not see the shades.

const hourOf = (hour) => `${hour}:00`;
const dayName = (day) => day[0].toUpperCase() + day.slice(1);

const heat = ({ days }) => {
  const cells = days.flatMap(({ day, hours }) => hours.map((calls, hour) => ({ day: dayName(day), hour: hourOf(hour), calls })));
  const busiest = cells.reduce((most, cell) => (cell.calls > most.calls ? cell : most));
  const shade = ({ day, hour, calls }) =>
    el("span", { "--heat": Math.sqrt(calls / busiest.calls) || 0, title: `${day}, ${hour}: ${plural(calls, "call")}` }, count(calls));
  return el(
    "figure",
    { class: asTable ? "numbers" : "heat" },
    table(
      "Calls by day and hour of the week",
      ["Day", ...Array.from({ length: 24 }, (_, hour) => hour)],
      days.map(({ day }, row) => [dayName(day).slice(0, 3), ...cells.slice(row * 24, row * 24 + 24).map(shade)]),
    ),
    el("figcaption", {}, busiest.calls ? `Busiest on ${busiest.day} from ${busiest.hour}: ${plural(busiest.calls, "call")}.` : "No calls in these days."),
  );
};
