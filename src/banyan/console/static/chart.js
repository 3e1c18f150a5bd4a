// Draws each figure[data-chart] from the table it names, in the page's colours.

const OPTIONS = { displayModeBar: false, responsive: true, doubleClick: "reset", showTips: false };

/** The present value of a colour token; a custom property alone would come back unresolved. */
function colour(token) {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.style.color = `var(--${token})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function read(table) {
  const rows = [...table.tBodies[0].rows].map((row) =>
    [...row.cells].map((cell) => cell.dataset.value)).reverse();
  const [, ...series] = [...table.tHead.rows[0].cells];
  return {
    days: rows.map((row) => row[0]),
    series: series.map((cell, nth) => ({
      name: cell.textContent,
      isBar: cell.dataset.series === "bars",
      values: rows.map((row) => numberOf(row[nth + 1])),
    })),
  };
}

const numberOf = (text) => text === "" || text === undefined ? null : Number(text);

/** Several lines on one axis, for a figure[data-kind=lines]; what is missing leaves a gap. */
function lines(data, unit) {
  const colours = ["info", "go", "info", "go"].map(colour);
  return data.series.map(({ name, values }, nth) => ({
    type: "scatter", mode: values.length > 1 ? "lines" : "markers", name, x: data.days, y: values, connectgaps: false,
    line: { color: colours[nth % 4], width: nth < 2 ? 2 : 1.4, dash: nth < 2 ? "solid" : "dot" },
    marker: { color: colours[nth % 4] },
    hovertemplate: `%{y:,.1f} ${unit}<extra>${name}</extra>`,
  }));
}

function traces(data) {
  const [go, info] = [colour("go"), colour("info")];
  return data.series.map(({ name, isBar, values }) => isBar
    ? { type: "bar", name, x: data.days, y: values, marker: { color: go, opacity: 0.32 }, hovertemplate: "%{y:,}<extra>" + name + "</extra>" }
    : { type: "scatter", mode: "lines", name, x: data.days, y: values, yaxis: "y2", line: { color: info, width: 2 }, hovertemplate: "%{y:,.2f}<extra>" + name + "</extra>" });
}

function layout(data, range, unit) {
  const [ink, quiet, line, panel] = ["ink", "ink-3", "line", "panel"].map(colour);
  const axis = { color: quiet, gridcolor: line, zeroline: false, tickfont: { size: 11 }, rangemode: "tozero", fixedrange: true };
  const title = (text) => ({ text, font: { size: 11, color: quiet }, standoff: 8 });
  const isNarrow = innerWidth < 640;
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, color: ink, size: 12 },
    margin: { l: isNarrow ? 40 : 52, r: unit ? 12 : isNarrow ? 44 : 62, t: 8, b: 34 }, bargap: 0.25, hovermode: "x unified",
    hoverlabel: { bgcolor: panel, bordercolor: line, font: { color: ink } },
    legend: { orientation: "h", x: 0, y: 1.14, font: { size: 12 } },
    xaxis: { ...axis, type: "date", showgrid: false, fixedrange: false, hoverformat: unit ? "%-d %b, %H:%M" : "%-d %b %Y", range, rangemode: "normal" },
    yaxis: { ...axis, nticks: 6, title: title(unit || data.series[0].name), tickformat: unit ? "~g" : "~s" },
    ...(unit ? {} : { yaxis2: { ...axis, tickmode: "auto", nticks: 6, title: title(data.series[1].name), overlaying: "y", side: "right", showgrid: false, tickformat: "~s" } }),
    dragmode: isNarrow ? false : "zoom",
  };
}

function rangeOf(days, last) {
  if (!last || days.length === 0) return undefined;
  const end = Date.parse(days.at(-1));
  const day = 86_400_000;
  const after = Math.min(1, last) / 2;
  return [end - (last - after) * day, end + after * day].map((at) => new Date(at).toISOString());
}

for (const figure of document.querySelectorAll("figure[data-chart]")) {
  const table = document.getElementById(figure.dataset.chart);
  const plot = figure.firstElementChild;
  const unit = figure.dataset.unit || "";
  const card = figure.closest(".card");
  const buttons = [...card.querySelectorAll("[data-days]")];
  let days = 0;
  const draw = () => {
    const data = read(table);
    const drawn = figure.dataset.kind === "lines" ? lines(data, unit) : traces(data);
    Plotly.react(plot, drawn, layout(data, rangeOf(data.days, days), unit), OPTIONS);
  };
  figure.hidden = false;
  card.querySelector("[data-ranges]").hidden = false;
  card.querySelector("[data-behind]").open = false;
  buttons.forEach((button) => button.addEventListener("click", () => {
    days = Number(button.dataset.days);
    buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
    draw();
  }));
  table.addEventListener("refreshed", draw);
  document.addEventListener("theme", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("beforeprint", draw);
  draw();
}
