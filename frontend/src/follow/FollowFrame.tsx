import { Button } from "@mantine/core";
import type { PersonHere } from "../document/people-here";
import { colourOf } from "../people/colour";
import classes from "./FollowFrame.module.css";

interface FollowFrameProps {
  person: PersonHere;
  isSeen: boolean;
  onStop: () => void;
}

/** Around a page that shows what somebody else looks at. */
export function FollowFrame({ person, isSeen, onStop }: FollowFrameProps) {
  const { id, name } = person;
  return (
    <div
      className={classes.frame}
      style={{ "--person": colourOf(id) } as React.CSSProperties}
      data-testid="following"
      data-following={id}
    >
      <div className={classes.bar} role="status" data-keeps-following>
        <span className={classes.words}>
          Following <b>{name}</b>
          {!isSeen && ", who has no cursor in the text"}
        </span>
        <Button size="compact-xs" color="dark" variant="white" onClick={onStop}>
          Stop
        </Button>
      </div>
    </div>
  );
}
