// Makes positions.json: relative positions as JavaScript Yjs makes and follows them.
//
//     npm --prefix /tmp/yjs install yjs@13.6 && cp tests/vectors/make_positions.mjs /tmp/yjs/ \
//       && node /tmp/yjs/make_positions.mjs > tests/vectors/positions.json
//
// In each case three people write at once, and positions are made on the way. `update` is the
// state at the end, in base64; `at` is how many UTF-16 units of the document's text stand before
// the position then, or null where Yjs finds none.
import * as Y from "yjs";

let seed = 1;
/** A number below `limit`; the same ones each time (mulberry32). */
function chance(limit) {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
}

const WORDS = ["a", "bé", "😀", "漢字", "\n", "👩‍👩‍👧", "lang é 😀 lang"];
const isLow = (text, at) => /[\udc00-\udfff]/.test(text.charAt(at));
/** A place in a text that is not within a character. */
function placeIn(text) {
  const at = chance(text.length + 1);
  return isLow(text, at) ? at - 1 : at;
}
const plain = (type) => type.toDelta().map((op) => op.insert).join("");

function editText(type) {
  const text = plain(type);
  const at = placeIn(text);
  if (chance(3) === 0 && at < text.length) {
    let end = Math.min(text.length, at + 1 + chance(5));
    if (isLow(text, end)) end += 1;
    type.delete(at, end - at);
  } else if (chance(5) === 0 && at < text.length) {
    type.format(at, text.length - at, { bold: chance(2) ? true : null });
  } else {
    type.insert(at, WORDS[chance(WORDS.length)]);
  }
}

function editBlocks(fragment) {
  if (fragment.length === 0 || chance(6) === 0) {
    const block = new Y.XmlElement("paragraph");
    block.insert(0, [new Y.XmlText(WORDS[chance(WORDS.length)])]);
    fragment.insert(chance(fragment.length + 1), [block]);
  } else if (fragment.length > 2 && chance(8) === 0) {
    fragment.delete(chance(fragment.length), 1);
  } else {
    editText(fragment.get(chance(fragment.length)).get(0));
  }
}

/** Every text of the document, and how many units stand before it. */
function textsOf(doc, kind) {
  if (kind === "text") return new Map([[doc.getText("content"), 0]]);
  const texts = new Map();
  let before = 0;
  for (const block of doc.getXmlFragment("default").toArray()) {
    texts.set(block.get(0), before);
    before += block.get(0).length;
  }
  return texts;
}

function follow(doc, kind, position) {
  const texts = textsOf(doc, kind);
  const found = Y.createAbsolutePositionFromRelativePosition(position, doc);
  if (found === null) return null;
  if (texts.has(found.type)) return texts.get(found.type) + found.index;
  const blocks = doc.getXmlFragment("default").toArray();
  const after = found.type === doc.getXmlFragment("default") ? blocks.slice(0, found.index) : null;
  if (after !== null) return after.reduce((sum, block) => sum + block.get(0).length, 0);
  const block = blocks.indexOf(found.type);
  // Yjs names the type that it was in although that is deleted.
  if (block < 0) return null;
  const start = texts.get(blocks[block].get(0));
  return found.index === 0 ? start : start + blocks[block].get(0).length;
}

/** A position in some text, or beside a block. */
function makePosition(doc, kind) {
  const assoc = chance(2) - 1;
  const fragment = doc.getXmlFragment("default");
  if (kind === "richtext" && chance(5) === 0) {
    const type = chance(2) || fragment.length === 0 ? fragment : fragment.get(chance(fragment.length));
    return Y.createRelativePositionFromTypeIndex(type, chance(type.length + 1), assoc);
  }
  const types = [...textsOf(doc, kind).keys()];
  const type = types[chance(types.length)];
  return Y.createRelativePositionFromTypeIndex(type, placeIn(plain(type)), assoc);
}

const cases = [];
for (let number = 0; number < 30; number += 1) {
  const kind = number % 2 ? "text" : "richtext";
  const docs = [30, 10, 20].map((client) => {
    const doc = new Y.Doc();
    doc.clientID = client;
    return doc;
  });
  const positions = [];
  for (let round = 0; round < 8; round += 1) {
    for (const doc of docs) {
      for (let edits = 1 + chance(4); edits > 0; edits -= 1) {
        if (kind === "text") editText(doc.getText("content"));
        else editBlocks(doc.getXmlFragment("default"));
      }
      if (round < 6) positions.push(makePosition(doc, kind));
    }
    const [giver, taker] = [docs[round % 3], docs[(round + 1) % 3]];
    Y.applyUpdate(taker, Y.encodeStateAsUpdate(giver));
  }
  const end = new Y.Doc();
  for (const doc of docs) Y.applyUpdate(end, Y.encodeStateAsUpdate(doc));
  cases.push({
    kind,
    update: Buffer.from(Y.encodeStateAsUpdate(end)).toString("base64"),
    positions: positions.map((position) => ({
      json: Y.relativePositionToJSON(position),
      at: follow(end, kind, position),
    })),
  });
}
console.log(`[\n${cases.map((made) => JSON.stringify(made)).join(",\n")}\n]`);
