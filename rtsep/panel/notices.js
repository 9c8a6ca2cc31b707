// Sentences for the user, with the time at which they came.

import {ask} from "./connection.js";

const MOST = 100;
/** Functions that get every sentence. */
export const listeners = [];
const list = document.getElementById("notices");

/** Show a sentence that came at a time, in seconds since the epoch. */
export function addNotice(seconds, text) {
  const line = document.createElement("li"), time = document.createElement("time");
  time.textContent = new Date(1000 * seconds).toLocaleTimeString();
  line.append(time, text);
  list.append(line);
  while (list.children.length > MOST) list.firstChild.remove();
  list.scrollTop = list.scrollHeight;
  listeners.forEach((hear) => hear(text));
}

/** Show a sentence that comes now. */
export const say = (text) => addNotice(Date.now() / 1000, text);

/** Send a command; what goes wrong is shown. */
export const tell = (command, argument) => ask(command, argument).catch((error) => say(error.message));
