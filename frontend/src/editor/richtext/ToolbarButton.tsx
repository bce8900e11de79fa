import { ActionIcon, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";

interface ToolbarButtonProps {
  label: string;
  shortcut?: string;
  icon: ReactNode;
  active?: boolean;
  disabled?: boolean;
  onClick: () => void;
}

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** `Mod` is the key that this keyboard has for it. */
export function nameShortcut(shortcut: string): string {
  return isMac
    ? shortcut.replace("Mod+", "⌘").replace("Shift+", "⇧").replace("Alt+", "⌥")
    : shortcut.replace("Mod", "Ctrl");
}

export function ToolbarButton(props: ToolbarButtonProps) {
  const { label, shortcut, icon, active, disabled = false, onClick } = props;
  const hint = shortcut === undefined ? label : `${label}  ${nameShortcut(shortcut)}`;
  return (
    <Tooltip label={hint}>
      <ActionIcon
        size={34}
        variant={active ? "light" : "subtle"}
        color={active ? "iris" : "gray"}
        aria-label={label}
        aria-pressed={active}
        disabled={disabled}
        // The caret stays where it is.
        onMouseDown={(event) => event.preventDefault()}
        onClick={onClick}
      >
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
