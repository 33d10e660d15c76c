"use strict";
// Draws what the server tells a few times a second (see _page.py); keeps nothing but the newest frame.

const at = (id) => document.getElementById(id);
const DASH = [6, 5], DOTS = [2, 3, 9, 3];
const charts = {};
let newest = null, paused = false, source = null, theme = null;

function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { ink: of("--ink"), soft: of("--soft"), line: of("--line"), grows: of("--grows"), stops: of("--stops"), open: of("--open"), beside: of("--beside") };
}

// A size below the critical one grows, one from it on stops; before that is known all are open. Colour never says it
// alone: lines that grow are dashed.
function role(size, threshold) {
  if (!threshold || threshold.verdict === "undecided") return "open";
  if (threshold.verdict === "at most") return threshold.bounded !== null && size >= threshold.bounded ? "stops" : "open";
  if (threshold.critical_size === null) return threshold.verdict === "above" ? "grows" : "open";
  return size < threshold.critical_size ? "grows" : "stops";
}

// The answer where no critical size is known: what can be done now comes first.
function noSize(threshold) {
  if (!threshold) return "undecided";
  const known = { "at most": `at most ${threshold.bounded ?? "the smallest tried"}`, above: "above every size tried", "not visible yet": "not visible yet" };
  const critical = `critical size ${known[threshold.verdict] ?? "undecided"}`;
  return threshold.advice ? `use size ${threshold.advice.size}; ${critical}` : critical;
}

const NO_MARK = { above: ">", "at most": "\u2264" };
const mark = (row) => (row.critical === null ? (NO_MARK[row.verdict] ?? "?") + (row.bounded ?? "") : String(row.critical));

const COUNTED = new Intl.NumberFormat("en");
const whole = (value) => COUNTED.format(Math.round(value)).replaceAll(",", "\u202f");

function axis(label, more) {
  const line = { stroke: theme.line, width: 1, ...(more && more.only) };
  return { label, stroke: theme.soft, grid: line, ticks: line, font: "13px system-ui", labelFont: "14px system-ui", size: 34, labelSize: 20, ...more };
}

// Of a log axis every decade is marked, or every second, third, .. where they are many.
function marked(u, splits) {
  const power = splits.map((v) => Math.round(Math.log10(v)));
  const whole = splits.map((v, i) => Math.abs(v / 10 ** power[i] - 1) < 1e-6);
  const step = Math.ceil(whole.filter(Boolean).length / 7);
  return splits.map((v, i) => (whole[i] && power[i] % step === 0 ? v : null));
}

function tenth(v) {
  if (v === null) return null;
  if (v >= 0.001 && v <= 1000) return String(+v.toPrecision(1));
  return "10" + String(Math.round(Math.log10(v))).replace(/./g, (c) => "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"["0123456789-".indexOf(c)]);
}

const LOG = { filter: marked, values: (u, splits) => splits.map(tenth), only: { filter: marked } };
const DOWN = { size: 52, gap: 6 };  // an axis at the left; the one below is lower

// A chart is made again only where its lines change; else it is only given new numbers.
function draw(id, key, options, data) {
  const place = at(id).querySelector(".plot");
  const shape = JSON.stringify(key) + theme.ink;
  const room = { width: Math.max(place.clientWidth, 100), height: Math.max(place.clientHeight - 8, 100) };
  if (!charts[id] || charts[id].shape !== shape) {
    if (charts[id]) charts[id].plot.destroy();
    const plot = new uPlot({ ...room, legend: { show: false }, cursor: { show: false }, ...options }, data, place);
    charts[id] = { shape, plot };
  } else {
    const plot = charts[id].plot;
    if (plot.width !== room.width || plot.height !== room.height) plot.setSize(room);
    plot.setData(data);
  }
}

function say(id, caption, small) {
  const place = at(id).querySelector("figcaption");
  const text = small ? `${caption} (${small})` : caption;
  if (place.textContent === text) return;
  place.textContent = caption;
  if (small) {
    const more = document.createElement("small");
    more.textContent = ` (${small})`;
    place.append(more);
  }
}

// Sizes are named at the right end of their lines, where there is room.
function names(sizes, strokes) {
  return { hooks: { draw: [(u) => {
    const ctx = u.ctx, ratio = devicePixelRatio || 1;
    ctx.save();
    ctx.font = `${12 * ratio}px system-ui`;
    ctx.textBaseline = "middle";
    const taken = [];
    const order = [...sizes.keys()].sort((i, j) => (sizes[j] === "yours") - (sizes[i] === "yours"));  // its name has room first
    for (const i of order) {
      const size = sizes[i], values = u.data[i + 1];
      let last = values.length - 1;
      while (last >= 0 && (values[last] === null || values[last] <= 0)) last--;
      if (last < 0) continue;
      const y = u.valToPos(values[last], "y", true);
      if (taken.some((other) => Math.abs(other - y) < 12 * ratio)) continue;
      taken.push(y);
      ctx.fillStyle = strokes[i];
      ctx.fillText(String(size), u.valToPos(u.data[0][size === "yours" ? u.data[0].length - 1 : last], "x", true) + 5 * ratio, y);
    }
    ctx.restore();
  }] } };
}

// A change of the stream is a dotted line, where it began.
function since(change) {
  return { hooks: { draw: [(u) => {
    const scale = u.scales.x;
    if (!change || change.since < scale.min || change.since > scale.max) return;
    const x = Math.round(u.valToPos(change.since, "x", true)), ctx = u.ctx, ratio = devicePixelRatio || 1;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = theme.ink;
    ctx.lineWidth = ratio;
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.beginPath(); ctx.moveTo(x, u.bbox.top); ctx.lineTo(x, u.bbox.top + u.bbox.height); ctx.stroke();
    ctx.font = `${12 * ratio}px system-ui`;
    ctx.textAlign = "right";
    ctx.fillText("change", x - 4 * ratio, u.bbox.top + 12 * ratio);
    ctx.restore();
  }] } };
}

function drawBySize(id, frame, part, caption, label) {
  const table = frame[part], threshold = frame.threshold;
  const roles = table ? table.sizes.map((size) => role(size, threshold)) : [];
  const positive = (row) => row.map((v) => (v === null || v > 0 ? v : null));
  const small = roles.includes("stops") ? "dashed: grows; solid: stops; numbers: size" : "numbers: size; which of them stop is open";
  const own = part === "growth" && frame.beside && table && frame.beside.growth.length === table.horizon.length ? frame.beside : null;
  say(id, caption, small + (own ? `; dash-dotted, yours: ${own.predictor}` : ""));
  if (!table || table.horizon.length < 2) return;
  const strokes = roles.map((word) => theme[word]);
  const series = roles.map((word, i) => ({ stroke: strokes[i], width: word === "stops" ? 2 : 1.5, dash: word === "grows" ? DASH : undefined, points: { show: false }, spanGaps: true }));
  if (own) series.push({ stroke: theme.beside, width: 3, dash: DOTS, points: { show: false }, spanGaps: true });
  draw(id, [id, table.sizes, roles, Boolean(own), frame.change], {
    padding: [8, own ? 50 : 26, 0, 0],
    scales: { x: { time: false, distr: 3 }, y: { distr: 3 } },
    axes: [axis("samples so far", LOG), axis(label, { ...LOG, ...DOWN })],
    series: [{}, ...series],
    plugins: [names(own ? [...table.sizes, "yours"] : table.sizes, own ? [...strokes, theme.beside] : strokes), since(frame.change)],
  }, [table.horizon, ...table.values.map(positive), ...(own ? [positive(own.growth)] : [])]);
}

function drawCurve(frame) {
  const curve = frame.curve, threshold = frame.threshold;
  const critical = threshold ? threshold.critical_size : null;
  const own = frame.beside && frame.beside.error > 0 ? frame.beside.error : null;
  say("curve", "Mean squared error by size", (critical === null ? "which size is critical is open" : `vertical line: critical size ${critical}`) + (own === null ? "" : "; dash-dotted: yours"));
  if (!curve || curve.sizes.length < 2) return;
  const mark = { hooks: { draw: [(u) => {
    if (critical === null) return;
    const x = Math.round(u.valToPos(critical, "x", true)), ctx = u.ctx;
    ctx.save();
    ctx.strokeStyle = theme.stops;
    ctx.lineWidth = 3 * (devicePixelRatio || 1);
    ctx.beginPath(); ctx.moveTo(x, u.bbox.top); ctx.lineTo(x, u.bbox.top + u.bbox.height); ctx.stroke();
    ctx.restore();
  }] } };
  draw("curve", ["curve", curve.sizes, critical, own === null], {
    padding: [8, 16, 0, 0],
    scales: { x: { time: false, range: (u, low, high) => [low - 0.3, high + 0.3] }, y: { distr: 3 } },
    axes: [axis("size", { incrs: [1, 2, 4, 8, 16, 32] }), axis("mean squared error", { ...LOG, ...DOWN })],
    series: [{}, { stroke: theme.ink, width: 1.5, points: { show: true, size: 7, fill: theme.ink } }, ...(own === null ? [] : [{ stroke: theme.beside, width: 3, dash: DOTS, points: { show: false } }])],
    plugins: [mark],
  }, [curve.sizes, curve.errors.map((v) => (v > 0 ? v : null)), ...(own === null ? [] : [curve.sizes.map(() => own)])]);
}

function drawSignal(frame) {
  const signal = frame.signal;
  if (!signal || signal.t.length < 2) return;
  const level = signal.level ? `${+(100 * signal.level).toPrecision(4)} % ` : "";
  const grey = signal.band ? `its ${level}band, made with it` : "where 95 % of the last errors were";
  say("signal", `Signal${signal.unit ? " in " + signal.unit : ""} and the forecasts of size ${signal.size} made before`, `solid: signal; dashed: forecast; grey: ${grey}`);
  const edge = (sign) => signal.forecast.map((v, i) => {
    const half = signal.band ? signal.band[i] : signal.reach;
    return v === null || half === null ? null : v + sign * half;
  });
  const low = edge(-1), high = edge(1);
  draw("signal", ["signal", signal.name, frame.change], {
    plugins: [since(frame.change)],
    padding: [8, 16, 0, 0],
    scales: { x: { time: false } },
    axes: [axis(signal.clock), axis(signal.name, { ...DOWN, size: 72 })],
    series: [{}, { stroke: "transparent", points: { show: false } }, { stroke: "transparent", points: { show: false } }, { stroke: theme.ink, width: 1.5, points: { show: false } }, { stroke: theme.stops, width: 1.5, dash: [4, 3], points: { show: false } }],
    bands: [{ series: [2, 1], fill: theme.open + "44" }],
  }, [signal.t, low, high, signal.y, signal.forecast]);
}

function fill(list, rows, make) {
  while (list.children.length > rows.length) list.lastChild.remove();
  rows.forEach((row, i) => make(row, list.children[i] || null));
}

function put(node, text) { if (node.textContent !== text) node.textContent = text; }

function showStreams(frame) {
  const list = at("streams");
  fill(list, frame.streams, (row, item) => {
    if (!item) {
      item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.append(document.createElement("span"), document.createElement("b"), document.createElement("small"));
      button.addEventListener("click", () => choose(button.value));
      item.append(button);
      list.append(item);
    }
    const button = item.firstChild;
    button.value = row.name;
    if (row.name === frame.stream) button.setAttribute("aria-current", "true"); else button.removeAttribute("aria-current");
    put(button.children[0], row.label);
    put(button.children[1], mark(row));
    put(button.children[2], `${row.status === "online" ? "" : row.status + ", "}${whole(row.samples)} samples, ${whole(row.rate)}/s`);
  });
}

function showAnswer(frame) {
  const threshold = frame.threshold;
  const size = threshold ? threshold.critical_size : null;
  at("answer").className = size !== null ? "located" : threshold && threshold.verdict === "above" ? "growing" : "";
  put(at("size"), size !== null ? String(size) : threshold && threshold.advice ? String(threshold.advice.size) : "?");
  put(at("verdict"), size !== null ? `critical size ${size}` : noSize(threshold));
  const news = frame.change ? `Change: ${frame.change.sentence}. ` : "";
  at("beside").hidden = !frame.beside;
  put(at("beside"), frame.beside ? frame.beside.sentence : "");
  put(at("sentence"), news + (threshold ? threshold.sentence : "No verdict yet: the first comes after 256 samples."));
  document.title = size !== null ? `${size} · ${frame.stream} · Ergoscope` : "Ergoscope";
}

function showCounts(frame) {
  const list = at("counts");
  const rows = Object.entries(frame.counts);
  fill(list, rows, ([word, value], item) => {
    if (!item) {
      item = document.createElement("div");
      item.append(document.createElement("dt"), document.createElement("dd"));
      list.append(item);
    }
    put(item.children[0], word);
    put(item.children[1], typeof value === "number" ? whole(value) : value);
  });
}

function show() {
  const frame = newest;
  if (!frame || paused) return;
  theme = colours();
  showStreams(frame);
  showAnswer(frame);
  showCounts(frame);
  drawBySize("growth", frame, "growth", "Mean squared error of each size as the stream grows longer", "mean squared error");
  drawCurve(frame);
  drawSignal(frame);
  drawBySize("regret", frame, "regret", frame.over ? `Regret over ${frame.over}` : "Regret", "sum of squares");
}

function link(text, broken) {
  put(at("link"), text);
  at("link").className = broken ? "broken" : "";
}

function listen(stream) {
  if (source) source.close();
  source = new EventSource("frames" + (stream ? "?stream=" + encodeURIComponent(stream) : ""));
  source.addEventListener("message", (event) => {
    newest = JSON.parse(event.data);
    const broken = newest.broken;
    link(paused ? "paused" : broken || `live from ${newest.where}`, Boolean(broken));
    requestAnimationFrame(show);
  });
  source.addEventListener("error", () => {
    link("the page's server is gone; it is tried again until it is back", true);
    // A browser tries again by itself, but not where it was answered that there is no such stream (any more).
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(null), 2000);
  });
}

function choose(stream) {
  history.replaceState(null, "", "?stream=" + encodeURIComponent(stream));
  listen(stream);
}

function pause() {
  paused = !paused;
  at("pause").setAttribute("aria-pressed", String(paused));
  put(at("pause"), paused ? "Go on" : "Pause");
  if (paused) link("paused", false);
  show();
}

async function demo() {
  const form = at("demo");
  const offered = await (await fetch("demo")).json();
  if (!offered) return;
  for (const name of offered.plants) form.plant.append(new Option(name, name, false, name === offered.plant));
  form.noise.value = offered.noise;
  form.largest.value = offered.largest;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wanted = { plant: form.plant.value, noise: form.noise.valueAsNumber, largest: form.largest.valueAsNumber };
    const done = await fetch("demo", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(wanted) });
    put(form.querySelector("output"), done.ok ? "starting anew: a few seconds" : await done.text());
  });
}

async function recording() {
  const answer = await fetch("recording");
  const parts = await answer.json();
  if (!parts) return;
  at("recording").hidden = false;
  at("recording").querySelector("ul").replaceChildren(...parts.map((name) => {
    const item = document.createElement("li"), link = document.createElement("a");
    link.href = "recording/" + name;
    link.textContent = name;
    item.append(link);
    return item;
  }));
}

at("pause").addEventListener("click", pause);
at("recording").addEventListener("toggle", recording);
document.addEventListener("keydown", (event) => {
  if (event.key === "p" && !event.ctrlKey && !event.metaKey && !/^(INPUT|SELECT)$/.test(event.target.tagName)) pause();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
addEventListener("resize", () => requestAnimationFrame(show));
listen(new URLSearchParams(location.search).get("stream"));
demo();
recording();
