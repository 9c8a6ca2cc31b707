// Meters, spectrograms and the history of the load.

const FLOOR_DB = -60;
const COLUMN = 2; // pixels that a spectrum is wide
const $ = (id) => document.getElementById(id);

const share = (decibels) => Math.min(1, Math.max(0, 1 - decibels / FLOOR_DB));
const peakWords = (decibels) => (decibels <= -99 ? "silent" : `${decibels.toFixed(1)} dB`);
let spoken = 0; // when values for screen readers were set last

function showMeter(meter, mean, peak, aloud) {
  meter.querySelector("i").style.transform = `scaleX(${share(mean)})`;
  const mark = meter.querySelector("b");
  if (mark) mark.style.transform = `translateX(${100 * (share(peak) - 1)}%)`;
  meter.classList.toggle("hot", peak >= 0);
  meter.classList.toggle("warm", peak >= -6 && peak < 0);
  if (!aloud) return;
  meter.setAttribute("aria-valuenow", Math.min(0, Math.max(FLOOR_DB, Math.round(peak))));
  meter.setAttribute("aria-valuetext", peakWords(peak));
}

export function showMeters(meters) {
  const now = performance.now(), aloud = now - spoken > 500;
  if (aloud) spoken = now;
  for (const part of document.querySelectorAll(".strip")) {
    const {peak, rms, gain} = meters.stems[part.dataset.stem] ?? {peak: -100, rms: -100, gain: 0};
    const heard = gain > -100, level = heard ? gain : 0;
    part.classList.toggle("silent", !heard);
    showMeter(part.querySelector(".meter"), rms + level, peak + level, aloud);
    if (aloud) part.querySelector(".peak").textContent = peakWords(peak);
  }
  showMeter($("input-meter"), meters.input, meters.input, aloud);
  showMeter($("output-meter"), meters.output, meters.output, aloud);
  if (aloud) {
    $("input-peak").textContent = peakWords(meters.input);
    $("output-peak").textContent = peakWords(meters.output);
  }
}

const PALETTE = Array.from({length: 101}, (_, step) => { // black, violet, orange, white
  const at = Math.max(0, step - 10) / 90;
  const mix = (points) => {
    const place = at * (points.length - 1), low = Math.floor(place), rest = place - low;
    return Math.round(points[low] + (points[Math.min(low + 1, points.length - 1)] - points[low]) * rest);
  };
  return [mix([0, 60, 170, 250, 255]), mix([0, 15, 50, 150, 250]), mix([10, 110, 110, 40, 220])];
});

export function showSpectra({mixture, heard}) {
  drawColumn($("mixture"), mixture);
  drawColumn($("heard"), heard);
}

function drawColumn(canvas, levels) {
  const context = canvas.getContext("2d", {willReadFrequently: true}), {width, height} = canvas;
  context.drawImage(canvas, COLUMN, 0, width - COLUMN, height, 0, 0, width - COLUMN, height);
  const column = context.createImageData(COLUMN, height);
  for (let line = 0; line < height; line++) {
    const band = levels[Math.floor((1 - (line + 0.5) / height) * levels.length)];
    const [red, green, blue] = PALETTE[Math.min(100, Math.max(0, band + 100))];
    for (let cell = 0; cell < COLUMN; cell++) column.data.set([red, green, blue, 255], 4 * (line * COLUMN + cell));
  }
  context.putImageData(column, width - COLUMN, 0);
}

const HISTORY = 240;
const entries = [];

/** Forget what was drawn: after a new connection the history comes from its beginning. */
export const clearHistory = () => entries.splice(0);

export function showHistory({load, missed, latency}) {
  load.forEach((share, index) => entries.push({share, missed: missed[index], latency: latency[index]}));
  entries.splice(0, Math.max(0, entries.length - HISTORY));
  const canvas = $("history"), context = canvas.getContext("2d"), {width, height} = canvas, step = width / HISTORY;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
  context.clearRect(0, 0, width, height);
  entries.forEach(({share, missed, latency}, index) => {
    const x = width - (entries.length - index) * step, top = Math.min(1, share) * height;
    context.fillStyle = colour(missed > 0 ? "--hot" : "--good");
    context.fillRect(x, height - Math.max(1, top), step, Math.max(1, top));
    if (missed > 0) context.fillRect(x, 0, step, 8);
    if (index > 0 && latency !== entries[index - 1].latency) {
      context.fillStyle = colour("--warm");
      context.fillRect(x, 0, 1, height);
    }
  });
  const worst = Math.max(0, ...entries.map((entry) => entry.share));
  const lost = entries.reduce((sum, entry) => sum + entry.missed, 0);
  $("load-words").textContent = `load of the last two minutes: at most ${Math.round(100 * worst)} %, ` +
    `${lost} late or missed (red)`;
}
