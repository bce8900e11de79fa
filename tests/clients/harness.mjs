// Runs stock providers, as many as one likes, and does what it is told: a JSON object per line.
//
//     -> {"id": 1, "do": "connect", "client": 7, "kind": "y-websocket3", "url": ..., ...}
//     <- {"id": 1, "result": {...}}   or   {"id": 1, "error": "..."}   or   {"fault": "..."}
//
// A fault is something thrown where nobody could catch it, inside a provider say.
import { createInterface } from "node:readline";
import { connect, Line } from "./providers.mjs";

const clients = new Map();
const lines = new Map();

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const fault = (error) => say({ fault: String(error?.stack ?? error) });
process.on("uncaughtException", fault);
process.on("unhandledRejection", fault);
// What a provider logs would be taken for an answer.
console.log = console.info = console.warn = console.error;

const commands = {
  /** Clients that name the same line share one connection; Hocuspocus alone can do that. */
  connect(_, { client, line = client, ...options }) {
    lines.has(line) || lines.set(line, new Line());
    clients.set(client, connect({ ...options, line: lines.get(line) }));
    return { id: clients.get(client).doc.clientID };
  },
  look: (client) => client.look(),
  changed: (client, { after }) => client.changed(after),
  insert: (client, { at, text }) => client.insert(at, text),
  delete: (client, { at, count }) => client.delete(at, count),
  share: (client, { state }) => client.share(state),
  forge: (client, { as, state }) => client.forge(as, state),
  stateless: (client, { payload }) => client.sendStateless(payload),
  drop: (client) => client.line.drop(),
  cut: (client) => client.line.cut(),
  mend: (client) => client.line.mend(),
  disconnect: (client) => client.disconnect(),
  reconnect: (client) => client.reconnect(),
  close(client, { client: number }) {
    client?.close();
    clients.delete(number);
  },
};

async function obey({ id, do: name, ...rest }) {
  try {
    const client = clients.get(rest.client);
    if (!client && name !== "connect" && name !== "close") {
      throw new Error(`There is no client ${rest.client}.`);
    }
    say({ id, result: (await commands[name](client, rest)) ?? null });
  } catch (error) {
    say({ id, error: String(error.stack) });
  }
}

createInterface({ input: process.stdin })
  .on("line", (line) => obey(JSON.parse(line)))
  .on("close", () => process.exit());
