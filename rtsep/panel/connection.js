// The websocket to the program: commands out, answers and feeds in. It comes back by itself.

const RETRY_MS = 1000;

let socket = null;
const waiting = []; // answers come in the order of the commands

/** Connect, and again whenever the connection has ended; `feeds` are functions by the names of messages. */
export function connect(feeds, opened, closed) {
  socket = new WebSocket(`ws://${location.host}/socket`);
  socket.onopen = opened;
  socket.onmessage = (message) => receive(feeds, JSON.parse(message.data));
  socket.onclose = () => {
    waiting.splice(0).forEach(({reject}) => reject(new Error("the connection has ended")));
    closed();
    setTimeout(() => connect(feeds, opened, closed), RETRY_MS);
  };
}

/** Send a command; the promise gets its value, or an error with the sentence of the program. */
export function ask(command, argument) {
  return new Promise((resolve, reject) => {
    if (socket === null || socket.readyState !== WebSocket.OPEN) return reject(new Error("there is no connection"));
    waiting.push({resolve, reject});
    socket.send(JSON.stringify(argument === undefined ? command : {[command]: argument}));
  });
}

function receive(feeds, message) {
  const [name, content] = Object.entries(message)[0];
  if (name in feeds) return feeds[name](content);
  const {resolve, reject} = waiting.shift();
  if (content.result === "Ok") resolve(content.value);
  else reject(new Error(Object.values(content.result)[0]));
}
