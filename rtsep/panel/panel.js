// The panel of a live run: draws what the API sends, and sends what is moved.

import {ask, connect} from "./connection.js";
import {build, showControls, stems} from "./controls.js";
import "./learning.js";
import {addNotice, say, tell} from "./notices.js";
import {showHistory, showMeters, showSpectra} from "./pictures.js";

const RATES = {meters: 30, spectra: 30, controls: 15, state: 4, history: 2, events: 1};
const FEEDS = {Meters: showMeters, Spectra: showSpectra, Controls: follow, State: showState, History: showHistory,
  Event: showEvent};
const $ = (id) => document.getElementById(id);

let table = [];
let state = {};
let loopFrom = null; // second where a loop is to begin

async function begin() {
  try {
    table = await ask("GetControlTable");
    await rebuild(await ask("GetState"));
    $("notices").replaceChildren();
    for (const {time_s, text} of await ask("GetNotices")) addNotice(time_s, text);
    await Promise.all([listPresets(), listModels()]);
    await ask("Subscribe", RATES);
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
  $("preset").value = controls.preset ?? "";
}

function showPhase(text, trouble) {
  $("phase").textContent = text;
  $("phase").classList.toggle("trouble", trouble);
  document.title = `rtsep: ${text}`;
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function showState(found) {
  state = found;
  if (found.stems.join() !== stems.join()) return void rebuild(found);
  showPhase(found.phase, found.phase.startsWith("waiting"));
  $("way").textContent = found.input === null ? "" : `${found.input} → ${found.output}`;
  $("heard-words").textContent = found.heard;
  $("record").setAttribute("aria-pressed", String(found.recording !== null));
  $("take").textContent = found.recording === null ? "" : `recording to ${found.recording}, ${clock(found.recorded_s)}`;
  $("moved").textContent = found.moved === "" ? "" : `MIDI: ${found.moved}`;
  $("model").value = found.model;
  const file = found.position_s !== null;
  for (const id of ["pause", "loop", "place"]) $(id).hidden = !file;
  if (file) showPlace(found);
  showNumbers(found);
}

function showPlace({position_s, length_s, paused, loop_s}) {
  $("pause").setAttribute("aria-pressed", String(paused));
  $("loop").setAttribute("aria-pressed", String(loop_s !== null));
  $("loop").textContent = loop_s !== null ? `Loop ${clock(loop_s[0])} to ${clock(loop_s[1])}`
    : loopFrom !== null ? `Loop from ${clock(loopFrom)} to here` : "Loop from here";
  $("seek").max = length_s ?? Math.max(position_s, 60);
  if (document.activeElement !== $("seek")) $("seek").value = position_s;
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

async function list(id, names, first) {
  $(id).replaceChildren(...[...first, ...names].map((name) => new Option(name === "" ? "none" : name, name)));
}

const listPresets = async () => list("preset", await ask("GetPresets"), [""]);
const listModels = async () => list("model", [...new Set([...await ask("GetModels"), state.model])], []);

$("record").addEventListener("click", () => tell(state.recording === null ? "StartRecording" : "StopRecording"));
$("pause").addEventListener("click", () => tell(state.paused ? "Resume" : "Pause"));
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
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, select, textarea")) return;
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
