/** What both pages need beside the editor: which document, its status, and who is here. */

const WORDS = {
  connecting: "Connecting…",
  connected: "Connected",
  saving: "Saving…",
  saved: "Saved",
  offline: "Offline",
};
const COLOURS = ["#c2410c", "#0f766e", "#7c3aed", "#be185d", "#1d70b8", "#4d7c0f", "#b45309"];

/** What the address names: a server, a document, a ticket for it, and how others see us. */
export function openPage() {
  const query = new URLSearchParams(location.search);
  if (!query.has("document")) {
    location.replace("../");
  }
  const server = new URL(query.get("server") ?? "http://127.0.0.1:8000").origin;
  const id = query.get("document");
  const name = query.get("name") ?? "Guest";
  document.querySelector("#own-page").href = `${server}/documents/${id}/`;
  showStatus("connecting");
  // The server signs cursors with the name of the account, whatever is claimed here.
  const user = { name, color: colourOf(name), colorLight: `${colourOf(name)}33` };
  return { server, document: id, ticket: query.get("ticket"), user };
}

/** One of connecting, connected, saving, saved, offline; or refused, with the reason. */
export function showStatus(state, text = WORDS[state]) {
  const status = document.querySelector("#status");
  status.dataset.state = state;
  status.textContent = text;
}

/** Everybody whose cursor we could see, oneself first. */
export function showPeople(awareness) {
  function draw() {
    const own = awareness.getLocalState();
    const users = [own, ...awareness.getStates().values()].map((state) => state?.user);
    const people = new Map(users.filter(Boolean).map((user) => [user.name, user]));
    document.querySelector("#people").replaceChildren(...Array.from(people.values(), chip));
  }
  awareness.on("change", draw);
  draw();
}

function chip({ name, color }) {
  const item = document.createElement("li");
  item.style.setProperty("--person", color ?? "");
  item.textContent = name;
  return item;
}

function colourOf(name) {
  const sum = Array.from(name).reduce((hash, letter) => hash * 31 + letter.codePointAt(0), 7);
  return COLOURS[sum % COLOURS.length];
}
