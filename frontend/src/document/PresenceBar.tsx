import { Popover, Stack, Text, Tooltip, UnstyledButton, VisuallyHidden } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { colourOf } from "../people/colour";
import { PersonAvatar } from "../people/PersonAvatar";
import classes from "./DocumentPage.module.css";
import type { PersonHere } from "./people-here";

const MAX_SHOWN = 5;
const MAX_SHOWN_SMALL = 3;

interface PresenceBarProps {
  people: readonly PersonHere[];
  /** The id of the one whose view is followed. */
  following: string | null;
  onFollow: (person: PersonHere | null) => void;
}

/** Who is here, as the server verified it; a click on somebody follows their view. */
export function PresenceBar({ people, following, onFollow }: PresenceBarProps) {
  const isSmall = useMediaQuery("(max-width: 480px)", false, { getInitialValueInEffect: false });
  const most = isSmall ? MAX_SHOWN_SMALL : MAX_SHOWN;
  const shown = people.slice(0, people.length > most ? most - 1 : most);
  const others = people.slice(shown.length);
  return (
    <ul
      className={classes.presence}
      data-testid="presence"
      aria-label="Who is here"
      data-keeps-following
    >
      {shown.map((person) => {
        const { id, name, username, isMe } = person;
        const isFollowed = id === following;
        return (
          <li key={id} className={classes.person} data-username={username ?? ""}>
            {isMe ? (
              <Tooltip label={`${name} (you)`}>
                <span>
                  <PersonAvatar id={id} name={name} size={30} fz={12} />
                  <VisuallyHidden>{name} (you)</VisuallyHidden>
                </span>
              </Tooltip>
            ) : (
              <Tooltip label={isFollowed ? `Stop following ${name}` : `Follow ${name}`}>
                <UnstyledButton
                  className={classes.follow}
                  style={{ "--person": colourOf(id) } as React.CSSProperties}
                  aria-label={`Follow ${name}`}
                  aria-pressed={isFollowed}
                  onClick={() => onFollow(isFollowed ? null : person)}
                >
                  <PersonAvatar id={id} name={name} size={30} fz={12} />
                </UnstyledButton>
              </Tooltip>
            )}
          </li>
        );
      })}
      {others.length > 0 && (
        <li className={classes.overflow}>
          <Popover position="bottom-end" width={220}>
            <Popover.Target>
              <UnstyledButton className={classes.more} aria-label={`${others.length} more`}>
                +{others.length}
              </UnstyledButton>
            </Popover.Target>
            <Popover.Dropdown mah={320} style={{ overflowY: "auto" }} data-keeps-following>
              <Stack gap={8}>
                {others.map((person) => (
                  <UnstyledButton
                    key={person.id}
                    className={classes.otherPerson}
                    disabled={person.isMe}
                    aria-label={`Follow ${person.name}`}
                    onClick={() => onFollow(person)}
                  >
                    <PersonAvatar id={person.id} name={person.name} size={24} fz={10} />
                    <Text size="sm" truncate>
                      {person.name}
                    </Text>
                  </UnstyledButton>
                ))}
              </Stack>
            </Popover.Dropdown>
          </Popover>
        </li>
      )}
    </ul>
  );
}
