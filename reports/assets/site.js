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

function draw(chart) {
  const { data, layout } = specification(chart);
  layout.template = frame();
  if (coarse.matches) layout.dragmode = false;
  return Plotly.react(chart, data, layout, { displayModeBar: false, responsive: true, showTips: false });
}

function drawAll() {
  document.querySelectorAll("[data-chart]").forEach(draw);
}

drawAll();
dark.addEventListener("change", drawAll);
