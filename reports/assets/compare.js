"use strict";
// The cost box: reckons the levelised cost of heat from published components, as the cost model does.

const box = document.getElementById("box");
const numbers = JSON.parse(document.getElementById("box-numbers").textContent);
const HEAT_PUMPS = ["ashp", "gshp"];
const PENCE = 10; // GBP/MWh of a penny per kWh

function given(name) {
  const field = box.elements[name];
  return field && field.value.trim() !== "" && Number.isFinite(field.valueAsNumber) ? field.valueAsNumber : null;
}

function factors(lens) {
  const rate = given("rate");
  const later = rate === null ? lens.discount : lens.discount.map((_, year) => (1 + rate / 100) ** -(year + 1));
  return [1, ...later];
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

// Price and carbon cost of one energy in each year [GBP/MWh].
function energy(lens, buyer, carrier) {
  const of = lens.energy[`${buyer} ${carrier}`];
  const pence = given(buyer === "network" ? (carrier === "electricity" ? "network" : "") : carrier);
  const tonne = of.carbon.some((value) => value > 0) ? given("carbon") : null;
  return of.price.map((price, year) => ({
    price: of.factor * (pence === null ? price : PENCE * pence) - of.deducted[year],
    carbon: (of.co2[year] * (tonne === null ? of.carbon[year] : tonne)) / 1000,
  }));
}

// Capital, upkeep, fuel and carbon of one option [GBP/MWh]; null where the release has no such demand.
function parts(lens, option, home) {
  const at = option.at[option.system === "network" && !option.at[home] ? networkHome(option, home) : home];
  if (!at) return null;
  const [demand, om, electricity, gas, spent] = at;
  const discount = factors(lens);
  const years = sum(discount.slice(1));
  const grant = HEAT_PUMPS.includes(option.system) ? given("grant") || 0 : 0;
  const buyer = option.system === "network" ? "network" : "home";
  const capital = sum(spent.map(([year, gbp]) => gbp * discount[year])) - grant;
  let fuel = 0;
  let carbon = 0;
  for (const [carrier, kwh] of [["electricity", electricity], ["gas", gas]]) {
    if (kwh === 0) continue;
    energy(lens, buyer, carrier).forEach((cost, year) => {
      fuel += (discount[year + 1] * kwh * cost.price) / 1000;
      carbon += (discount[year + 1] * kwh * cost.carbon) / 1000;
    });
  }
  const heat = (demand / 1000) * years;
  return { demand, parts: [capital, om * years, fuel, carbon].map((amount) => (option.vat * amount) / heat) };
}

// Networks serve a mix of homes: for a dwelling type they stand at the demand of that mix.
function networkHome(option, home) {
  return home in numbers.homes ? Object.keys(option.at).find((key) => key in numbers.homes) : home;
}

function pounds(value) {
  return Math.round(value).toLocaleString("en-GB");
}

function withArticle(name) {
  const lower = name[0].toLowerCase() + name.slice(1);
  return `${/^[aeiou]/.test(lower) ? "an" : "a"} ${lower}`;
}

// All options of a lens at a home's demand, the cheapest first.
function rank(lens, home) {
  return lens.options
    .map((option) => ({ name: option.name, ...parts(lens, option, home) }))
    .filter((option) => option.parts)
    .map((option) => ({ ...option, cost: sum(option.parts) }))
    .sort((one, other) => one.cost - other.cost);
}

function reckon() {
  const chosen = box.elements.home.value;
  box.elements.kwh.disabled = chosen !== "kwh";
  const step = Number(box.elements.kwh.step);
  const asked = Math.round((box.elements.kwh.valueAsNumber || 0) / step) * step;
  const home = chosen === "kwh" ? String(Math.min(Math.max(asked, Number(box.elements.kwh.min)), Number(box.elements.kwh.max))) : chosen;
  const orders = [];
  const cheapest = [];
  const ranked = numbers.lenses.map((lens) => ({ lens, found: rank(lens, home) }));
  const widest = Math.max(...ranked.flatMap(({ found }) => found.map((option) => sum(option.parts.map((part) => Math.max(part, 0))))));
  for (const { lens, found } of ranked) {
    const body = document.querySelector(`[data-lens="${lens.key}"] tbody`);
    for (const option of found) {
      const row = [...body.rows].find((each) => each.dataset.option === option.name);
      row.querySelectorAll(".fill").forEach((fill, number) => {
        fill.style.width = `${(100 * Math.max(option.parts[number], 0)) / widest}%`;
      });
      row.querySelector("[data-cost]").textContent = pounds(option.cost);
      row.querySelector("[data-cost]").dataset.cost = option.cost.toFixed(4);
      row.querySelector("[data-year]").textContent = pounds((option.cost * option.demand) / 1000);
      body.append(row);
    }
    orders.push(found.map((option) => option.name).join());
    cheapest.push(`${lens.name[0].toLowerCase()}${lens.name.slice(1)}: ${withArticle(found[0].name)}, £${pounds(found[0].cost)} per MWh`);
  }
  const same = new Set(orders).size === 1 ? "is the same for both" : "differs";
  const order = orders.length > 1 ? ` The order of the systems ${same}.` : "";
  document.getElementById("box-says").textContent = `Cheapest ${cheapest.join("; ")}.${order}`;
}

box.addEventListener("input", reckon);
box.addEventListener("reset", () => setTimeout(reckon));
box.addEventListener("submit", (event) => event.preventDefault());
reckon();
