// The panel of a live run: draws what the API sends, and sends what is moved.

import {ask, connect} from "./connection.js";
import {build, showControls, stems} from "./controls.js";
import "./learning.js";
import {addNotice, say, tell} from "./notices.js";
import {clearHistory, showHistory} from "./pictures.js";
import {watchSound} from "./watching.js";

const RATES = {controls: 15, state: 4, history: 2, events: 1};
const FEEDS = {Controls: follow, State: showState, History: showHistory, Event: showEvent};
const $ = (id) => document.getElementById(id);

let table = [];
let state = {};
const requested = new Map(); // what buttons were pressed for, until the program has done it
let called = ""; // the preset that was called last
let loopFrom = null; // second where a loop is to begin

async function begin() {
  try {
    table = await ask("GetControlTable");
    await rebuild(await ask("GetState"));
    $("notices").replaceChildren();
    for (const {time_s, text} of await ask("GetNotices")) addNotice(time_s, text);
    await Promise.all([listPresets(), listModels()]);
    clearHistory(); // all of it comes again
    await ask("Subscribe", RATES);
    watchSound();
  } catch (error) {
    showPhase(error.message, true);
  }
}

async function rebuild(found) {
  build(table, found.stems);
  showState(found);
  if (found.stems.length > 0) follow(await ask("GetControls"));
}

function follow(controls) {
  showControls(controls);
  called = controls.preset ?? "";
  $("preset").value = called;
  if ($("preset").value !== called) listPresets(); // others have saved it
}

function showPhase(text, trouble) {
  $("phase").textContent = text;
  $("phase").classList.toggle("trouble", trouble);
  document.title = `rtsep: ${text}`;
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function showState(found) {
  state = found;
  if (found.stems.join() !== stems.join()) return void rebuild(found).catch((error) => say(error.message));
  showPhase(found.phase, found.phase.startsWith("waiting"));
  $("way").textContent = found.input === null ? "" : `${found.input} → ${found.output}`;
  $("heard-words").textContent = found.heard;
  press("record", isRecording());
  $("take").textContent = found.recording === null ? "" : `recording to ${found.recording}, ${clock(found.recorded_s)}`;
  $("moved").textContent = found.moved === "" ? "" : `MIDI: ${found.moved}`;
  $("model").value = found.model;
  const file = found.position_s !== null;
  for (const id of ["pause", "loop", "place"]) $(id).hidden = !file;
  if (file) showPlace(found);
  showNumbers(found);
}

function showPlace({position_s, length_s, paused, loop_s}) {
  press("pause", paused);
  press("loop", loop_s !== null);
  $("loop").textContent = loop_s !== null ? `Loop ${clock(loop_s[0])} to ${clock(loop_s[1])}`
    : loopFrom !== null ? `Loop from ${clock(loopFrom)} to here` : "Loop from here";
  $("seek").max = length_s ?? Math.max(position_s, 60);
  if (document.activeElement !== $("seek")) $("seek").value = position_s;
  $("seek").setAttribute("aria-valuetext", clock(Number($("seek").value)));
  $("clock").textContent = `${clock(position_s)}${length_s === null ? "" : ` / ${clock(length_s)}`}`;
}

function showNumbers(found) {
  const latency = found.latency_ms === null ? "unknown" : `${found.latency_ms.toFixed(1)} ms`;
  const rows = [["played", clock(found.seconds)], ["latency", latency], ["load", `${Math.round(100 * found.load)} %`],
    ["missed hops", found.missed_hops], ["late blocks", found.late_blocks],
    ["xruns", `${found.input_xruns} in, ${found.output_xruns} out`], ["model", found.model], ["runs on", found.executor]];
  $("numbers").replaceChildren(...rows.map(([name, value]) => {
    const row = document.createElement("div"), term = document.createElement("dt"), text = document.createElement("dd");
    [term.textContent, text.textContent] = [name, value];
    text.classList.toggle("trouble", name === "missed hops" && value > 0);
    row.append(term, text);
    return row;
  }));
}

function showEvent(event) {
  if (event.event === "notice") addNotice(Date.parse(event.time) / 1000, event.text);
  if (event.event === "playing") listPresets();
}

function list(id, names, first) {
  $(id).replaceChildren(...[...first, ...names].map((name) => new Option(name === "" ? "none" : name, name)));
}

async function listPresets() { // a file that cannot be used is told, and keeps nobody from playing
  list("preset", await tell("GetPresets") ?? [], [""]);
  $("preset").value = called;
}
const listModels = async () => list("model", [...new Set([...await ask("GetModels"), state.model])], []);

const press = (id, on) => $(id).setAttribute("aria-pressed", String(requested.get(id)?.on ?? on));
const isRecording = () => state.recording !== null;

/** Let a button turn something on and off: by what was requested last, as the state of the program is told later. */
function latch(id, isOn, start, end) {
  $(id).addEventListener("click", async () => {
    const request = {on: !(requested.get(id)?.on ?? isOn())};
    requested.set(id, request);
    press(id, request.on);
    await tell(request.on ? start : end);
    const found = await tell("GetState");
    if (requested.get(id) === request) requested.delete(id); // the latest one
    if (found !== undefined) showState(found);
  });
}
latch("record", isRecording, "StartRecording", "StopRecording");
latch("pause", () => state.paused, "Pause", "Resume");
$("seek").addEventListener("change", () => tell("Seek", Number($("seek").value)));
$("preset").addEventListener("change", () => $("preset").value && tell("CallPreset", $("preset").value));
$("model").addEventListener("change", () => tell("SetModel", $("model").value));
$("loop").addEventListener("click", () => {
  if (state.loop_s !== null) return tell("SetLoop", null);
  if (loopFrom === null || loopFrom >= state.position_s) loopFrom = state.position_s;
  else [loopFrom] = [null, tell("SetLoop", [loopFrom, state.position_s])];
});
$("presets").addEventListener("submit", async (event) => {
  event.preventDefault();
  const file = await tell("SavePreset", $("preset-name").value);
  if (file === undefined) return;
  say(`preset ${$("preset-name").value} is in ${file}`);
  $("preset-name").value = "";
  await listPresets();
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input:not([type=range]), select")) return;
  const digit = /^Digit([1-9])$/.exec(event.code);
  const stem = digit ? stems[digit[1] - 1] : undefined;
  if (stem !== undefined) tell("ToggleControl", `${event.shiftKey ? "solo" : "mute"} ${stem}`);
  else if (event.key === "b") tell("ToggleControl", "bypass");
  else if (event.key === "r") $("record").click();
  else if (event.key === " " && !event.target.closest("button") && !$("pause").hidden) $("pause").click();
  else return;
  event.preventDefault();
});

if (location.search !== "") history.replaceState(null, "", location.pathname); // the token is in a cookie by now
connect(FEEDS, begin, () => showPhase("no connection to the program", true));
