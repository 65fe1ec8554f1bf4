"use strict";
// Draws the figures, sorts and saves the tables. Text from files is only ever set as text.
(() => {
  const INK = "#1a1a1a", RULE = "#d4d4d4", SHADE = "#ededed";
  const NARROW = 560, MIDDLING = 900, PANEL = 330, ACROSS = 4, PRINTED = 660;
  const spec = JSON.parse(document.getElementById("figures").textContent);
  const byId = (id) => document.getElementById(id);
  const all = (selector, within) => [...(within || document).querySelectorAll(selector)];
  const chosen = {};  // key of the view that each figure shows

  // Numbers

  const KINDS = { f4: Float32Array, i4: Int32Array };
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const numbers = (array) => [...new KINDS[array.dtype](bytes(array.bdata).buffer)];
  const plain = (text) => {  // what Plotly takes for markup, back as it was
    const area = document.createElement("textarea");
    area.innerHTML = text.replaceAll("<br>", " ").replaceAll("<", "&lt;");
    return area.value;
  };
  const shown = (value) => {
    if (typeof value !== "number") return value;
    if (Number.isNaN(value)) return "\u2013";
    return (Number.isInteger(value) ? String(value) : value.toPrecision(4)).replace("-", "\u2212");
  };

  // Figures

  function layout(figure, view, width) {
    const panels = view.panels, options = figure.options;
    const across = Math.min(width < NARROW ? 1 : width < MIDDLING ? 2 : ACROSS, panels.length);
    const down = Math.ceil(panels.length / across);
    const legend = view.traces.some((trace) => trace.showlegend);
    const weights = across === panels.length && options.weights || panels.map(() => 1);
    const made = {
      height: PANEL * down + 60,
      margin: { l: 75, r: 15, t: 40, b: 60 },
      font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: INK },
      paper_bgcolor: "white", plot_bgcolor: "white", hovermode: "closest",
      hoverlabel: { align: "left", namelength: -1 },
      showlegend: legend, shapes: [], annotations: [],
      legend: {
        ...(width < MIDDLING
          ? { orientation: "h", x: 0, y: -60 / (PANEL * down - 40), yanchor: "top" }
          : { x: 1.01, y: 1, xanchor: "left" }),
        title: { text: options.legend || "", font: { size: 12 } },
      },
    };
    const gap = 85 / Math.max(width - 90, 200), total = (k) => weights.slice(0, k).reduce((a, b) => a + b, 0);
    const free = 1 - gap * (across - 1), sum = total(across);
    const high = (1 - (down - 1) * 0.24) / down;
    panels.forEach((panel, k) => {
      const number = k === 0 ? "" : String(k + 1), column = k % across, row = Math.floor(k / across);
      const left = free * total(column) / sum + gap * column, top = 1 - row * (high + (down > 1 ? 0.24 : 0));
      const axis = { showline: true, linecolor: INK, ticks: "outside", gridcolor: "#efefef", zeroline: false, automargin: true };
      made["xaxis" + number] = {
        ...axis, domain: [left, Math.min(1, left + free * weights[k] / sum)], anchor: "y" + number,
        title: { text: figure.x, standoff: 8 }, showgrid: !panel.ticks,
        ...(options.log ? { type: "log" } : {}),
        ...(panel.ticks ? { tickmode: "array", tickvals: panel.ticks.map((_, tick) => tick), ticktext: panel.ticks,
          range: [-0.6, panel.ticks.length - 0.4], title: { text: "" } } : {}),
      };
      made["yaxis" + number] = {
        ...axis, domain: [Math.max(0, top - high), top], anchor: "x" + number,
        title: { text: panel.y, standoff: 8 },
        ...(options.range ? { range: options.range } : {}),
        ...(options.ranges && options.ranges[k] ? { range: options.ranges[k] } : {}),
        ...((options.zero || []).includes(k) ? { rangemode: "tozero" } : {}),
      };
      made.annotations.push({ text: panel.title, showarrow: false, font: { size: 14 }, xref: "x" + number + " domain",
        yref: "y" + number + " domain", x: 0, y: 1, xanchor: "left", yanchor: "bottom", yshift: 6 });
      const grey = { type: "rect", layer: "below", line: { width: 0 }, fillcolor: SHADE };
      if (view.shade) made.shapes.push({ ...grey, xref: "x" + number, yref: "y" + number + " domain", x0: view.shade[0], x1: view.shade[1], y0: 0, y1: 1 });
      if (k > 0 && panel.ticks) made.shapes.push({ type: "line", layer: "below", line: { color: "#777", width: 1.5 },
        xref: "x" + number + " domain", yref: "y" + number, x0: 0, x1: 1, y0: 0, y1: 0 });
    });
    return made;
  }

  const CONFIG = {
    displaylogo: false, displayModeBar: true, responsive: false, scrollZoom: false,
    modeBarButtons: [["zoomIn2d", "zoomOut2d", "resetScale2d"], ["toImage"]],  // none that sends anything
    toImageButtonOptions: { format: "svg" },
  };

  function draw(place, width) {
    if (!window.Plotly) return;
    const id = place.dataset.figure, figure = spec[id], view = figure.views[chosen[id]];
    byId(id).hidden = !view;
    if (!view) return;
    const wide = width || place.clientWidth;
    place.style.minHeight = "0";
    const options = { ...CONFIG, toImageButtonOptions: { format: "svg", filename: id } };
    Plotly.react(place, view.traces, { ...layout(figure, view, wide), width: wide }, options).then(() => named(place, figure));
  }

  function named(place, figure) {  // for those who hear the page
    all(".modebar", place).forEach((bar) => bar.setAttribute("aria-label", `Zoom and save: ${plain(figure.title)}`));
    all(".modebar-btn", place).forEach((button) => button.setAttribute("aria-label", button.dataset.title));
  }

  const drawAll = (width) => all(".plot").forEach((place) => draw(place, width));

  function choose(id, key) {
    chosen[id] = key;
    const place = byId(id).querySelector(".plot");
    draw(place);
    const details = byId(id).querySelector("details");
    if (details.open) fill(details);
  }

  // The numbers of a figure

  function fill(details) {
    const id = details.dataset.numbers, figure = spec[id], view = figure.views[chosen[id]];
    const place = details.querySelector("div");
    place.replaceChildren();
    if (!view) return;
    const drawn = view.traces.filter((trace) => trace.meta);
    const { head, body } = (figure.numbers.kind === "wide" ? wide : long)(figure.numbers, drawn);
    place.append(tableOf(`${id}-numbers`, `${plain(figure.title)}: ${plain(view.label)}`, head, body));
  }

  function wide(about, drawn) {
    const rows = new Map();
    drawn.forEach((trace, column) => {
      const y = numbers(trace.y);
      numbers(trace.x).forEach((x, k) => {
        if (!rows.has(x)) rows.set(x, Array(drawn.length).fill(NaN));
        rows.get(x)[column] = y[k];
      });
    });
    const body = [...rows].sort((a, b) => a[0] - b[0]).map(([x, values]) => [x, ...values]);
    return { head: [about.head, ...drawn.map((trace) => trace.meta.column)], body };
  }

  function long(about, drawn) {
    const body = drawn.flatMap((trace) => {
      const columns = about.columns.map(([, key]) => key === "text" ? (trace.text || []).map(plain) : numbers(trace[key]));
      return numbers(trace.y).map((_, k) => [trace.meta.column, ...columns.map((values) => values[k])]);
    });
    return { head: ["series", ...about.columns.map(([heading]) => heading)], body };
  }

  function made(tag, text, attributes) {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    Object.entries(attributes || {}).forEach(([name, value]) => element.setAttribute(name, value));
    return element;
  }

  function tableOf(id, title, head, body) {
    const table = made("table", undefined, { id });
    table.append(made("caption", title));
    const headings = made("tr");
    head.forEach((text) => {
      const heading = made("th", undefined, { scope: "col" });
      heading.append(made("button", text, { type: "button" }));
      headings.append(heading);
    });
    const thead = made("thead"), tbody = made("tbody");
    thead.append(headings);
    body.forEach((values) => {
      const row = made("tr");
      values.forEach((value, k) => {
        const cell = made(k ? "td" : "th", shown(value), k ? {} : { scope: "row" });
        if (typeof value === "number") {
          cell.dataset.value = Number.isNaN(value) ? "" : String(value);
          if (k) cell.className = "number";
        }
        row.append(cell);
      });
      tbody.append(row);
    });
    table.append(thead, tbody);
    const scroll = made("div", undefined, { class: "scroll", tabindex: "0", role: "region", "aria-label": title });
    scroll.append(table);
    const whole = made("div", undefined, { class: "table" });
    whole.append(scroll, made("button", "Save as CSV", { type: "button", class: "save", "data-csv": id, "aria-label": `Save as CSV: ${title}` }));
    return whole;
  }

  // Tables

  const valueOf = (cell) => cell.dataset.value !== undefined ? cell.dataset.value : cell.textContent;

  function compare(a, b) {
    if (a === "" || b === "") return (a === "") - (b === "");  // what is missing comes last
    const [x, y] = [Number(a), Number(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, undefined, { numeric: true }) : x - y;
  }

  function sort(button) {
    const heading = button.parentElement, table = heading.closest("table");
    const place = [...heading.parentElement.children].indexOf(heading);
    const down = heading.getAttribute("aria-sort") === "ascending";
    all("th", table.tHead).forEach((one) => one.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows].map((row) => [valueOf(row.cells[place]), row]);
    const missing = (value) => value === "";
    rows.sort(([a], [b]) => missing(a) || missing(b) ? compare(a, b) : (down ? -1 : 1) * compare(a, b));
    table.tBodies[0].append(...rows.map(([, row]) => row));
  }

  function field(text) {  // what a spreadsheet would calculate is quoted
    const number = text !== "" && !Number.isNaN(Number(text));
    const safe = !number && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }

  function save(id) {
    const lines = [...byId(id).rows].map((row) => [...row.cells].map((cell) => field(valueOf(cell).trim())).join(","));
    const link = made("a", undefined, { download: `${id}.csv` });
    link.href = URL.createObjectURL(new Blob(["\ufeff", lines.join("\r\n"), "\r\n"], { type: "text/csv" }));
    link.click();
    URL.revokeObjectURL(link.href);
  }

  // Switches

  const recordings = byId("choose-recording"), condition = byId("choose-condition");
  const groups = all("optgroup", recordings);
  const governed = Object.keys(spec).filter((id) => !document.querySelector(`select[data-for="${id}"]`));

  function chooseRecording() {
    all(".facts").forEach((facts) => { facts.hidden = facts.dataset.subject !== recordings.value; });
    governed.forEach((id) => choose(id, recordings.value));
  }

  function chooseCondition() {
    const kept = groups.filter((group) => !condition.value || group.label === condition.value);
    recordings.replaceChildren(...kept);
    recordings.selectedIndex = 0;
    chooseRecording();
  }

  function step(by) {
    const count = recordings.options.length;
    recordings.selectedIndex = (recordings.selectedIndex + by + count) % count;
    chooseRecording();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.csv) save(button.dataset.csv);
    else if (button.closest("thead")) sort(button);
  });
  byId("previous-recording").addEventListener("click", () => step(-1));
  byId("next-recording").addEventListener("click", () => step(1));
  recordings.addEventListener("change", chooseRecording);
  condition.addEventListener("change", chooseCondition);
  all("select[data-for]").forEach((select) => {
    chosen[select.dataset.for] = select.value;
    select.addEventListener("change", () => choose(select.dataset.for, select.value));
  });
  all("details[data-numbers]").forEach((details) => details.addEventListener("toggle", () => details.open && fill(details)));
  chooseRecording();

  // Drawing begins once the library is unpacked; tables do not wait for it.

  async function unpacked() {
    const stream = new Blob([bytes(byId("plotly").textContent)]).stream();
    return new Response(stream.pipeThrough(new DecompressionStream("gzip"))).text();
  }

  async function start() {
    try {
      const library = made("script");
      library.textContent = await unpacked();
      document.head.append(library);
      byId("plotly").remove();
    } catch (error) {
      all(".plot").forEach((place) => place.append(made("p",
        `This browser cannot draw the figures (${error.message}). Their numbers are in the tables below them.`, { class: "message" })));
      return;
    }
    drawAll();
    document.body.dataset.drawn = "yes";
  }

  let waiting = 0;
  window.addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(() => drawAll(), 150); });
  window.addEventListener("beforeprint", () => drawAll(PRINTED));
  window.addEventListener("afterprint", () => drawAll());
  start();
})();
