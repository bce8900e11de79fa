import { Avatar, type AvatarProps } from "@mantine/core";
import { colourOf, initialsOf } from "./colour";

interface PersonAvatarProps extends Omit<AvatarProps, "color"> {
  /** Whom the colour is of: the username, where there is one. */
  id: string;
  name: string;
}

export function PersonAvatar({ id, name, ...props }: PersonAvatarProps) {
  return (
    <Avatar
      size={32}
      radius="xl"
      variant="filled"
      {...props}
      styles={{ placeholder: { backgroundColor: colourOf(id), color: "#fff", fontWeight: 600 } }}
      aria-hidden="true"
    >
      {initialsOf(name)}
    </Avatar>
  );
}
