import { expect, test } from "vitest";
import { decodeMessage, encodeMessage, MessageError, updateFrameBytes } from "./messages";

const bytes = (...values: number[]) => new Uint8Array(values);

test("a sync request carries its state vector as standard base64", () => {
  const frame = encodeMessage({ type: "sync", id: 1, state_vector: bytes(0), epoch: 3 });
  expect(JSON.parse(frame)).toEqual({ type: "sync", id: 1, state_vector: "AA==", epoch: 3 });
});

test("the type comes first in every frame", () => {
  expect(encodeMessage({ type: "update", cseq: 1, update: bytes(0, 0) })).toBe(
    '{"type":"update","cseq":1,"update":"AAA="}',
  );
});

test("base64 survives a megabyte and bytes of every value", () => {
  const update = Uint8Array.from({ length: 1_000_003 }, (_, index) => (index * 7) % 256);
  const frame = encodeMessage({ type: "update", cseq: 1, update });
  expect(frame.length).toBeLessThanOrEqual(updateFrameBytes(update.length));
  const echoed = decodeMessage(frame);
  expect(echoed).toMatchObject({ type: "update", user: null });
  expect(echoed?.type === "update" && Buffer.compare(echoed.update, update)).toBe(0);
});

test("an acknowledgement without from_cseq is for one update", () => {
  expect(decodeMessage('{"type":"ack","cseq":4,"seq":9}')).toEqual({
    type: "ack",
    cseq: 4,
    seq: 9,
    fromCseq: 4,
  });
});

test("an unasked sync has no id", () => {
  const frame = '{"type":"sync","update":"AAA=","state_vector":"AA==","seq":2}';
  expect(decodeMessage(frame)).toMatchObject({ type: "sync", id: null, seq: 2 });
});

test("a person without a name is called by their username", () => {
  const frame = '{"type":"update","update":"AAA=","user":{"username":"bob","name":""}}';
  expect(decodeMessage(frame)).toMatchObject({ user: { username: "bob", name: "bob" } });
});

test("a visitor by link has a name and no username", () => {
  const frame = '{"type":"update","update":"AAA=","user":{"username":null,"name":""}}';
  expect(decodeMessage(frame)).toMatchObject({ user: { username: null, name: "Guest" } });
});

test("names keep their accents and emoji", () => {
  const frame =
    '{"type":"presence","full":[{"connection":"c","user":{"username":"zo","name":"Zoé 😀"},"role":"viewer","since":"2026-01-01T00:00:00Z"}]}';
  expect(decodeMessage(frame)).toMatchObject({ full: [{ user: { name: "Zoé 😀" } }] });
});

test("a type that is not known yet is ignored", () => {
  expect(decodeMessage('{"type":"fireworks","colour":"red"}')).toBeNull();
  expect(decodeMessage('{"type":"presence","idle":["c1"]}')).toBeNull();
});

test.each([
  ["no JSON", "{"],
  ["a list", "[]"],
  ["a sync without an update", '{"type":"sync","id":1,"state_vector":"AA==","seq":1}'],
  ["an update that is no base64", '{"type":"update","update":"ä"}'],
  ["an ack with a fraction", '{"type":"ack","cseq":1.5,"seq":1}'],
  ["an unknown role", '{"type":"role","role":"emperor"}'],
  ["a welcome without a connection", '{"type":"welcome","user":{"name":"A"},"ping_seconds":20}'],
  ["an awareness state without a clock", '{"type":"awareness","states":[{"client":1}]}'],
])("a malformed frame is an error: %s", (_, frame) => {
  expect(() => decodeMessage(frame)).toThrow(MessageError);
});
