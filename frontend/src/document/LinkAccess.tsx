import { Select, Text, TextInput, ThemeIcon } from "@mantine/core";
import { IconLock, IconUsersGroup, IconWorld } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changeLink, linkQuery } from "../api/sharing";
import type { DocumentLink, LinkReach } from "../api/types";
import type { Role } from "../provider";
import { formatMoment } from "../ui/time";
import { endsAfter, LINK_ENDS, type LinkEnd } from "./link-ends";
import { LESSER_ROLE_CHOICES, labelOf } from "./roles";
import classes from "./ShareDialog.module.css";

const REACHES: { value: LinkReach; label: string }[] = [
  { value: "restricted", label: "Restricted" },
  { value: "signed_in", label: "Everybody with an account" },
  { value: "anyone", label: "Anyone with the link" },
];

const EXPLANATIONS: Record<LinkReach, string> = {
  restricted: "Only the people above can open the link.",
  signed_in: "Whoever is signed in can open the link.",
  anyone: "Whoever has the link can open it, without an account.",
};

const ICONS: Record<LinkReach, typeof IconLock> = {
  restricted: IconLock,
  signed_in: IconUsersGroup,
  anyone: IconWorld,
};

interface LinkAccessProps {
  documentId: string;
  link: DocumentLink;
  mayManage: boolean;
}

/** What the document's address alone lets people do. */
export function LinkAccess({ documentId, link, mayManage }: LinkAccessProps) {
  const client = useQueryClient();
  const [isChoosing, setIsChoosing] = useState(false);
  const change = useMutation({
    mutationFn: (wanted: DocumentLink) => changeLink(documentId, wanted),
    onSuccess: (changed) => client.setQueryData(linkQuery(documentId).queryKey, changed),
  });
  // What was chosen shows at once; an error brings back what is.
  const { reach, role, expires_at } = change.isPending ? change.variables : link;
  const Icon = ICONS[reach];
  const isOpen = reach !== "restricted";

  function choose(changed: Partial<DocumentLink>): void {
    change.mutate({ reach, role, expires_at, ...changed });
  }

  function chooseEnd(end: LinkEnd): void {
    setIsChoosing(end === "date");
    if (end !== "date" && end !== "set") {
      choose({ expires_at: endsAfter(end, Date.now()) });
    }
  }

  return (
    <div data-testid="link-access" data-reach={reach}>
      <div className={classes.link}>
        <ThemeIcon size={34} radius="xl" variant="light" color={isOpen ? "teal" : "gray"}>
          <Icon size={18} />
        </ThemeIcon>
        <div className={classes.who}>
          {mayManage ? (
            <Select
              variant="unstyled"
              size="sm"
              className={classes.reach}
              aria-label="Who can open the link"
              data-testid="link-reach"
              allowDeselect={false}
              data={REACHES}
              value={reach}
              onChange={(value) => value !== null && choose({ reach: value as LinkReach })}
            />
          ) : (
            <Text size="sm" fw={550}>
              {REACHES.find(({ value }) => value === reach)?.label}
            </Text>
          )}
          <Text size="xs" c="dimmed">
            {EXPLANATIONS[reach]}
          </Text>
        </div>
        {isOpen &&
          (mayManage ? (
            <Select
              className={classes.role}
              variant="unstyled"
              size="sm"
              aria-label="What the link lets people do"
              data-testid="link-role"
              allowDeselect={false}
              data={LESSER_ROLE_CHOICES}
              value={role}
              onChange={(value) => value !== null && choose({ role: value as Role })}
            />
          ) : (
            <Text size="sm" c="dimmed">
              {labelOf(role)}
            </Text>
          ))}
      </div>
      {isOpen && mayManage && (
        <div className={classes.end}>
          <Select
            size="xs"
            w={150}
            aria-label="Until when the link opens the document"
            data-testid="link-end"
            allowDeselect={false}
            data={
              expires_at === null || isChoosing
                ? LINK_ENDS
                : [{ value: "set", label: "Until a date" }, ...LINK_ENDS]
            }
            value={isChoosing ? "date" : expires_at === null ? "never" : "set"}
            onChange={(value) => value !== null && chooseEnd(value as LinkEnd)}
          />
          {isChoosing && (
            <TextInput
              size="xs"
              type="datetime-local"
              aria-label="The link ends at"
              autoFocus
              onChange={(event) => {
                const moment = new Date(event.currentTarget.value);
                if (moment.getTime() > Date.now()) {
                  choose({ expires_at: moment.toISOString() });
                }
              }}
              onBlur={() => setIsChoosing(false)}
            />
          )}
          {!isChoosing && expires_at !== null && (
            <Text size="xs" c="dimmed" data-testid="link-until">
              {Date.parse(expires_at) > Date.now()
                ? `The link works until ${formatMoment(expires_at)}.`
                : `The link ended on ${formatMoment(expires_at)}.`}
            </Text>
          )}
        </div>
      )}
      {isOpen && !mayManage && expires_at !== null && (
        <Text size="xs" c="dimmed" className={classes.end}>
          Until {formatMoment(expires_at)}
        </Text>
      )}
    </div>
  );
}
