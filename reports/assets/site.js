"use strict";
// Draws every figure of the page from the JSON beside it, in the colours of the reader's theme.

const dark = matchMedia("(prefers-color-scheme: dark)");
const coarse = matchMedia("(pointer: coarse)"); // a finger on a figure scrolls the page, it does not zoom
const darkOfLight = JSON.parse(document.getElementById("palette").textContent);

const PAPER_WIDTH = 680; // of a figure, between the margins of A4
const PAPER_HEIGHT = 1000; // there, less what rounding may take
const LEAST_PX = 70; // the lowest height of a figure on paper: what its axis and legend take,
const LEAST_SHARE = 0.4; // and that share of its height on a screen,
const ROW_PX = 18; // but no less than its names need
const PAPER_LINE = 42; // characters of a name or title on paper
const PAPER_TOP = 64; // above a figure with a legend, which stands in one or two lines on paper

function onPaper() {
  return document.documentElement.classList.contains("on-paper");
}

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function specification(chart) {
  const source = document.getElementById(chart.dataset.chart).textContent;
  const themed = dark.matches && !onPaper() ? source.replace(/#[0-9a-f]{6}/g, (colour) => darkOfLight[colour] || colour) : source;
  return JSON.parse(themed);
}

function frame() {
  const size = onPaper() ? 11 : 13;
  const axis = {
    gridcolor: token("--line"),
    linecolor: token("--muted"),
    tickfont: { size, color: token("--ink") },
    title: { font: { size, color: token("--muted") } },
  };
  return {
    layout: {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size, color: token("--ink") },
      annotationdefaults: { font: { color: token("--muted") } },
      xaxis: axis,
      yaxis: axis,
      hoverlabel: { bgcolor: token("--raised"), bordercolor: token("--muted"), font: { color: token("--ink") } },
    },
  };
}

// Where a figure offers a choice, only the traces and the sentence of the chosen view are shown; it may set height and title.
function choose(chart, data, layout) {
  const choice = chart.closest("figure").querySelector("[data-choose]");
  if (!choice) return;
  for (const trace of data) trace.visible = !trace.meta?.choice || trace.meta.choice === choice.value;
  chart.closest("figure").querySelectorAll("[data-says]").forEach((words) => { words.hidden = words.dataset.says !== choice.value; });
  const view = layout.meta?.views?.[choice.value];
  if (!view) return;
  layout.height = view.height;
  layout.xaxis.title.text = view.title;
  chart.style.minHeight = `${view.height}px`;
}

// Names and titles are broken into short lines for a phone; on paper lines are longer.
function joinLines(words) {
  if (typeof words !== "string") return words;
  const found = [];
  for (const line of words.replace(/([^,])<br>(?=[\d,]+\s(homes|flats)?)/g, "$1,<br>").split("<br>")) {
    if (found.length && `${found.at(-1)} ${line}`.length <= PAPER_LINE) found[found.length - 1] += ` ${line}`;
    else found.push(line);
  }
  return found.join("<br>");
}

function fitToPaper(chart, data, layout) {
  for (const trace of data) if (Array.isArray(trace.y)) trace.y = trace.y.map(joinLines);
  for (const [name, axis] of Object.entries(layout)) {
    if (!/^[xy]axis/.test(name)) continue;
    if (axis.title?.text) axis.title.text = joinLines(axis.title.text);
    if (!name.startsWith("y")) continue;
    for (const list of ["ticktext", "categoryarray"]) if (Array.isArray(axis[list])) axis[list] = axis[list].map(joinLines);
  }
  if (!data.some((trace) => trace.colorbar)) layout.margin.t = Math.min(layout.margin.t, PAPER_TOP);
  Object.assign(layout, { width: PAPER_WIDTH, height: paperHeight.get(chart) });
}

function draw(chart) {
  const { data, layout } = specification(chart);
  choose(chart, data, layout);
  layout.template = frame();
  if (coarse.matches) layout.dragmode = false;
  if (onPaper()) fitToPaper(chart, data, layout);
  return Plotly.react(chart, data, layout, { displayModeBar: false, responsive: true, showTips: false });
}

// Figures are drawn one at a time, one in sight before the others, so that the page answers its reader meanwhile.
let waiting = [];

function drawAll() {
  const drawing = waiting.length > 0;
  waiting = [...document.querySelectorAll("[data-chart]")];
  if (!drawing) drawNext();
}

function drawNext() {
  if (!waiting.length) return;
  const inSight = waiting.findIndex((chart) => {
    const box = chart.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight;
  });
  draw(waiting.splice(Math.max(inSight, 0), 1)[0]);
  setTimeout(drawNext);
}

// An image carries what the figure has around it on the page: its title and, below that, its source. It is always light.
const IMAGE_WIDTH = 960;
const LINE_HEIGHT = 15; // of the words above it, whose size plotly takes for every line

function lines(words, width) {
  const found = [""];
  for (const word of words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").split(" ")) {
    if (found.at(-1) && found.at(-1).length + word.length >= width) found.push("");
    found[found.length - 1] = `${found.at(-1)} ${word}`.trim();
  }
  return found;
}

function specify(button) {
  const figure = button.closest("figure");
  const chart = figure.querySelector("[data-chart]");
  const { data, layout } = JSON.parse(document.getElementById(chart.dataset.chart).textContent);
  choose(chart, data, layout);
  const choice = figure.querySelector("[data-choose]");
  const view = choice ? `: ${choice.selectedOptions[0].textContent}` : "";
  const title = lines(figure.querySelector("h3").textContent + view, 80);
  const source = lines(button.dataset.source, 140);
  const words = [...title.flatMap((line) => [`<span style="font-size: 19px">${line}</span>`, "\u00a0"]).slice(0, -1), ...source];
  const above = 32 + LINE_HEIGHT * words.length;
  const ink = "#1a1d21";
  const axis = { gridcolor: "#d5d9df", linecolor: ink, tickfont: { size: 13, color: ink }, title: { font: { size: 13, color: ink } } };
  const font = { family: getComputedStyle(document.body).fontFamily, size: 13, color: ink };
  layout.template = { layout: { font, paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff", xaxis: axis, yaxis: axis } };
  layout.margin = { ...layout.margin, l: 16, r: 24, t: layout.margin.t + above, b: layout.margin.b + 8 };
  layout.height += above + 8;
  layout.title = { text: words.join("<br>"), x: 0, xref: "container", xanchor: "left", y: 1, yref: "container", yanchor: "top", pad: { t: 24, l: 16 }, font: { size: 11 } };
  return { data, layout };
}

async function download(button) {
  const { data, layout } = specify(button);
  const filename = button.closest("figure").id;
  await Plotly.downloadImage({ data, layout, config: {} }, { format: button.dataset.image, width: IMAGE_WIDTH, height: layout.height, scale: button.dataset.image === "png" ? 2 : 1, filename });
}

// With ?figure=key a page is that figure alone, as an embedding page frames it.
const framed = document.getElementById(new URLSearchParams(location.search).get("figure") || "");
if (framed?.matches("figure")) {
  document.body.replaceChildren(framed, document.getElementById("palette"));
  document.body.classList.add("framed");
}
document.querySelectorAll("[data-embed]").forEach((code) => {
  const figure = code.closest("figure");
  const address = `${location.origin === "null" ? location.href.split(/[?#]/)[0] : location.origin + location.pathname}?figure=${code.dataset.embed}`;
  const height = Math.ceil(figure.getBoundingClientRect().height / 100) * 100;
  code.textContent = `<iframe src="${address}" title="${figure.querySelector("h3").textContent.replaceAll('"', "&quot;")}" width="100%" height="${height}" style="border: 0"></iframe>`;
  code.parentElement.hidden = false;
});

drawAll();
document.querySelectorAll("[data-image]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => download(button));
});
document.querySelectorAll("[data-choose]").forEach((choice) => {
  choice.closest("[hidden]").hidden = false;
  choice.addEventListener("change", () => draw(choice.closest("figure").querySelector("[data-chart]")));
});
dark.addEventListener("change", drawAll);
// Paper is light and narrow, and has every figure, those too that nobody scrolled to. As many stand on a page as find room at
// their least height; then they share the page.
const paperHeight = new Map(); // of each chart

function shareOutPages(charts) {
  for (const chart of charts) chart.style.display = "none";
  const starts = charts.map((chart) => firstOf(chart.closest("figure")).getBoundingClientRect().top);
  const page = document.body.getBoundingClientRect();
  const figures = charts.map((chart, n) => {
    const most = parseFloat(chart.style.minHeight);
    const least = Math.min(LEAST_PX + Math.max(LEAST_SHARE * most, ROW_PX * countNames(specification(chart).data)), most);
    return { chart, most, least, words: (starts[n + 1] ?? page.bottom) - (n ? starts[n] : page.top) };
  });
  for (const chart of charts) chart.style.display = "";
  const sum = (some, key) => some.reduce((total, figure) => total + figure[key], 0);
  while (figures.length) {
    const page = PAPER_HEIGHT + PAPER_HEIGHT * Math.floor(figures[0].words / PAPER_HEIGHT); // a table before a figure has pages of its own
    let count = 1;
    while (count < figures.length && sum(figures.slice(0, count + 1), "words") + sum(figures.slice(0, count + 1), "least") <= page) count += 1;
    const together = figures.splice(0, count);
    const [words, least, most] = ["words", "least", "most"].map((key) => sum(together, key));
    const share = most > least ? Math.min(Math.max((page - words - least) / (most - least), 0), 1) : 0;
    for (const figure of together) paperHeight.set(figure.chart, Math.floor(figure.least + share * (figure.most - figure.least)));
  }
}

function countNames(traces) {
  return new Set(traces.flatMap((trace) => (Array.isArray(trace.y) ? trace.y : []).filter((y) => typeof y === "string").map((name) => trace.yaxis + name))).size;
}

// A figure begins with the headings that stand above it.
function firstOf(figure) {
  return figure.previousElementSibling?.matches("h2, .section-lead") ? figure.parentElement : figure;
}

addEventListener("beforeprint", () => {
  const charts = [...document.querySelectorAll("[data-chart]")];
  document.documentElement.classList.add("on-paper");
  document.getElementById("paper").media = "all";
  shareOutPages(charts);
  charts.forEach(draw);
  document.getElementById("paper").media = "print";
});
addEventListener("afterprint", () => {
  document.documentElement.classList.remove("on-paper");
  drawAll();
});

// A formula wider than the window scrolls: then the keyboard has to reach it.
function reachFormulas() {
  document.querySelectorAll(".formula").forEach((formula) => {
    if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
    else formula.removeAttribute("tabindex");
  });
}

reachFormulas();
addEventListener("resize", reachFormulas);
