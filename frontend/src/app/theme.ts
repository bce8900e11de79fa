import {
  type CSSVariablesResolver,
  createTheme,
  type MantineColorsTuple,
  rem,
} from "@mantine/core";

/** The one accent. */
const iris: MantineColorsTuple = [
  "#eef0ff",
  "#dcdffb",
  "#b6bcf3",
  "#8e97ec",
  "#6c78e5",
  "#5765e1",
  "#4b5ae0",
  "#3d4bc7",
  "#3442b3",
  "#29389e",
];

/** A little cooler than plain grey, so that white text on it is restful. */
const dark: MantineColorsTuple = [
  "#d3d6dd",
  "#b4b9c4",
  "#8d94a3",
  "#656d7d",
  "#3b414e",
  "#2f343f",
  "#252932",
  "#1a1d23",
  "#14161b",
  "#0f1115",
];

export const theme = createTheme({
  primaryColor: "iris",
  primaryShade: { light: 6, dark: 5 },
  colors: { iris, dark },
  fontFamily: '"Inter Variable", system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  fontFamilyMonospace: '"JetBrains Mono Variable", ui-monospace, SFMono-Regular, Menlo, monospace',
  headings: { fontWeight: "650" },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Tooltip: { defaultProps: { openDelay: 350, withArrow: false, fz: "xs" } },
    Modal: {
      defaultProps: {
        closeButtonProps: { "aria-label": "Close" },
        radius: "lg",
        centered: true,
        overlayProps: { backgroundOpacity: 0.4 },
      },
      styles: { title: { fontWeight: 600, fontSize: rem(17) } },
    },
    Drawer: {
      defaultProps: { closeButtonProps: { "aria-label": "Close" } },
      styles: { title: { fontWeight: 600, fontSize: rem(17) } },
    },
    Menu: { defaultProps: { shadow: "md", radius: "md", transitionProps: { duration: 100 } } },
    Popover: { defaultProps: { shadow: "md", radius: "md" } },
    ActionIcon: {
      defaultProps: { variant: "subtle", color: "gray" },
      // A row of tools stays calm when some of them have nothing to do.
      vars: (_theme: unknown, props: { variant?: string; disabled?: boolean }) => ({
        root:
          props.disabled && props.variant === "subtle"
            ? { "--mantine-color-disabled": "transparent" }
            : {},
      }),
    },
  },
});

/** Mantine's own quiet grey and red are too faint to be read by everybody. */
export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: {},
  light: { "--mantine-color-dimmed": "var(--faint)", "--mantine-color-red-6": "#cf2f28" },
  dark: { "--mantine-color-dimmed": "var(--faint)", "--mantine-color-red-6": "#ff8a83" },
});
