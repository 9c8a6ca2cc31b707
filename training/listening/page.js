"use strict";

// The test in the order of a session: welcome, ratings (MOS), pairs (CMOS), end. A session is a seed, from which
// the order of all trials follows, and the answers so far; it is kept in the browser until it is saved.

const FORMAT = 1;
const ACR = [[5, "Excellent"], [4, "Good"], [3, "Fair"], [2, "Poor"], [1, "Bad"]];
const CCR = {
  seven: [[3, "Much better"], [2, "Better"], [1, "Slightly better"], [0, "About the same"],
          [-1, "Slightly worse"], [-2, "Worse"], [-3, "Much worse"]],
  three: [[1, "Better"], [0, "Equal"], [-1, "Worse"]],
};

const element = (id) => document.getElementById(id);
const test = JSON.parse(element("test").textContent);
const storageKey = "listening-test-" + test.id;
let session = null;
let trial = null;

// Random numbers in 0..1 that a seed decides (mulberry32).
function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled(values, random) {
  const result = [...values];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other], result[last]];
  }
  return result;
}

function trialsOf(seed) {
  const random = generator(seed);
  const ratings = shuffled(test.ratings, random).map(({ clip, target }) => ({ clips: [clip], target }));
  const pairs = shuffled(test.pairs, random).map(({ clips, target }) => ({ clips: shuffled(clips, random), target }));
  return [...ratings, ...pairs];
}

// One button that plays one clip from its beginning, or stops it; `onheard` is called when it reached its end.
class Player {
  constructor(clip, label, key, onheard) {
    this.heard = false;
    this.audio = new Audio(test.clips[clip]);
    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.append(`Play ${label} `, keyHint(key.toUpperCase()));
    this.button.addEventListener("click", () => this.toggle());
    this.audio.addEventListener("timeupdate", () => this.show());
    this.audio.addEventListener("ended", () => {
      this.heard = true;
      this.button.classList.add("heard");
      this.show();
      onheard();
    });
    this.audio.addEventListener("error", () => say("This sound cannot be played: try another browser."));
  }

  toggle() {
    if (!this.audio.paused) return this.stop();
    trial?.players.forEach((player) => player.stop());
    this.audio.play().catch(() => say("The browser did not play the sound: try again."));
  }

  stop() {
    this.audio.pause();
    this.audio.currentTime = 0;
  }

  show() {
    this.button.style.setProperty("--played", this.audio.currentTime / (this.audio.duration || 1));
  }
}

function keyHint(key) {
  const hint = document.createElement("kbd");
  hint.textContent = key;
  return hint;
}

function say(text) {
  element("status").textContent = text;
}

function show(section) {
  for (const id of ["welcome", "trial", "end"]) element(id).hidden = id !== section;
}

function keep() {
  try {
    localStorage.setItem(storageKey, JSON.stringify(session));
  } catch {
    // some browsers keep nothing for pages opened from a file: the session then lives as long as the page
  }
}

function kept() {
  try {
    return JSON.parse(localStorage.getItem(storageKey));
  } catch {
    return null;
  }
}

function begin(listener) {
  const requested = new URLSearchParams(location.search).get("seed");
  const seed = requested === null ? crypto.getRandomValues(new Uint32Array(1))[0] : Number(requested) >>> 0;
  session = { format: FORMAT, test: test.id, listener, seed, started: new Date().toISOString(), finished: null,
              scores: [] };
  proceed();
}

// Show the first trial that has no answer, or the end.
function proceed() {
  keep();
  const trials = trialsOf(session.seed);
  const number = session.scores.length;
  trial?.players.forEach((player) => player.stop());
  if (number === trials.length) return finish();
  show("trial");
  showTrial(trials[number], number, trials.length);
}

function showTrial({ clips, target }, number, total) {
  const pair = clips.length === 2;
  trial = { clips, scale: pair ? CCR[test.scale] : ACR, players: [] };
  trial.players = clips.map((clip, index) => new Player(clip, pair ? "AB"[index] : "the sound", pair ? "ab"[index] : "p",
                                                         update));
  element("progress-text").textContent = `${number + 1} of ${total}`;
  element("progress").max = total;
  element("progress").value = number;
  element("question").textContent = pair ? `Compare two sounds of the ${target}` : `Rate this sound of the ${target}`;
  element("task").textContent = pair
    ? `Both come from the same music. Listen to A, then to B. Only the ${target} should be heard.`
    : `It was taken out of music by some method. Only the ${target} should be heard, and it should sound natural.`;
  element("legend").textContent = pair ? "B, compared with A, is" : "The quality is";
  element("players").replaceChildren(...trial.players.map((player) => player.button));
  element("choices").replaceChildren(...trial.scale.map(([score, words], index) => choice(score, words, index)));
  update();
  element("question").focus();
}

// Scales run from best to worst and their keys from high to low, so that 5 is excellent.
function choice(score, words, index) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  Object.assign(input, { type: "radio", name: "score", value: score });
  input.addEventListener("change", update);
  label.append(input, `${words} `, keyHint(trial.scale.length - index));
  return label;
}

function chosen() {
  return document.querySelector("input[name=score]:checked");
}

function update() {
  const heard = trial.players.every((player) => player.heard);
  element("scale").disabled = !heard;
  element("next").disabled = !(heard && chosen());
  say(heard ? (chosen() ? "" : "Now choose an answer.") : "Listen to the end first; play as often as you like.");
}

function answer() {
  if (element("next").disabled) return;
  session.scores.push({ clips: trial.clips, score: Number(chosen().value) });
  proceed();
}

function onKey(event) {
  if (element("trial").hidden || event.ctrlKey || event.altKey || event.metaKey) return;
  const key = event.key.toLowerCase();
  const player = trial.players[trial.players.length === 2 ? "ab".indexOf(key) : "p".indexOf(key)];
  const radio = document.querySelectorAll("input[name=score]")[trial.scale.length - Number(key)];
  if (player) player.toggle();
  else if (key === "enter" && event.target.tagName !== "BUTTON") answer();
  else if (/^[1-9]$/.test(key) && radio && !element("scale").disabled) {
    radio.focus();
    radio.click();
  } else return;
  event.preventDefault();
}

function finish() {
  trial = null;
  session.finished ??= new Date().toISOString();
  keep();
  show("end");
  element("thanks").focus();
  if (location.protocol.startsWith("http")) send();
}

// A page from `listening-test serve` can hand its results over; any other server refuses, and the file remains.
async function send() {
  try {
    const reply = await fetch("results", { method: "POST", headers: { "Content-Type": "application/json" },
                                           body: JSON.stringify(session) });
    if (reply.ok) saved("Your answers have been saved. You may close this page.");
  } catch {
    // the page was served by something else: its text already asks for the file
  }
}

function download() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(session, null, 1)], { type: "application/json" }));
  link.download = `${session.listener.replace(/[^\w-]+/g, "_")}-${session.seed}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  saved(`Your answers are in the file ${link.download}: send it to whoever asked you to listen.`);
}

function saved(text) {
  element("saved").textContent = text;
  try {
    localStorage.removeItem(storageKey);
  } catch {
    // nothing was kept
  }
}

function welcome() {
  element("about-ratings").textContent = `First you rate ${test.ratings.length} single sounds from bad to excellent.`;
  element("about-pairs").textContent = `Then you compare ${test.pairs.length} pairs of sounds.`;
  element("about-pairs").hidden = !test.pairs.length;
  const music = new Audio(test.clips[test.volume]);
  element("volume").addEventListener("click", () => (music.paused ? music.play() : music.pause()));
  element("begin").addEventListener("submit", (event) => {
    event.preventDefault();
    music.pause();
    begin(element("listener").value.trim() || "listener");
  });
  const before = kept();
  element("continue-offer").hidden = !before;
  element("continue").addEventListener("click", () => {
    music.pause();
    session = before;
    proceed();
  });
  element("next").addEventListener("click", answer);
  element("save").addEventListener("click", download);
  document.addEventListener("keydown", onKey);
}

welcome();
