// Makes yjs.json: updates as JavaScript Yjs writes them, one or more for every kind of content.
//
//     npm --prefix /tmp/yjs install yjs@13.6 && cp tests/vectors/make_yjs.mjs /tmp/yjs/ \
//       && node /tmp/yjs/make_yjs.mjs > tests/vectors/yjs.json
//
// Each case is a list of updates in causal order, as hex; `clocks` is what a document holds after
// all of them: client id -> clock.
import * as Y from "yjs";

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const cases = [];

function add(name, updates, doc) {
  const clocks = Object.fromEntries(Y.decodeStateVector(Y.encodeStateVector(doc)));
  cases.push({ name, updates: updates.map(hex), clocks });
}

/** Every change is an update of its own; `whole` is the state at the end, as one. */
function record(name, ...changes) {
  const doc = new Y.Doc();
  doc.clientID = 1;
  const updates = [];
  doc.on("update", (update) => updates.push(update));
  for (const change of changes) {
    doc.transact(() => change(doc));
  }
  add(name, updates, doc);
  add(`${name}, whole`, [Y.encodeStateAsUpdate(doc)], doc);
  return { doc, updates };
}

const values = {
  undefined: undefined,
  null: null,
  true: true,
  false: false,
  zero: 0,
  "negative zero": -0,
  "one byte": 63,
  "two bytes": 64,
  "a negative number": -5,
  "a large whole number": 2 ** 31 - 1,
  "a whole number beyond 31 bits": 2 ** 40,
  "a float of 32 bits": 0.5,
  "a float of 64 bits": 0.1,
  infinity: Infinity,
  "not a number": NaN,
  "a big integer": 12345678901234567890n - 2n ** 63n,
  "an empty string": "",
  "a string": "é😀",
  bytes: new Uint8Array([0, 128, 255]),
  "an empty list": [],
  "an empty object": {},
  "nested values": { é: [1, { "😀": [null, [[]]] }], b: new Uint8Array(0) },
};
for (const [name, value] of Object.entries(values)) {
  record(`any: ${name}`, (doc) => doc.getArray("a").insert(0, [[value]]));
  value?.constructor === BigInt || record(`any in a map: ${name}`, (doc) => doc.getMap("m").set("é", value));
}
record("any: all in one item", (doc) => doc.getArray("a").insert(0, [null, 1, [Object.values(values)], values, "é", true]));

record(
  "text",
  (doc) => doc.getText("t").insert(0, "é😀"),
  (doc) => doc.getText("t").insert(1, "b"),
  (doc) => doc.getText("t").insert(0, "a"),
);
record("half of a surrogate pair", (doc) => {
  doc.getText("t").insert(0, "😀");
  doc.getText("t").insert(1, "x");
});
record(
  "formats",
  (doc) => doc.getText("t").insert(0, "é😀", { bold: true, link: { href: "https://é.example" } }),
  (doc) => doc.getText("t").format(0, 1, { bold: null, size: 1.5 }),
);
record("embeds", (doc) => doc.getText("t").insertEmbed(0, { image: "é😀.png", size: [1, 2.5] }));
record("a type embedded in a text", (doc) => doc.getText("t").insertEmbed(0, new Y.XmlText("é")));
record("deltas", (doc) =>
  doc.getText("t").applyDelta([{ insert: "é" }, { insert: { mention: "😀" } }, { insert: "x", attributes: { i: true } }]),
);
record("binary", (doc) => doc.getArray("a").insert(0, [new Uint8Array([0, 1, 255])]));
record("subdocument", (doc) => doc.getMap("m").set("d", new Y.Doc({ guid: "é😀" })));
record("subdocument with options", (doc) =>
  doc.getMap("m").set("d", new Y.Doc({ guid: "g", autoLoad: true, gc: false, meta: { é: 1 } })),
);
record(
  "shared types in each other",
  (doc) => doc.getMap("m").set("array", new Y.Array()),
  (doc) => doc.getMap("m").get("array").push([new Y.Map([["text", new Y.Text("é😀")]])]),
  (doc) => doc.getMap("m").set("array", "replaced"),
);
record(
  "xml",
  (doc) => {
    const paragraph = new Y.XmlElement("paragraph");
    paragraph.setAttribute("é", "😀");
    doc.getXmlFragment("default").insert(0, [paragraph, new Y.XmlText("t")]);
    paragraph.insert(0, [new Y.XmlText("é😀"), new Y.XmlElement("hardBreak")]);
  },
  (doc) => doc.getXmlFragment("default").get(0).setAttribute("level", 2),
  (doc) => doc.getXmlFragment("default").get(0).insert(1, [new Y.XmlFragment()]),
);
record("xml hook", (doc) => doc.getXmlFragment("default").insert(0, [new Y.XmlHook("é😀")]));
record(
  "deleted",
  (doc) => doc.getText("t").insert(0, "abcdé😀"),
  (doc) => doc.getText("t").delete(1, 2),
  (doc) => doc.getText("t").delete(0, doc.getText("t").length),
);
record(
  "deleted types are collected",
  (doc) => {
    const paragraph = new Y.XmlElement("paragraph");
    doc.getXmlFragment("default").insert(0, [paragraph]);
    paragraph.insert(0, [new Y.XmlText("é😀 and more")]);
  },
  (doc) => doc.getXmlFragment("default").delete(0, 1),
  (doc) => doc.getXmlFragment("default").insert(0, [new Y.XmlElement("p")]),
);
record(
  "undone",
  (doc) => doc.getText("t").insert(0, "é😀"),
  (doc) => {
    const undo = new Y.UndoManager(doc.getText("t"));
    doc.getText("t").insert(0, "x");
    undo.undo();
    undo.redo();
  },
);

{
  // Three clients, who hear of each other now and then.
  const docs = [1, 4_294_967_295, 77].map((id) => Object.assign(new Y.Doc(), { clientID: id }));
  const updates = [];
  docs.forEach((doc) => doc.on("update", (update, origin) => origin ?? updates.push(update)));
  const share = () => {
    for (const from of docs) {
      for (const to of docs) {
        Y.applyUpdate(to, Y.encodeStateAsUpdate(from, Y.encodeStateVector(to)), "relay");
      }
    }
  };
  docs[0].getText("t").insert(0, "é😀abc");
  share();
  docs[1].getText("t").insert(3, "one");
  docs[2].getText("t").delete(3, 2);
  share();
  docs[0].getText("t").insert(3, "😀");
  share();
  add("three clients", updates, docs[0]);
  add("three clients, whole", [Y.encodeStateAsUpdate(docs[1])], docs[0]);
  add("three clients, merged", [Y.mergeUpdates(updates)], docs[0]);
}

{
  // What lies between the merged updates is a Skip.
  const { doc, updates } = record(
    "five letters",
    ...["a", "é", "😀", "b", "c"].map((letter) => (doc) => {
      const text = doc.getText("t");
      text.insert(text.length, letter);
    }),
  );
  const [a, b, c, d, e] = updates;
  add("a skip over what is known", [a, b, c, d, Y.mergeUpdates([a, e])], doc);
  cases.push({
    name: "a skip over what is not known",
    updates: [a, Y.mergeUpdates([b, d])].map(hex),
    missing: true,
    clocks: { 1: 1 },
  });
  add("a difference", [a, Y.diffUpdate(Y.encodeStateAsUpdate(doc), Y.encodeStateVectorFromUpdate(a))], doc);
}

process.stdout.write(`[\n${cases.map((one) => `  ${JSON.stringify(one)}`).join(",\n")}\n]\n`);
