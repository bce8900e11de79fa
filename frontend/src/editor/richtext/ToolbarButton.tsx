import { ActionIcon, type ActionIconProps, Tooltip } from "@mantine/core";
import type { ComponentProps, ReactNode } from "react";

interface ToolbarButtonProps extends ActionIconProps {
  label: string;
  shortcut?: string;
  icon: ReactNode;
  /** Whether what it switches is on; left out for what only opens something. */
  active?: boolean;
  onClick?: () => void;
  /** Set by a menu or a popover that the button opens, like all that is not named here. */
  ref?: ComponentProps<"button">["ref"];
}

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** `Mod` is the key that this keyboard has for it. */
function nameShortcut(shortcut: string): string {
  return isMac
    ? shortcut.replace("Mod+", "⌘").replace("Shift+", "⇧").replace("Alt+", "⌥")
    : shortcut.replace("Mod", "Ctrl");
}

export function ToolbarButton({ label, shortcut, icon, active, ...others }: ToolbarButtonProps) {
  const hint = shortcut === undefined ? label : `${label}  ${nameShortcut(shortcut)}`;
  return (
    <Tooltip label={hint}>
      <ActionIcon
        size={34}
        variant={active ? "light" : "subtle"}
        color={active ? "iris" : "gray"}
        aria-label={label}
        aria-pressed={active}
        // The caret stays where it is.
        onMouseDown={(event) => event.preventDefault()}
        {...others}
      >
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
