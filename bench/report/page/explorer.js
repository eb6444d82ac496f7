// The explorer: what is shown decides what is counted; a row opens into its data set.

await library("charts");
const { complete, methods, datasets, scores, details } = JSON.parse(await unpacked("facts"));

const fixed = value => value === null ? "–" : value.toFixed(4);
const mean = values => values.length ? values.reduce((a, b) => a + b, 0) / values.length : null;
const grid = (heads, rows) => make("table", {},
  make("thead", {}, make("tr", {}, ...heads.map(text => make("th", { scope: "col" }, text)))),
  make("tbody", {}, ...rows.map(cells => make("tr", {}, ...cells.map(text => make("td", {}, String(text)))))));
const choice = (label, names, chosen, changed) => {
  const select = make("select", {}, ...names.map(name => make("option", { value: name }, name)));
  select.value = chosen;
  select.addEventListener("change", changed);
  return [make("label", {}, `${label} `, select), select];
};

const ink = { labelColor: "currentColor", titleColor: "currentColor" };
const config = {
  background: null, font: "system-ui", view: { stroke: null }, header: ink, legend: ink,
  axis: { ...ink, domainColor: "currentColor", tickColor: "currentColor", gridColor: "#8884" },
};
const chart = (place, spec) => window.vegaEmbed(place, { ...spec, config }, {
  actions: false, renderer: "svg", mode: "vega-lite", tooltip: { theme: dark.matches ? "dark" : "light" },
});

// rank 1 is best, ties share their places
const averageRanks = table => {
  const sums = (table[0] ?? []).map(() => 0);
  for (const row of table)
    row.forEach((score, i) => sums[i] += row.reduce((rank, other) => rank + (other > score) + (other === score) / 2, 0.5));
  return sums.map(sum => sum / table.length);
};

// by the rules of the report: where scores are missing, either methods are left out of the ranks or data sets of everything
const standings = (columns, rows) => {
  const has = (row, column) => scores[row][column] !== null;
  if (complete === "datasets") rows = rows.filter(row => columns.every(column => has(row, column)));
  const ranked = columns.filter(column => rows.length && rows.every(row => has(row, column)));
  const ranks = averageRanks(rows.map(row => ranked.map(column => scores[row][column])));
  return columns.map(column => {
    const over = rows.filter(row => has(row, column));
    const best = row => ranked.every(other => scores[row][column] >= scores[row][other]);
    const rank = ranked.indexOf(column);
    return [methods[column], over.length, mean(over.map(row => scores[row][column])),
      ...rank < 0 ? [null, null] : [ranks[rank], rows.filter(best).length], over.length < rows.length];
  });
};

// ---- the table, its filters, and what follows from them

const before = document.querySelectorAll("#accuracies th:not(.method)").length;
const accuracies = new DataTable("#accuracies", {
  searching: true, info: true,
  language: {
    search: "Text:", info: "_TOTAL_ data sets", infoEmpty: "No data set", infoFiltered: "of _MAX_",
    emptyTable: "No data set", zeroRecords: "No data set fits",
  },
  layout: {
    topStart: {
      buttons: [
        { extend: "colvis", text: "Methods", columns: ".method", background: false },
        { extend: "colvisRestore", text: "All methods" },
      ],
    },
    topEnd: "search", bottomStart: "info", bottomEnd: null,
  },
  columnDefs: [
    { targets: ".word", columnControl: { target: 1, content: [["searchList"]] } },
    {
      targets: [".classes", ".train", ".test", ".length"],
      columnControl: { target: 1, content: [{ extend: "searchNumber", excludeLogic: ["equal", "notEqual", "empty", "notEmpty"] }] },
    },
  ],
});
for (const [input, what] of [["input", "number or text"], ["select", "comparison"]])
  document.querySelectorAll(`#accuracies thead .dtcc ${input}`).forEach(control =>
    control.ariaLabel = `${accuracies.column(control.closest("th, td").dataset.dtColumn).title()}: ${what}`);
const standing = new DataTable("#standing", {
  columns: [{ data: 0 }, ...[1, 2, 3, 4].map(i => ({
    data: i, type: "number",
    render: (value, how, row) => how !== "display" ? value ?? "" : value === null ? "–"
      : i === 2 ? fixed(value) + (row[5] ? " †" : "") : i === 3 ? value.toFixed(2) : value,
  }))],
});
const shown = () => ({
  columns: methods.map((_, i) => i).filter(i => accuracies.column(before + i).visible()),
  rows: accuracies.rows({ search: "applied" }).indexes().toArray(),
});

const scatter = () => {
  const [a, b] = axes.map(select => methods.indexOf(select.value));
  const points = shown().rows.filter(row => scores[row][a] !== null && scores[row][b] !== null).map(row => {
    const [up, across] = [scores[row][a], scores[row][b]];
    return { name: datasets[row].name, up, across, is: up > across ? "better" : up < across ? "worse" : "equal" };
  });
  const count = is => points.filter(point => point.is === is).length;
  document.querySelector("#pair p").textContent =
    `${methods[a]} is on the vertical axis, ${methods[b]} on the horizontal. ` +
    `On ${points.length} data sets, ${methods[a]} is better on ${count("better")}, equal on ${count("equal")}, worse on ${count("worse")}; mean difference ${points.length ? fixed(mean(points.map(point => point.up - point.across))) : "–"}.`;
  const all = points.flatMap(point => [point.up, point.across]);
  const ends = all.length ? [Math.min(...all), Math.max(...all)] : [0, 1];
  const axis = (field, title) => ({ field, title, type: "quantitative", scale: { domain: ends, nice: true, zero: false } });
  const kinds = ["better", "equal", "worse"];
  return chart(document.querySelector("#pair .chart"), {
    description: `${methods[a]} against ${methods[b]}, a point a data set`,
    width: "container", height: 440, autosize: { type: "fit", contains: "padding" },
    layer: [
      { data: { values: ends.map(end => ({ end })) }, mark: { type: "line", color: "#888", strokeWidth: 1, aria: false },
        encoding: { x: axis("end", methods[b]), y: axis("end", methods[a]) } },
      { data: { values: points }, mark: { type: "point", filled: true, size: 70, opacity: .75 },
        encoding: {
          x: axis("across", methods[b]), y: axis("up", methods[a]),
          color: { field: "is", title: `${methods[a]} is`, scale: { domain: kinds, range: ["#3a8fd0", "#888", "#d55e00"] },
            legend: { orient: "top" } },
          shape: { field: "is", title: `${methods[a]} is`, scale: { domain: kinds, range: ["triangle-up", "square", "triangle-down"] } },
          description: { field: "name" },
          tooltip: [
            { field: "name", title: "data set" }, { field: "up", title: methods[a], format: ".4f" },
            { field: "across", title: methods[b], format: ".4f" },
          ],
        } },
    ],
  });
};
const axes = [0, Math.min(1, methods.length - 1)].map((i, at) => {
  const [label, select] = choice(["vertical:", "horizontal:"][at], methods, methods[i], scatter);
  document.querySelector("#pair .chart").before(label);
  return select;
});
const embolden = columns => {
  const best = scores.map(row => Math.max(...columns.map(column => row[column] ?? -Infinity)));
  for (const column of columns)
    accuracies.column(before + column, { order: "index" }).nodes().each((cell, row) =>
      cell.classList.toggle("best", scores[row][column] === best[row]));
};
const follow = () => {
  const { columns, rows } = shown();
  embolden(columns);
  standing.clear().rows.add(standings(columns, rows)).draw();
  return scatter();
};
accuracies.on("search column-visibility", () => setTimeout(follow));
await follow();

// ---- a row that opens into its data set

const seriesOf = (place, { classes, series }) => chart(place, {
  data: { values: classes.flatMap((label, k) => series[k].flatMap(([at, values], number) =>
    values.map((value, i) => ({ label, number, at: at[i], value })))) },
  mark: { type: "line", strokeWidth: 1, color: "#3a8fd0", opacity: .8, aria: false },
  encoding: {
    facet: { field: "label", sort: classes, title: null, columns: Math.max(1, Math.floor(place.clientWidth / 190)) },
    x: { field: "at", type: "quantitative", title: null, axis: { tickCount: 3 } },
    y: { field: "value", type: "quantitative", title: null, scale: { zero: false }, axis: { tickCount: 3 } },
    detail: { field: "number" },
  },
  width: 140, height: 80,
});
const counts = ({ classes, cases, errors }, method) => {
  const k = classes.length, table = cases.map((n, i) => cases.map((_, j) => i === j ? n : 0));
  const wrong = errors[method];
  for (let i = 0; i < wrong.length; i += 2) {
    const truth = Math.floor(wrong[i] / k);
    table[truth][wrong[i] % k] = wrong[i + 1];
    table[truth][truth] -= wrong[i + 1];
  }
  return table;
};
const confusion = (place, detail, method) => {
  const { classes, cases } = detail, size = Math.max(150, Math.min(34 * classes.length, 420));
  const values = counts(detail, method).flatMap((row, i) => row.map((count, j) =>
    ({ truth: classes[i], prediction: classes[j], count, share: cases[i] ? count / cases[i] : 0 })));
  const shade = { field: "share", type: "quantitative", legend: null, scale: { domain: [0, 1], range: ["#dcebf7", "#0a58a8"] } };
  const on = { condition: { test: "datum.share > .5", value: "#fff" }, value: "#111" };
  const labelled = { labels: classes.length <= 30, ticks: false, labelAngle: Math.max(...classes.map(label => label.length)) > 3 ? -90 : 0 };
  return chart(place, {
    description: `Confusion matrix of ${method}`, data: { values: values.filter(cell => cell.count) }, width: size, height: size,
    encoding: {
      x: { field: "prediction", type: "nominal", scale: { domain: classes }, axis: labelled },
      y: { field: "truth", type: "nominal", scale: { domain: classes }, axis: { ...labelled, labelAngle: 0 } },
      tooltip: ["truth", "prediction", "count"].map(field => ({ field })),
    },
    layer: [
      { mark: { type: "rect", aria: false }, encoding: { color: shade } },
      ...classes.length > 15 ? [] : [{ mark: { type: "text", aria: false }, encoding: { text: { field: "count" }, color: on } }],
    ],
  });
};
const opened = (row, place) => {
  const dataset = datasets[row], detail = details[row], of = shown().columns.map(i => methods[i]);
  const told = of.filter(method => method in detail.errors);
  place.append(make("p", {}, `${dataset.name}: ${dataset.type}, ${dataset.classes} classes, ${dataset.train} train and ${dataset.test} test cases, `
    + (dataset.length ? `${dataset.length} time points.` : "of unequal or unknown length.")));
  place.append(make("h4", {}, "Train series by class"));
  if (detail.series.length) seriesOf(place.appendChild(make("div", { className: "chart many" })), detail);
  else place.append(make("p", {}, "The data set was not at hand when this page was written: its series are not drawn."));
  place.append(make("h4", {}, `Recall by class, resample ${detail.split}`));
  if (told.length) {
    const tables = told.map(method => counts(detail, method));
    const recall = (table, k) => detail.cases[k] ? fixed(table[k][k] / detail.cases[k]) : "–";
    const rows = detail.classes.map((label, k) => [label, detail.cases[k], ...tables.map(table => recall(table, k))]);
    place.append(make("div", { className: "wide", tabIndex: 0 }, grid(["class", "test cases", ...told], rows)));
    const picture = make("div", { className: "chart" });
    const [label, select] = choice("method:", told, told[0], () => confusion(picture, detail, select.value));
    place.append(make("h4", {}, `Confusion matrix, resample ${detail.split}`), label, picture);
    confusion(picture, detail, told[0]);
  } else place.append(make("p", {}, "No predictions of the methods shown are there."));
  place.append(make("h4", {}, "Splits and seeds"));
  const runs = [...new Set(of.flatMap(method => (detail.seeds[method] ?? []).map(([k]) => k)))].sort((a, b) => a - b);
  const accuracy = (method, k) => (detail.seeds[method] ?? []).find(([other]) => other === k)?.[1] ?? null;
  place.append(make("div", { className: "wide", tabIndex: 0 },
    grid(["method", ...runs.map(k => `resample ${k}`)], of.map(method => [method, ...runs.map(k => fixed(accuracy(method, k)))]))));
};
accuracies.rows().every(function () {
  const cell = this.node().cells[0];
  const button = make("button", { type: "button", className: "opens" }, cell.textContent);
  button.setAttribute("aria-expanded", "false");
  cell.replaceChildren(button);
  button.addEventListener("click", () => {
    const opens = !this.child.isShown();
    button.setAttribute("aria-expanded", String(opens));
    if (!opens) return void this.child.remove();
    const place = make("div", { className: "detail" });
    this.child(place).show();
    opened(this.index(), place);
  });
});
document.documentElement.classList.add("ready");
