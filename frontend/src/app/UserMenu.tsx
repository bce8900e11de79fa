import { Menu, SegmentedControl, Text, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { IconDeviceDesktop, IconLogout, IconMoon, IconSun, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "react-router";
import { meQuery, signOut } from "../api/session";
import { dropCopiesExcept } from "../local-copy/local-copy";
import { countUnsavedCopies } from "../local-copy/unsaved-mark";
import { PersonAvatar } from "../people/PersonAvatar";
import { confirm } from "../ui/confirm";
import { useMe } from "./session";

const SCHEMES = [
  { value: "light", label: "Light", icon: <IconSun size={16} /> },
  { value: "auto", label: "As the system", icon: <IconDeviceDesktop size={16} /> },
  { value: "dark", label: "Dark", icon: <IconMoon size={16} /> },
];

/** Who is signed in, how the pages look, and the way out. */
export function UserMenu() {
  const me = useMe();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const leave = useMutation({
    mutationFn: signOut,
    onSuccess: async () => {
      // What was opened here is nobody's any more who comes to this device next.
      await dropCopiesExcept(null);
      navigate("/login", { replace: true });
      client.clear();
      client.setQueryData(meQuery.queryKey, null);
    },
  });

  function askAndLeave(): void {
    const unsaved = countUnsavedCopies(me.username);
    if (unsaved === 0) {
      leave.mutate();
      return;
    }
    confirm({
      title: "Sign out and lose unsaved edits?",
      text: `${unsaved === 1 ? "One document has" : `${unsaved} documents have`} edits on this device that the server does not have yet. Open them while you are online to save them first.`,
      confirm: "Sign out anyway",
      danger: true,
      onConfirm: () => leave.mutate(),
    });
  }

  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <UnstyledButton aria-label={`Account of ${me.name}`} data-testid="user-menu" bdrs="xl">
          <PersonAvatar id={me.username} name={me.name} size={34} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600} c="var(--mantine-color-text)" truncate>
            {me.name}
          </Text>
          <Text size="xs" c="dimmed" truncate>
            {me.username}
          </Text>
        </Menu.Label>
        <SegmentedControl
          fullWidth
          size="xs"
          m={4}
          aria-label="Colours"
          value={colorScheme}
          onChange={(scheme) => setColorScheme(scheme as typeof colorScheme)}
          data={SCHEMES.map(({ value, label, icon }) => ({
            value,
            label: (
              <span title={label} role="img" aria-label={label}>
                {icon}
              </span>
            ),
          }))}
        />
        <Menu.Divider />
        <Menu.Item leftSection={<IconTrash size={16} />} component={Link} to="/trash">
          Trash
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={askAndLeave}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
