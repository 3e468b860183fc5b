"use strict";
// Draws every figure of the page from the JSON beside it, in the colours of the reader's theme.

const dark = matchMedia("(prefers-color-scheme: dark)");
const coarse = matchMedia("(pointer: coarse)"); // a finger on a figure scrolls the page, it does not zoom
const darkOfLight = JSON.parse(document.getElementById("palette").textContent);

const PAPER_WIDTH = 680; // of a figure, between the margins of A4
const PAPER_SCALE = 0.66; // of its height, so that two figures with their words stand on a page

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
  const axis = {
    gridcolor: token("--line"),
    linecolor: token("--muted"),
    tickfont: { size: 13, color: token("--ink") },
    title: { font: { size: 13, color: token("--muted") } },
  };
  return {
    layout: {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: token("--ink") },
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

function draw(chart) {
  const { data, layout } = specification(chart);
  choose(chart, data, layout);
  layout.template = frame();
  if (coarse.matches) layout.dragmode = false;
  if (onPaper()) Object.assign(layout, { width: PAPER_WIDTH, height: PAPER_SCALE * layout.height });
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
// Paper is light and narrow, and has every figure, those too that nobody scrolled to.
addEventListener("beforeprint", () => {
  document.documentElement.classList.add("on-paper");
  document.querySelectorAll("[data-chart]").forEach(draw);
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
