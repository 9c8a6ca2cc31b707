// Faders, switches and buttons, made from the table of controls of the program.

import {ask} from "./connection.js";
import {isLearning} from "./learning.js";
import {tell} from "./notices.js";

const HELD_MS = 300; // for which a fader that was moved does not follow the program
const $ = (id) => document.getElementById(id);
const shown = new Map(); // by control: a function that shows its value
export let stems = [];
let table = [];

/** Build strips for the stems, and what there is once, into the page. */
export function build(rows, names) {
  table = rows;
  stems = names;
  shown.clear();
  $("strips").replaceChildren(...stems.map(strip));
  $("faders").replaceChildren(...rows.filter((row) => row.kind === "fader" && !row.per_stem).map((row) => fader(row)));
  $("switches").replaceChildren(
    ...rows.filter((row) => row.kind === "switch" && !row.per_stem).map((row) => toggle(row)),
    ...rows.filter((row) => row.kind === "button").map(button));
}

/** Show values of controls by their names. */
export function showControls(controls) {
  for (const [control, value] of Object.entries(controls)) shown.get(control)?.(value);
}

function strip(stem, index) {
  const part = $("strip").content.cloneNode(true).firstElementChild;
  part.dataset.stem = stem;
  part.querySelector("legend").textContent = `${index + 1} ${stem}`;
  part.querySelector(".meter").setAttribute("aria-label", `meter of ${stem}`);
  const own = table.filter((row) => row.per_stem);
  part.querySelector(".faders").append(...own.filter((row) => row.kind === "fader").map((row) => fader(row, stem)));
  part.querySelector(".buttons").append(...own.filter((row) => row.kind === "switch").map((row) => toggle(row, stem)));
  return part;
}

const words = (row) => row.name.replace("_", " ");
const target = (row, stem) => (stem === undefined ? row.name : `${row.name} ${stem}`);

function fader(row, stem) {
  const control = target(row, stem), input = document.createElement("input"), value = document.createElement("span");
  const name = document.createElement("span"), label = document.createElement("label");
  const decibels = row.unit === "dB", lowest = decibels ? row.floor - 1 : row.lowest; // below the floor is off
  Object.assign(input, {type: "range", min: lowest, max: row.highest, step: decibels ? 0.5 : 0.01, title: row.help});
  input.setAttribute("aria-label", stem === undefined ? words(row) : `${words(row)} of ${stem}`);
  input.dataset.control = control;
  name.textContent = words(row);
  label.className = "fader";
  value.className = "value"; // no output element: a screen reader would say every change of it
  label.append(name, value, input);
  const say = (number) => {
    value.textContent = !decibels ? number.toFixed(2) : number <= lowest ? "off" : `${number.toFixed(1)} dB`;
    input.setAttribute("aria-valuetext", value.textContent);
  };
  let held = null; // a timer while it is in the user's hand
  const show = (number) => {
    input.value = number;
    say(number);
  };
  const release = () => { // what was moved and moved back at once is no change, and nobody tells it: so it is asked
    held = null;
    ask("GetControl", control).then((found) => shown.get(control)?.(found)).catch(() => {});
  };
  input.addEventListener("input", () => {
    if (isLearning()) return;
    const number = Number(input.value);
    clearTimeout(held);
    held = setTimeout(release, HELD_MS);
    say(number);
    tell("SetControl", {[control]: decibels && number <= lowest ? "off" : number});
  });
  const putBack = () => tell("SetControl", {[control]: decibels ? 0 : 1});
  input.addEventListener("dblclick", putBack);
  input.addEventListener("keydown", (event) => event.key === "Delete" && putBack());
  shown.set(control, (found) => {
    const number = found === "off" ? lowest : found;
    if (held === null) show(number);
  });
  return label;
}

function toggle(row, stem) {
  const control = target(row, stem), part = document.createElement("button");
  Object.assign(part, {textContent: row.name === "bypass" ? "bypass (A/B)" : words(row), title: row.help, type: "button"});
  part.setAttribute("aria-pressed", "false");
  if (stem !== undefined) part.setAttribute("aria-label", `${words(row)} ${stem}`);
  part.dataset.control = control;
  part.dataset.name = row.name;
  part.addEventListener("click", () => tell("ToggleControl", control));
  shown.set(control, (found) => part.setAttribute("aria-pressed", String(found)));
  return part;
}

function button(row) {
  const part = document.createElement("button");
  Object.assign(part, {textContent: words(row), title: row.help, type: "button"});
  part.dataset.control = row.name;
  part.addEventListener("click", () => tell("SetControl", {[row.name]: true}));
  return part;
}
