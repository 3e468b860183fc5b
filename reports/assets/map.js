// The heat map: borders and figures of areas, drawn and searched in the browser. Everything is in metres of the British
// National Grid; the circle, the point in a polygon and the distance are tested against the same in Python.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("map-data").textContent);
  const at = (id) => document.getElementById(id);
  const canvas = at("map-canvas"), context = canvas.getContext("2d");
  const state = { level: at("map-level").value, layer: at("map-layer").value, borough: "", place: null, line: [], drawing: false, view: null };

  // --- borders ---------------------------------------------------------------------------------------------------
  const arcs = data.arcs.map((text) => {
    const steps = text.split(",").map(Number);
    for (let i = 2; i < steps.length; i++) steps[i] += steps[i - 2];
    return steps;
  });
  const ringOf = (numbers) => {
    const points = [];
    numbers.split(",").map(Number).forEach((n) => {
      const arc = arcs[Math.abs(n) - 1];
      for (let k = 0; k < arc.length; k += 2) {
        const i = n > 0 ? k : arc.length - 2 - k;
        if (k > 0 || points.length === 0) points.push(arc[i], arc[i + 1]);
      }
    });
    return points;
  };
  const areaOf = (ring) => {
    let twice = 0;
    for (let i = 0; i + 3 < ring.length; i += 2) {
      twice += (ring[i] - ring[0]) * (ring[i + 3] - ring[1]) - (ring[i + 2] - ring[0]) * (ring[i + 1] - ring[1]);
    }
    return twice / 2;
  };
  const prepared = {};
  const level = (name) => {
    if (!prepared[name]) {
      const of = data.levels[name];
      const rings = of.rings.map((list) => list.map(ringOf));
      const boxes = rings.map((list) => {
        const box = [Infinity, Infinity, -Infinity, -Infinity];
        list.forEach((ring) => { for (let i = 0; i < ring.length; i += 2) {
          box[0] = Math.min(box[0], ring[i]); box[1] = Math.min(box[1], ring[i + 1]);
          box[2] = Math.max(box[2], ring[i]); box[3] = Math.max(box[3], ring[i + 1]);
        } });
        return box;
      });
      const paths = rings.map((list) => {
        const path = new Path2D();
        list.forEach((ring) => {
          path.moveTo(ring[0], ring[1]);
          for (let i = 2; i < ring.length; i += 2) path.lineTo(ring[i], ring[i + 1]);
          path.closePath();
        });
        return path;
      });
      prepared[name] = { of, rings, boxes, paths, drawn: rings.map((list) => list.reduce((sum, ring) => sum + areaOf(ring), 0)) };
    }
    return prepared[name];
  };
  const names = Object.keys(data.levels), finest = names[names.length - 1];
  const boroughOf = {};
  names.forEach((name) => data.levels[name].ids.forEach((id, i) => {
    const parent = data.levels[name].parents[i];
    boroughOf[id] = name === "borough" ? id : boroughOf[parent] || parent;
  }));

  // --- geometry --------------------------------------------------------------------------------------------------
  const holds = (rings, e, n) => {
    let inside = false;
    rings.forEach((ring) => {
      for (let i = 0; i + 3 < ring.length; i += 2) {
        const y1 = ring[i + 1], y2 = ring[i + 3];
        if ((y1 > n) !== (y2 > n) && e < ring[i] + (n - y1) / (y2 - y1) * (ring[i + 2] - ring[i])) inside = !inside;
      }
    });
    return inside;
  };
  const inCircle = (ring, e, n, r) => { // exact: triangles where an edge runs inside, sectors where it runs outside
    let sum = 0;
    for (let i = 0; i + 3 < ring.length; i += 2) {
      const ax = ring[i] - e, ay = ring[i + 1] - n, dx = ring[i + 2] - ring[i], dy = ring[i + 3] - ring[i + 1];
      const length = Math.max(dx * dx + dy * dy, 1e-300), along = -(ax * dx + ay * dy) / length;
      const reach = r * r - (ax + along * dx) ** 2 - (ay + along * dy) ** 2;
      let enter = 1, leave = 1;
      if (reach > 0) {
        const half = Math.sqrt(reach / length);
        enter = Math.min(Math.max(along - half, 0), 1);
        leave = Math.min(Math.max(along + half, 0), 1);
      }
      const fx = ax + enter * dx, fy = ay + enter * dy, lx = ax + leave * dx, ly = ay + leave * dy, bx = ax + dx, by = ay + dy;
      const angle = (px, py, qx, qy) => Math.atan2(px * qy - py * qx, px * qx + py * qy);
      sum += (fx * ly - fy * lx) / 2 + (angle(ax, ay, fx, fy) + angle(lx, ly, bx, by)) * r * r / 2;
    }
    return sum;
  };
  const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
  const lineLength = (points) => points.slice(1).reduce((sum, point, i) => sum + distance(points[i], point), 0);

  // Longitude and latitude to the grid: the published Helmert parameters, then a transverse Mercator projection.
  const toGrid = (lat, lon) => {
    const rad = Math.PI / 180, sec = rad / 3600;
    const cart = (phi, lam, a, b) => {
      const e2 = 1 - (b * b) / (a * a), nu = a / Math.sqrt(1 - e2 * Math.sin(phi) ** 2);
      return [nu * Math.cos(phi) * Math.cos(lam), nu * Math.cos(phi) * Math.sin(lam), nu * (1 - e2) * Math.sin(phi)];
    };
    const [x, y, z] = cart(lat * rad, lon * rad, 6378137, 6356752.314245);
    const rx = 0.15 * sec, ry = 0.247 * sec, rz = 0.842 * sec, scale = 1 - 20.489e-6;
    const X = (x - 446.448) / scale, Y = (y + 125.157) / scale, Z = (z - 542.06) / scale;
    const px = X + rz * Y - ry * Z, py = Y - rz * X + rx * Z, pz = Z + ry * X - rx * Y;
    const a = 6377563.396, b = 6356256.909237285, e2 = 1 - (b * b) / (a * a), p = Math.hypot(px, py);
    let phi = Math.atan2(pz, p * (1 - e2));
    for (let k = 0; k < 8; k++) {
      const nu = a / Math.sqrt(1 - e2 * Math.sin(phi) ** 2);
      phi = Math.atan2(pz + e2 * nu * Math.sin(phi), p);
    }
    const lam = Math.atan2(py, px), F0 = 0.9996012717, phi0 = 49 * rad, n = (a - b) / (a + b);
    const sin = Math.sin(phi), cos = Math.cos(phi), tan2 = Math.tan(phi) ** 2;
    const nu = a * F0 / Math.sqrt(1 - e2 * sin * sin), rho = a * F0 * (1 - e2) / (1 - e2 * sin * sin) ** 1.5, eta2 = nu / rho - 1;
    const d = phi - phi0, t = phi + phi0;
    const M = b * F0 * ((1 + n + 1.25 * n * n + 1.25 * n ** 3) * d - (3 * n + 3 * n * n + 21 / 8 * n ** 3) * Math.sin(d) * Math.cos(t)
      + (15 / 8 * n * n + 15 / 8 * n ** 3) * Math.sin(2 * d) * Math.cos(2 * t) - 35 / 24 * n ** 3 * Math.sin(3 * d) * Math.cos(3 * t));
    const l = lam + 2 * rad;
    const northing = -100000 + M + nu / 2 * sin * cos * l * l + nu / 24 * sin * cos ** 3 * (5 - tan2 + 9 * eta2) * l ** 4
      + nu / 720 * sin * cos ** 5 * (61 - 58 * tan2 + tan2 * tan2) * l ** 6;
    const easting = 400000 + nu * cos * l + nu / 6 * cos ** 3 * (nu / rho - tan2) * l ** 3
      + nu / 120 * cos ** 5 * (5 - 18 * tan2 + tan2 * tan2 + 14 * eta2 - 58 * tan2 * eta2) * l ** 5;
    return [easting, northing];
  };

  // --- homes, hours, peak ------------------------------------------------------------------------------------------
  const TYPES = data.homes.heat_kwh.length;
  let hours = null;
  const hoursOf = () => {
    if (!hours) {
      const bytes = Uint8Array.from(atob(data.homes.hours), (c) => c.charCodeAt(0));
      hours = new Uint16Array(bytes.buffer);
    }
    return hours;
  };
  const loadOf = (homes) => { // MW in each hour
    const steps = hoursOf(), load = new Float64Array(steps.length / TYPES);
    for (let h = 0, i = 0; h < load.length; h++) {
      let sum = 0;
      for (let k = 0; k < TYPES; k++, i++) sum += steps[i] * homes[k];
      load[h] = sum * data.homes.step_kw / 1000;
    }
    return load;
  };
  const overMany = (homes) => {
    const known = data.homes.peak_homes.map(Math.log), x = Math.log(Math.max(homes, 1));
    let i = known.findIndex((value) => value >= x);
    return data.homes.peak_over_many.map((values) => {
      if (i <= 0) return i === 0 ? values[0] : values[values.length - 1];
      if (values[i - 1] === null || values[i] === null) return null;
      const share = (x - known[i - 1]) / (known[i] - known[i - 1]);
      return values[i - 1] + share * (values[i] - values[i - 1]);
    });
  };
  const look = (e, n, r) => {
    const { of, rings, boxes, drawn } = level(finest);
    const homes = new Array(TYPES).fill(0);
    let covered = 0, km2 = 0, centre = 0;
    for (let i = 0; i < rings.length; i++) {
      if (distance([of.centres[0][i], of.centres[1][i]], [e, n]) <= r) centre += of.types.reduce((sum, column) => sum + column[i], 0);
      const box = boxes[i], dx = Math.max(box[0] - e, 0, e - box[2]), dy = Math.max(box[1] - n, 0, n - box[3]);
      if (dx * dx + dy * dy >= r * r) continue;
      const common = rings[i].reduce((sum, ring) => sum + inCircle(ring, e, n, r), 0);
      const share = common / drawn[i];
      covered += common;
      km2 += share * of.columns.area_km2[i];
      for (let k = 0; k < TYPES; k++) homes[k] += share * of.types[k][i];
    }
    const heat = homes.reduce((sum, number, k) => sum + number * data.homes.heat_kwh[k], 0) / 1000;
    const number = homes.reduce((sum, one) => sum + one, 0);
    return { homes, number, heat, km2, centre, covered: Math.min(covered / (Math.PI * r * r), 1) };
  };
  const trenchCost = (mwhPerM) => {
    const law = data.trench, gj = mwhPerM * 3.6;
    const fitted = law.diameter_m_per_log * Math.log(Math.max(gj, law.least_gj_per_m)) + law.diameter_m_at_1_gj_per_m;
    const diameter = gj < law.least_gj_per_m ? law.least_diameter_m : Math.max(fitted, law.least_diameter_m);
    return law.gbp_per_m + law.gbp_per_m2 * diameter;
  };

  // --- drawing -----------------------------------------------------------------------------------------------------
  const RAMP = [[68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142], [31, 158, 137], [53, 183, 121], [109, 205, 89], [180, 222, 44], [253, 231, 37]];
  const colour = (share) => {
    const x = Math.min(Math.max(share, 0), 1) * (RAMP.length - 1), i = Math.min(Math.floor(x), RAMP.length - 2);
    return "rgb(" + RAMP[i].map((value, k) => Math.round(value + (x - i) * (RAMP[i + 1][k] - value))).join(",") + ")";
  };
  const shown = () => data.layers.find((layer) => layer.key === state.layer);
  const format = (value, decimals) => value === null || value === undefined ? "none" : value.toLocaleString("en-GB", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  const within = (i) => !state.borough || boroughOf[level(state.level).of.ids[i]] === state.borough;
  const range = () => {
    const values = (level(state.level).of.columns[state.layer] || []).filter((value, i) => value !== null && within(i)).sort((a, b) => a - b);
    if (!values.length) return null;
    const end = (q) => values[Math.min(Math.floor(q * values.length), values.length - 1)];
    return values.length > 100 ? [end(0.02), end(0.98)] : [values[0], values[values.length - 1]];
  };
  const bounds = () => {
    const boxes = level("borough").boxes.filter((_, i) => !state.borough || data.levels.borough.ids[i] === state.borough);
    return boxes.reduce((all, box) => [Math.min(all[0], box[0]), Math.min(all[1], box[1]), Math.max(all[2], box[2]), Math.max(all[3], box[3])], [Infinity, Infinity, -Infinity, -Infinity]);
  };
  const fit = () => {
    const box = bounds(), scale = 0.96 * Math.min(canvas.width / (box[2] - box[0]), canvas.height / (box[3] - box[1]));
    state.view = { e: (box[0] + box[2]) / 2, n: (box[1] + box[3]) / 2, scale };
  };
  const transform = () => {
    const { e, n, scale } = state.view;
    context.setTransform(scale, 0, 0, -scale, canvas.width / 2 - e * scale, canvas.height / 2 + n * scale);
  };
  const draw = () => {
    const { of, paths, boxes } = level(state.level), column = of.columns[state.layer] || [], ends = range();
    const style = getComputedStyle(document.body), line = style.getPropertyValue("--page"), ink = style.getPropertyValue("--ink");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    transform();
    const pixel = 1 / state.view.scale, half = [canvas.width * pixel / 2, canvas.height * pixel / 2];
    context.lineJoin = "round";
    paths.forEach((path, i) => {
      const box = boxes[i];
      if (box[2] < state.view.e - half[0] || box[0] > state.view.e + half[0] || box[3] < state.view.n - half[1] || box[1] > state.view.n + half[1]) return;
      const value = column[i], known = value !== null && value !== undefined && ends && within(i);
      context.fillStyle = known ? colour((value - ends[0]) / (ends[1] - ends[0] || 1)) : style.getPropertyValue("--line");
      context.globalAlpha = within(i) ? 1 : 0.35;
      context.fill(path, "evenodd");
      context.lineWidth = pixel * (state.level === "lsoa" ? 0.4 : 0.8);
      context.strokeStyle = line;
      context.stroke(path);
    });
    context.globalAlpha = 1;
    context.strokeStyle = ink;
    context.lineWidth = pixel * 1.2;
    level("borough").paths.forEach((path) => context.stroke(path));
    data.points.forEach((one) => {
      const shape = one.points ? one.points.split(",").map(Number) : null;
      context.beginPath();
      if (shape) for (let i = 0; i < shape.length; i += 2) context[i ? "lineTo" : "moveTo"](shape[i], shape[i + 1]);
      else context.rect(one.easting - 5 * pixel, one.northing - 5 * pixel, 10 * pixel, 10 * pixel);
      context.lineWidth = pixel * (shape ? 5 : 2);
      context.strokeStyle = ink;
      context.stroke();
      if (!shape || one.kind === "network") {
        context.lineWidth = pixel * 2;
        context.strokeStyle = context.fillStyle = { load: "#d9480f", supply: "#c2255c", network: "#f08c00" }[one.kind] || "#0b57a4";
        if (shape) context.stroke(); else context.fill();
      }
    });
    context.strokeStyle = ink;
    if (state.place) {
      context.beginPath();
      context.arc(state.place[0], state.place[1], radius(), 0, 2 * Math.PI);
      context.lineWidth = pixel * 3;
      context.stroke();
    }
    if (state.line.length) {
      context.beginPath();
      state.line.forEach((point, i) => (i ? context.lineTo(...point) : context.moveTo(...point)));
      context.lineWidth = pixel * 4;
      context.stroke();
    }
    legend(ends);
  };
  const legend = (ends) => {
    const place = at("map-scale"), layer = shown();
    place.replaceChildren();
    if (!ends) { place.textContent = layer.name + ": none is known at this level."; return; }
    const unit = layer.unit ? " " + layer.unit : "";
    for (let k = 0; k <= 4; k++) {
      const item = document.createElement("span"), patch = document.createElement("i");
      patch.style.background = colour(k / 4);
      item.append(patch, format(ends[0] + k / 4 * (ends[1] - ends[0]), layer.decimals) + (k === 4 ? unit : ""));
      place.append(item);
    }
  };

  // --- table, what is there ------------------------------------------------------------------------------------------
  const ORDER_UP = { gap: true, off_gas: true };
  const ranked = () => {
    const { of } = level(state.level), column = of.columns[state.layer] || [];
    const rows = of.ids.map((_, i) => i).filter((i) => within(i) && column[i] !== null && column[i] !== undefined);
    const sign = ORDER_UP[state.layer] ? 1 : -1;
    const worth = (i) => (state.layer === "error" ? Math.abs(column[i]) : column[i]);
    return rows.sort((a, b) => sign * (worth(a) - worth(b)) || (of.ids[a] < of.ids[b] ? -1 : 1));
  };
  const cell = (row, words, tag = "td") => {
    const made = document.createElement(tag);
    made.textContent = words;
    if (tag === "th") made.scope = "row"; else made.className = "n";
    row.append(made);
  };
  const IN_TABLE = { density: true, lhd: true, confidence: true }; // layers with a column of their own
  const tabulate = () => {
    const { of } = level(state.level), layer = shown(), body = at("map-rank").tBodies[0], rows = ranked(), twice = IN_TABLE[state.layer];
    at("map-shown").hidden = Boolean(twice);
    at("map-shown").textContent = layer.name + (layer.unit ? ", " + layer.unit : "");
    body.replaceChildren(...rows.slice(0, 200).map((i) => {
      const row = document.createElement("tr");
      cell(row, of.names[i], "th");
      if (!twice) cell(row, format(of.columns[state.layer][i], layer.decimals));
      cell(row, format(of.columns.homes[i], 0));
      cell(row, format(of.columns.heat_mwh[i] / 1000, 1));
      cell(row, format(of.columns.density[i], 1));
      cell(row, format(of.columns.lhd[i], 2));
      cell(row, format(of.columns.confidence[i], 0));
      return row;
    }));
    const t = data.thresholds, inside = of.ids.map((_, i) => i).filter(within);
    const above = (name, key) => t[key] === undefined ? null : inside.filter((i) => of.columns[name][i] >= t[key]).length.toLocaleString("en-GB") + " reach " + t[key] + " " + (name === "density" ? "GWh/km²" : "MWh/m");
    const counts = [["density", "denmark_gwh_per_km2", "Denmark"], ["lhd", "scotland_mwh_per_m", "Scotland"], ["lhd", "scotland_stringent_mwh_per_m", "Scotland, stringent"], ["lhd", "scotland_highest_mwh_per_m", "Scotland, highest"], ["lhd", "ademe_mwh_per_m", "ADEME, France"]]
      .map(([name, key, who]) => [above(name, key), who]).filter(([count]) => count).map(([count, who]) => count + " (" + who + ")");
    at("map-met").textContent = "Of " + inside.length.toLocaleString("en-GB") + " areas, " + counts.join(", ") + "." + (rows.length > 200 ? " The table shows the first 200." : "");
  };
  const radius = () => Math.min(Math.max(Number(at("map-radius").value) || 500, 100), 5000);
  const tell = (words) => { at("map-says").textContent = words; };
  const list = (pairs) => {
    const made = document.createElement("dl");
    pairs.forEach(([term, value]) => {
      const dt = document.createElement("dt"), dd = document.createElement("dd");
      dt.textContent = term; dd.textContent = value; made.append(dt, dd);
    });
    return made;
  };
  const range2 = (a, b, decimals, unit) => (a === null || a === undefined ? "none" : format(Math.min(a, b), decimals) + " to " + format(Math.max(a, b), decimals) + " " + unit);
  const find = (name, e, n) => {
    const { rings, boxes } = level(name);
    return boxes.findIndex((box, i) => e >= box[0] && e <= box[2] && n >= box[1] && n <= box[3] && holds(rings[i], e, n));
  };
  const show = () => {
    const [e, n] = state.place, r = radius(), found = look(e, n, r), here = find(state.level, e, n);
    if (found.covered <= 0) { tell("No part of the circle is in London."); at("map-found").replaceChildren(); at("map-profile").hidden = true; return; }
    const load = loadOf(found.homes), sorted = Float64Array.from(load).sort().reverse();
    const peaks = overMany(found.number).map((share) => (share === null ? null : share * sorted[0] * data.homes.design));
    const rank = (h) => sorted[Math.min(h, sorted.length) - 1];
    tell(format(found.heat / 1000, 1) + " GWh of heat a year within " + r + " m, at a peak of " + format(peaks[1], 1) + " MW");
    const pairs = [
      ["Place", "easting " + Math.round(e) + ", northing " + Math.round(n)],
      ["Homes", format(found.number, 0) + " by share of areas, " + format(found.centre, 0) + " by their centres"],
      ["Heat", format(Math.min(found.heat, found.heat * found.centre / (found.number || 1)), 0) + " to " + format(Math.max(found.heat, found.heat * found.centre / (found.number || 1)), 0) + " MWh a year by the two rules"],
      ["Density", format(found.heat / 1000 / found.km2, 1) + " GWh/km²"],
      ["Peak", peaks[0] === null || peaks[2] === null ? format(peaks[1], 1) + " MW; no band is published" : format(peaks[0], 1) + " to " + format(peaks[2], 1) + " MW"],
      ["Load duration", [1, 100, 1000, 4000].map((h) => h + " h: " + format(rank(h), 2) + " MW").join(", ")],
      ["In London", format(100 * found.covered, 0) + " % of the circle"],
    ];
    if (here >= 0) {
      const c = level(state.level).of.columns, get = (name) => (c[name] ? c[name][here] : null);
      pairs.push(["Area", level(state.level).of.names[here]], ["Its network", range2(get("lcoh_2011"), get("lcoh_2019"), 0, "£/MWh")],
        ["In each home", [["ashp", "air source heat pump"], ["gshp", "ground source heat pump"], ["gas_boiler", "gas boiler"]].map(([key, name]) => name + " " + format(get(key), 0)).join(", ") + " £/MWh"],
        ["Grant to match it", range2(get("grant_2011"), get("grant_2019"), 0, "£ a home")],
        ["Heat may cost", range2(get("price_2011"), get("price_2019"), 0, "£/MWh at the gate")],
        ["Confidence", get("confidence") + ": " + level(state.level).of.reasons[level(state.level).of.reason[here]]]);
    }
    if (r < 500) pairs.push(["Note", "below 500 m the covered share of an area says little about its homes"]);
    if (state.line.length > 1) pairs.push(...lineFacts(found));
    at("map-found").replaceChildren(list(pairs));
    profile(load, sorted);
  };
  const lineFacts = (found) => {
    const metres = lineLength(state.line), each = trenchCost((found ? found.heat : 0) / Math.max(metres, 1));
    return [["Line", format(metres, 0) + " m"], ["Its trench", "£" + format(metres * each, 0) + " at £" + format(each, 0) + " a metre, for the heat within the circle"]];
  };
  const profile = (load, sorted) => {
    const picture = at("map-profile"), pen = picture.getContext("2d"), style = getComputedStyle(document.body);
    picture.hidden = false;
    picture.width = 720; picture.height = 360;
    pen.font = "20px sans-serif";
    pen.fillStyle = style.getPropertyValue("--ink");
    const top = sorted[0] || 1, box = (left, title, series, ends) => {
      pen.fillText(title, left, 24);
      series.forEach((values, k) => {
        pen.strokeStyle = colour(series.length > 1 ? k / series.length : 0.35);
        pen.lineWidth = 3;
        pen.beginPath();
        values.forEach((value, i) => pen[i ? "lineTo" : "moveTo"](left + i / (values.length - 1) * 320, 330 - value / top * 290));
        pen.stroke();
      });
      pen.fillText(ends[0], left, 354); pen.fillText(ends[1], left + 320 - pen.measureText(ends[1]).width, 354);
    };
    const months = [];
    for (let month = 0; month < 12; month++) {
      const day = new Array(24).fill(0), days = Math.floor(load.length / 24), first = Math.floor(month * days / 12), last = Math.floor((month + 1) * days / 12);
      for (let d = first; d < last; d++) for (let h = 0; h < 24; h++) day[h] += load[d * 24 + h] / Math.max(last - first, 1);
      months.push(day);
    }
    box(10, "Mean day in twelve parts of the year", months, ["0 h", "23 h"]);
    const curve = Array.from({ length: 160 }, (_, i) => sorted[Math.min(Math.round(i / 159 * (sorted.length - 1)), sorted.length - 1)]);
    box(390, "Load duration, top " + format(top, 1) + " MW", [curve], ["1 h", sorted.length + " h"]);
  };

  // --- events ------------------------------------------------------------------------------------------------------
  const redraw = () => { draw(); tabulate(); if (state.place) show(); };
  const pointAt = (event) => {
    const box = canvas.getBoundingClientRect(), { e, n, scale } = state.view;
    const x = (event.clientX - box.left) * canvas.width / box.width, y = (event.clientY - box.top) * canvas.height / box.height;
    return [e + (x - canvas.width / 2) / scale, n - (y - canvas.height / 2) / scale];
  };
  const choose = (point) => {
    if (state.drawing) {
      state.line.push(point);
      draw();
      if (state.place) show(); else at("map-found").replaceChildren(list(lineFacts(null)));
      tell("Line of " + format(lineLength(state.line), 0) + " m");
      return;
    }
    state.place = point;
    draw();
    show();
  };
  let pressed = null;
  canvas.addEventListener("pointerdown", (event) => { pressed = { x: event.clientX, y: event.clientY, e: state.view.e, n: state.view.n, moved: false }; });
  canvas.addEventListener("pointermove", (event) => {
    if (!pressed || event.pointerType === "touch") return;
    const box = canvas.getBoundingClientRect(), k = canvas.width / box.width / state.view.scale;
    if (Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > 4) pressed.moved = true;
    if (pressed.moved) { state.view.e = pressed.e - (event.clientX - pressed.x) * k; state.view.n = pressed.n + (event.clientY - pressed.y) * k; draw(); }
  });
  canvas.addEventListener("pointerup", (event) => { if (pressed && !pressed.moved) choose(pointAt(event)); pressed = null; });
  canvas.addEventListener("pointerleave", () => { pressed = null; });
  const zoom = (factor) => { if (factor) state.view.scale *= factor; else fit(); draw(); };
  document.querySelectorAll("[data-zoom]").forEach((button) => button.addEventListener("click", () => zoom(Number(button.dataset.zoom))));
  canvas.addEventListener("keydown", (event) => {
    const step = 60 / state.view.scale, moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (moves[event.key]) { state.view.e += moves[event.key][0]; state.view.n += moves[event.key][1]; draw(); }
    else if (event.key === "+" || event.key === "=") zoom(1.5);
    else if (event.key === "-") zoom(1 / 1.5);
    else if (event.key === "Enter") choose([state.view.e, state.view.n]);
    else return;
    event.preventDefault();
  });
  at("map-layer").addEventListener("change", (event) => { state.layer = event.target.value; redraw(); });
  at("map-level").addEventListener("change", (event) => { state.level = event.target.value; redraw(); });
  at("map-borough").addEventListener("change", (event) => { state.borough = event.target.value; fit(); redraw(); });
  at("map-radius").addEventListener("change", () => { if (state.place) { draw(); show(); } });
  at("map-line").addEventListener("click", (event) => {
    state.drawing = !state.drawing;
    event.target.setAttribute("aria-pressed", String(state.drawing));
    event.target.textContent = state.drawing ? "End the line" : "Draw a line";
    if (state.drawing) { state.line = []; tell("Click the corners of the line."); }
  });
  at("map-clear").addEventListener("click", () => {
    state.place = null; state.line = [];
    at("map-found").replaceChildren(); at("map-profile").hidden = true;
    tell("Click on the map, or enter a place.");
    draw();
  });
  const readPlace = (words) => {
    const pair = words.split(/[\s,;]+/).filter(Boolean).map(Number);
    if (pair.length !== 2 || !pair.every(Number.isFinite)) return null;
    const [a, b] = pair;
    const degrees = (lat, lon) => lat >= 51.25 && lat <= 51.72 && lon >= -0.55 && lon <= 0.36;
    const metres = (e, n) => e >= 500000 && e <= 565000 && n >= 152000 && n <= 205000;
    if (degrees(a, b)) return toGrid(a, b);
    if (metres(a, b)) return [a, b];
    if (degrees(b, a)) { tell("Did you mean " + b + ", " + a + "?"); return undefined; }
    if (metres(b, a)) { tell("Did you mean " + b + ", " + a + "?"); return undefined; }
    return null;
  };
  at("map-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const place = readPlace(at("map-place").value);
    if (place === null) tell("That is no place in London: write 51.5265, -0.0805 or 533255, 182589.");
    if (place) { state.drawing = false; state.place = place; draw(); show(); }
  });
  const save = (name, kind, content) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type: kind }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  const inert = (words) => (/^[=+\-@\t\r]/.test(words) ? "'" + words : words);
  at("map-csv").addEventListener("click", () => {
    const { of } = level(state.level), fields = Object.keys(of.columns);
    const quoted = (value) => (value === null || value === undefined ? "" : typeof value === "number" ? String(value) : '"' + inert(value).replace(/"/g, '""') + '"');
    const lines = [["area_id", "name", ...fields].join(","), ...ranked().map((i) => [quoted(of.ids[i]), quoted(of.names[i]), ...fields.map((field) => quoted(of.columns[field][i]))].join(","))];
    save("areas-" + state.level + ".csv", "text/csv", lines.join("\n") + "\n");
  });
  at("map-geojson").addEventListener("click", () => {
    const { of, rings } = level(state.level), pairs = (ring) => ring.reduce((all, value, i) => (i % 2 ? all[all.length - 1].push(value) : all.push([value]), all), []);
    const features = ranked().map((i) => ({
      type: "Feature", properties: { area_id: of.ids[i], name: of.names[i], ...Object.fromEntries(Object.entries(of.columns).map(([field, column]) => [field, column[i]])) },
      geometry: { type: "MultiLineString", coordinates: rings[i].map(pairs) },
    }));
    save("areas-" + state.level + ".geojson", "application/geo+json", JSON.stringify({ type: "FeatureCollection", crs: { type: "name", properties: { name: "urn:ogc:def:crs:EPSG::27700" } }, features }));
  });
  at("map-print").addEventListener("click", () => {
    if (!state.borough) { tell("Choose a borough under 'Only in' first."); at("map-borough").focus(); return; }
    document.body.classList.add("one-borough");
    window.print();
    document.body.classList.remove("one-borough");
  });
  const size = () => {
    const ratio = Math.min(window.devicePixelRatio || 1, 2), width = Math.max(canvas.clientWidth, 240);
    canvas.width = Math.round(width * ratio); canvas.height = Math.round(width * ratio * 5 / 6);
    fit();
  };
  window.addEventListener("resize", () => { size(); draw(); });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  size();
  redraw();
  window.heatMap = { look, toGrid, lineLength, find, drawn: performance.now() }; // for tests
})();
