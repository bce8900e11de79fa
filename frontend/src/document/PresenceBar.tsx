import { Popover, Stack, Text, Tooltip, UnstyledButton, VisuallyHidden } from "@mantine/core";
import { PersonAvatar } from "../people/PersonAvatar";
import type { Observable, PresenceEntry } from "../provider";
import classes from "./DocumentPage.module.css";
import { listPeople } from "./people-here";
import { useObservable } from "./useObservable";

const MAX_SHOWN = 5;

/** Who is here, as the server verified it; a person with three tabs is one person. */
export function PresenceBar({ presence }: { presence: Observable<readonly PresenceEntry[]> }) {
  const people = listPeople(useObservable(presence));
  const shown = people.slice(0, people.length > MAX_SHOWN ? MAX_SHOWN - 1 : MAX_SHOWN);
  const others = people.slice(shown.length);
  return (
    <ul className={classes.presence} data-testid="presence" aria-label="Who is here">
      {shown.map(({ id, name, username }) => (
        <Tooltip key={id} label={name}>
          <li className={classes.person} data-username={username ?? ""}>
            <PersonAvatar id={id} name={name} size={30} fz={12} />
            <VisuallyHidden>{name}</VisuallyHidden>
          </li>
        </Tooltip>
      ))}
      {others.length > 0 && (
        <li className={classes.overflow}>
          <Popover position="bottom-end" width={220}>
            <Popover.Target>
              <UnstyledButton className={classes.more} aria-label={`${others.length} more`}>
                +{others.length}
              </UnstyledButton>
            </Popover.Target>
            <Popover.Dropdown mah={320} style={{ overflowY: "auto" }}>
              <Stack gap={8}>
                {others.map(({ id, name }) => (
                  <div key={id} className={classes.otherPerson}>
                    <PersonAvatar id={id} name={name} size={24} fz={10} />
                    <Text size="sm" truncate>
                      {name}
                    </Text>
                  </div>
                ))}
              </Stack>
            </Popover.Dropdown>
          </Popover>
        </li>
      )}
    </ul>
  );
}
