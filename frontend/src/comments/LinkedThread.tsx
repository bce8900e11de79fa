import { useEffect } from "react";
import { useSearchParams } from "react-router";
import { useObservable } from "../document/useObservable";
import { threadKey } from "../editor/comment-layer";
import type { Comments } from "./useComments";

interface LinkedThreadProps {
  comments: Comments;
  /** The thread has no place beside the text: it is to be shown elsewhere. */
  onUnplaced: () => void;
}

/** Brings the thread into sight that a notification led to. A component, for it looks at places. */
export function LinkedThread({ comments, onUnplaced }: LinkedThreadProps) {
  const { layer, threads, pick } = comments;
  const [parameters, setParameters] = useSearchParams();
  const wanted = Number(parameters.get("thread"));
  const tops = useObservable(layer.tops);
  const thread = threads?.find(({ id }) => id === wanted);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each address.
  useEffect(() => {
    if (thread === undefined || tops === null) {
      return;
    }
    const key = threadKey(thread.id);
    if (!thread.resolved && !thread.removed && !tops.has(key)) {
      // The editor has not drawn it yet.
      return;
    }
    pick(key);
    if (tops.has(key)) {
      layer.host?.reveal(key);
    } else {
      onUnplaced();
    }
    setParameters(
      (current) => {
        current.delete("thread");
        return current;
      },
      { replace: true },
    );
  }, [thread?.id, tops]);
  return null;
}
