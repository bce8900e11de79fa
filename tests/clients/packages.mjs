// What package.json names, for scripts that lie elsewhere; all of them share one yjs.
import * as hocuspocus2 from "hocuspocus2";
import * as hocuspocus3 from "hocuspocus3";
import * as hocuspocus4 from "hocuspocus4";
import { readFileSync } from "node:fs";
import * as yWebsocket2 from "y-websocket2";
import * as yWebsocket3 from "y-websocket3";

export * as decoding from "lib0/decoding";
export * as encoding from "lib0/encoding";
export { WebSocket } from "ws";
export * as awarenessProtocol from "y-protocols/awareness";
export * as Y from "yjs";

export const PROVIDERS = {
  "y-websocket2": yWebsocket2,
  "y-websocket3": yWebsocket3,
  hocuspocus2,
  hocuspocus3,
  hocuspocus4,
};

/** The version of an installed package, by its name in package.json. */
export function versionOf(name) {
  const url = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(url)).version;
}
