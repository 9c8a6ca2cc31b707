// MIDI learn: a control is chosen, and the next thing that is moved on a controller moves it from then on.

import {ask} from "./connection.js";
import {listeners, say, tell} from "./notices.js";

const $ = (id) => document.getElementById(id);

let learning = null; // control that the next movement of a controller is for; "" while one is to be chosen

function learn(control) {
  learning = control;
  $("learn").setAttribute("aria-pressed", String(control !== null));
  document.body.classList.toggle("learning", control === "");
  $("learning").textContent = control === null ? "" : control === "" ? "click a control, or press Enter on it"
    : `move what shall be ${control}`;
}

$("learn").addEventListener("click", () => {
  if (learning) tell("Learn", null);
  learn(learning === null ? "" : null);
});

/** Whether a control is to be chosen, so that it must not move. */
export const isLearning = () => learning === "";

listeners.push((text) => { // it may tell that something was learned
  if (learning && text.includes(` is ${learning}`)) learn(null);
});

function choose(event) {
  const control = event.target.closest?.("[data-control]")?.dataset.control;
  if (learning !== "" || control === undefined || (event.type === "keydown" && event.key !== "Enter")) return;
  event.preventDefault();
  event.stopPropagation();
  if (event.type === "mousedown") return; // a fader must not move; the click chooses it
  learn(control);
  ask("Learn", control).catch((error) => { learn(null); say(error.message); });
}
for (const kind of ["click", "mousedown", "keydown"]) document.addEventListener(kind, choose, true);
