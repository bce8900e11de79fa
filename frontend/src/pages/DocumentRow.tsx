import { ActionIcon, Badge, Menu } from "@mantine/core";
import {
  IconCode,
  IconCopy,
  IconDots,
  IconFileText,
  IconPencil,
  IconRestore,
  IconTrash,
  IconTrashX,
} from "@tabler/icons-react";
import { memo } from "react";
import { Link } from "react-router";
import type { DocumentInfo } from "../api/types";
import { useMe } from "../app/session";
import { readUnsavedMark } from "../local-copy/unsaved-mark";
import { PersonAvatar } from "../people/PersonAvatar";
import { formatAgo, formatMoment } from "../ui/time";
import classes from "./DocumentList.module.css";
import { useDocumentActions } from "./useDocumentActions";

interface DocumentRowProps {
  document: DocumentInfo;
  inTrash: boolean;
}

export const DocumentRow = memo(function DocumentRow({ document, inTrash }: DocumentRowProps) {
  const me = useMe();
  const { id, title, kind, owner } = document;
  const moment =
    inTrash && document.trashed_at !== null ? document.trashed_at : document.updated_at;
  const ownerName = owner === null ? "" : owner.username === me.username ? "You" : owner.name;
  const hasUnsaved = !inTrash && readUnsavedMark(me.username, id) > 0;
  const Icon = kind === "text" ? IconCode : IconFileText;
  return (
    <li className={classes.row}>
      <span className={classes.icon} data-kind={kind}>
        <Icon size={20} stroke={1.7} aria-label={kind === "text" ? "Plain text" : "Document"} />
      </span>
      <div>
        {inTrash ? (
          <span className={classes.title}>{title}</span>
        ) : (
          <Link className={classes.title} to={`/documents/${id}/`}>
            {title}
          </Link>
        )}
        {hasUnsaved && (
          <Badge size="sm" variant="light" color="orange" tt="none" fw={600}>
            Unsaved edits on this device – open to save them
          </Badge>
        )}
        <span className={`${classes.detail} ${classes.small}`}>
          {ownerName} · {formatAgo(moment)}
        </span>
      </div>
      <span className={`${classes.detail} ${classes.owner}`}>
        {owner !== null && (
          <>
            <PersonAvatar id={owner.username} name={owner.name} size={22} fz={10} />
            {ownerName}
          </>
        )}
      </span>
      <time
        className={`${classes.detail} ${classes.when}`}
        dateTime={moment}
        title={formatMoment(moment)}
      >
        {formatAgo(moment)}
      </time>
      <div className={classes.menu}>
        {inTrash ? <TrashedMenu document={document} /> : <RowMenu document={document} />}
      </div>
    </li>
  );
});

function RowMenu({ document }: { document: DocumentInfo }) {
  const { rename, duplicate, trash } = useDocumentActions(document);
  const { abilities, title } = document;
  return (
    <Menu position="bottom-end" width={180}>
      <Menu.Target>
        <ActionIcon size="lg" aria-label={`More for ${title}`}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {abilities.rename && (
          <Menu.Item leftSection={<IconPencil size={16} />} onClick={rename}>
            Rename
          </Menu.Item>
        )}
        <Menu.Item leftSection={<IconCopy size={16} />} onClick={duplicate}>
          Duplicate
        </Menu.Item>
        {abilities.trash && (
          <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={trash}>
            Move to trash
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function TrashedMenu({ document }: { document: DocumentInfo }) {
  const { untrash, purge } = useDocumentActions(document);
  return (
    <Menu position="bottom-end" width={180}>
      <Menu.Target>
        <ActionIcon size="lg" aria-label={`More for ${document.title}`}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconRestore size={16} />} onClick={untrash}>
          Restore
        </Menu.Item>
        <Menu.Item color="red" leftSection={<IconTrashX size={16} />} onClick={purge}>
          Delete for ever
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
