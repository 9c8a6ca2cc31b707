// Meters and spectra, asked for when the last ones are drawn: a slow page sees fewer of them, and none that is old.
// What a browser gets unasked waits for its page without end.

import {ask} from "./connection.js";
import {showMeters, showSpectra} from "./pictures.js";

const PERIOD_MS = 25; // and then the next frame: some thirty a second

let watch = 0; // number of the watch that holds

/** Draw what is heard, as long as the connection lasts and the page is seen. */
export function watchSound() {
  watch += 1;
  next(watch);
}

function next(mine) {
  if (mine === watch && !document.hidden) requestAnimationFrame(() => draw(mine));
}

async function draw(mine) {
  const begin = performance.now();
  try {
    const [meters, spectra] = await Promise.all([ask("GetMeters"), ask("GetSpectra")]);
    showMeters(meters);
    showSpectra(spectra);
  } catch {
    return; // the connection has ended; the next one begins a watch
  }
  setTimeout(next, begin + PERIOD_MS - performance.now(), mine);
}

document.addEventListener("visibilitychange", watchSound);
