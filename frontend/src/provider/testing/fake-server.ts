import * as Y from "yjs";
import { decode, encode, type FakeSocket } from "./fake-environment";

/** As much of a server as one client can tell: a document, a head, and answers to frames. */
export class FakeServer {
  readonly doc = new Y.Doc();
  seq = 0;

  /** The answer to a `sync`; without an id it is one that nobody asked for. */
  answerSync(socket: FakeSocket): void {
    const [request] = socket.take("sync").slice(-1);
    const since = request === undefined ? undefined : decode(String(request.state_vector));
    socket.receive({
      type: "sync",
      ...(request === undefined ? {} : { id: request.id }),
      update: encode(Y.encodeStateAsUpdate(this.doc, since)),
      state_vector: encode(Y.encodeStateVector(this.doc)),
      seq: this.seq,
    });
  }

  /** Applies the updates that the client sent, and acknowledges them unless told otherwise. */
  takeUpdates(socket: FakeSocket, { acknowledge = true } = {}): number[] {
    const frames = socket.take("update");
    for (const frame of frames) {
      Y.applyUpdate(this.doc, decode(String(frame.update)));
      this.seq += 1;
      if (acknowledge) {
        socket.receive({ type: "ack", cseq: frame.cseq, seq: this.seq });
      }
    }
    return frames.map((frame) => Number(frame.cseq));
  }

  /** An edit of somebody else, as the frame that tells of it. */
  edit(text: string): object {
    const before = Y.encodeStateVector(this.doc);
    const content = this.doc.getText("content");
    content.insert(content.length, text);
    this.seq += 1;
    return { type: "update", update: encode(Y.encodeStateAsUpdate(this.doc, before)) };
  }

  get text(): string {
    return this.doc.getText("content").toString();
  }
}
