"use strict";
// Draws every figure of the page from the JSON beside it, in the colours of the reader's theme.

const dark = matchMedia("(prefers-color-scheme: dark)");
const coarse = matchMedia("(pointer: coarse)"); // a finger on a figure scrolls the page, it does not zoom
const darkOfLight = JSON.parse(document.getElementById("palette").textContent);

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function specification(chart) {
  const source = document.getElementById(chart.dataset.chart).textContent;
  const themed = dark.matches ? source.replace(/#[0-9a-f]{6}/g, (colour) => darkOfLight[colour] || colour) : source;
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

drawAll();
document.querySelectorAll("[data-choose]").forEach((choice) => {
  choice.closest("[hidden]").hidden = false;
  choice.addEventListener("change", () => draw(choice.closest("figure").querySelector("[data-chart]")));
});
dark.addEventListener("change", drawAll);
