// Meters and spectra, asked for when the last ones are drawn: a slow page sees fewer of them, and none that is old.
// What a browser gets unasked waits for its page without end.

import {ask} from "./connection.js";
import {showMeters, showSpectra} from "./pictures.js";

const PERIOD_MS = 25; // and then the next frame: some thirty a second
const AGAIN_MS = 1000; // after there was no answer

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
  const answers = await Promise.all([ask("GetMeters"), ask("GetSpectra")]).catch(() => null);
  if (answers === null) return void setTimeout(next, AGAIN_MS, mine); // by then the next connection may have its own
  showMeters(answers[0]);
  showSpectra(answers[1]);
  setTimeout(next, begin + PERIOD_MS - performance.now(), mine);
}

document.addEventListener("visibilitychange", watchSound);
