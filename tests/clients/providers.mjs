// The published providers behind one face. They are used as their manuals say and never patched.
import { PROVIDERS, WebSocket, Y, awarenessProtocol, encoding } from "./packages.mjs";

// Nobody listens on this port, and connecting to it fails at once.
const NOWHERE = "ws://127.0.0.1:1";

/** The way of one or several providers to the server: it can be cut, and it counts. */
export class Line {
  attempts = [];
  connects = 0;
  closes = [];
  isCut = false;
  socket = null;
  clients = new Set();

  /** A WebSocket as the providers want it, on this line. */
  get Socket() {
    const line = this;
    return class extends WebSocket {
      constructor(url, protocols) {
        super(line.isCut ? NOWHERE : url, protocols);
        line.socket = this;
        line.attempts.push(performance.now() / 1000);
        this.on("open", () => {
          line.connects += 1;
          line.notify();
        });
        this.on("close", (code) => {
          line.closes.push(code);
          line.notify();
        });
        // The providers stop listening before they close, and Node dies of an unheard error.
        this.on("error", () => line.notify());
      }
    };
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  notify() {
    this.clients.forEach((client) => client.notify());
  }

  /** Lose the connection: no close frame, nothing flushed. */
  drop() {
    this.socket?.terminate();
  }

  cut() {
    this.isCut = true;
    this.drop();
  }

  mend() {
    this.isCut = false;
  }
}

/** One document and one provider of it. */
class Client {
  #version = 0;
  #waiting = [];
  events = [];

  constructor({ line, clientId }) {
    this.line = line;
    this.doc = new Y.Doc();
    if (clientId !== undefined) {
      this.doc.clientID = clientId;
    }
    this.text = this.doc.getText("content");
    line.clients.add(this);
  }

  /** Call when the provider is there. */
  watch() {
    this.doc.on("update", () => this.notify());
    this.awareness?.on("update", () => this.notify());
  }

  notify() {
    this.#version += 1;
    // What happens in one turn is one piece of news.
    setImmediate(() => {
      const waiting = this.#waiting;
      this.#waiting = [];
      waiting.forEach((resolve) => resolve());
    });
  }

  record(name, details = {}) {
    this.events.push({ name, ...details });
    this.notify();
  }

  async changed(after) {
    if (this.#version <= after) {
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
    return this.look();
  }

  look() {
    const { line } = this;
    return {
      version: this.#version,
      text: this.text.toString(),
      states: Object.fromEntries(this.awareness?.getStates() ?? []),
      synced: this.provider.synced,
      unsaved: this.provider.hasUnsyncedChanges ?? null,
      scope: this.provider.authorizedScope ?? null,
      events: this.events,
      attempts: line.attempts,
      connects: line.connects,
      closes: line.closes,
      open: line.isOpen,
    };
  }

  get awareness() {
    return this.provider.awareness;
  }

  /** Positions and counts are code points. */
  insert(at, text) {
    this.text.insert(this.#offset(at), text);
  }

  delete(at, count) {
    const start = this.#offset(at);
    this.text.delete(start, this.#offset(at + count) - start);
  }

  #offset(position) {
    return [...this.text.toString()].slice(0, position).join("").length;
  }

  share(state) {
    this.awareness.setLocalState(state);
  }

  /** Claim a state for a client id, whoever's it is, and let the provider send it. */
  forge(client, state) {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, (this.awareness.meta.get(client)?.clock ?? 0) + 1);
    encoding.writeVarString(encoder, JSON.stringify(state));
    awarenessProtocol.applyAwarenessUpdate(this.awareness, encoding.toUint8Array(encoder), "forged");
  }

  close() {
    this.provider.destroy();
    this.doc.destroy();
    this.line.clients.delete(this);
    this.notify();
  }
}

class YWebsocketClient extends Client {
  constructor(options) {
    super(options);
    const { kind, url, document, line, params = {}, protocols = [], connect = true } = options;
    this.provider = new PROVIDERS[kind].WebsocketProvider(url, document, this.doc, {
      WebSocketPolyfill: line.Socket,
      // Everybody is in one process here, and must not find another way to the others.
      disableBc: true,
      params,
      protocols,
      connect,
    });
    this.provider.on("status", ({ status }) => this.record("status", { status }));
    this.provider.on("sync", (state) => this.record("sync", { state }));
    this.provider.on("closed", ({ code, reason }) => this.record("closed", { code, reason }));
    this.watch();
  }

  disconnect() {
    this.provider.disconnect();
  }

  reconnect() {
    this.provider.connect();
  }
}

class HocuspocusClient extends Client {
  constructor(options) {
    super(options);
    const { kind, url, document, line, tokens, awareness, connect = true } = options;
    const { HocuspocusProvider, HocuspocusProviderWebsocket } = PROVIDERS[kind];
    line.websocketProvider ??= new HocuspocusProviderWebsocket({
      url,
      WebSocketPolyfill: line.Socket,
      // The former in 2.x, the latter since.
      connect,
      autoConnect: connect,
    });
    const waiting = tokens?.slice();
    this.provider = new HocuspocusProvider({
      websocketProvider: line.websocketProvider,
      name: document,
      document: this.doc,
      awareness,
      sessionAwareness: options.sessionAwareness,
      broadcast: false,
      token: waiting && (() => {
        const token = waiting.length > 1 ? waiting.shift() : waiting[0];
        this.record("token");
        return token;
      }),
    });
    const { provider } = this;
    provider.on("authenticated", () =>
      this.record("authenticated", { scope: provider.authorizedScope }),
    );
    provider.on("authenticationFailed", ({ reason }) =>
      this.record("authenticationFailed", { reason }),
    );
    provider.on("stateless", ({ payload }) => this.record("stateless", { payload }));
    provider.on("synced", () => this.record("sync", { state: provider.synced }));
    provider.on("unsyncedChanges", () => this.notify());
    provider.on("status", ({ status }) => this.record("status", { status }));
    provider.on("close", ({ event }) =>
      this.record("close", { code: event.code, reason: String(event.reason) }),
    );
    this.watch();
    // 2.x has no such method: it attaches itself.
    provider.attach?.();
  }

  sendStateless(payload) {
    this.provider.sendStateless(payload);
  }

  disconnect() {
    this.line.websocketProvider.disconnect();
  }

  reconnect() {
    this.line.websocketProvider.connect();
  }

  close() {
    super.close();
    if (this.line.clients.size === 0) {
      this.line.websocketProvider.destroy();
    }
  }
}

export function connect(options) {
  return options.kind.startsWith("hocuspocus")
    ? new HocuspocusClient(options)
    : new YWebsocketClient(options);
}
