import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { fromBase64 } from "./base64";
import { type ClientMessage, decodeMessage, encodeMessage } from "./messages";

interface Vector {
  name: string;
  direction: "client" | "server";
  frame: Record<string, unknown> & { type: string };
}

const file = fileURLToPath(new URL("../../../tests/vectors/json.json", import.meta.url));
const vectors: Vector[] = existsSync(file)
  ? (JSON.parse(readFileSync(file, "utf8")) as Vector[])
  : [];

/** The message that a golden frame of the client stands for. */
function messageOf(frame: Vector["frame"]): ClientMessage {
  const message: Record<string, unknown> = { ...frame };
  for (const field of ["state_vector", "update"]) {
    if (typeof message[field] === "string") {
      message[field] = fromBase64(message[field]);
    }
  }
  return message as unknown as ClientMessage;
}

describe.skipIf(vectors.length === 0)("the golden frames that both codecs share", () => {
  test.each(vectors.filter(({ direction }) => direction === "server"))(
    "the server's is understood: $name",
    ({ frame }) => {
      const message = decodeMessage(JSON.stringify(frame));
      expect(message?.type).toBe(frame.type);
    },
  );

  test.each(vectors.filter(({ direction }) => direction === "client"))(
    "ours is what the codec makes: $name",
    ({ frame }) => {
      expect(JSON.parse(encodeMessage(messageOf(frame)))).toEqual(frame);
    },
  );
});
