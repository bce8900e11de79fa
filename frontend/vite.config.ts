import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Django serves the built page under a strict Content-Security-Policy. It replaces the literal
// nonce in dist/index.html for each request; everything that injects styles reads it from there.
const cspNonce = "__CSP_NONCE__";

const backend = "http://127.0.0.1:8000";

export default defineConfig(({ command }) => ({
  // Django serves what is built below /static/; the development server is on its own.
  base: command === "build" ? "/static/" : "/",
  plugins: [react()],
  html: { cspNonce },
  build: {
    outDir: "dist",
    // These understand light-dark() and nesting, so the styles are shipped as written.
    target: ["chrome123", "edge123", "firefox128", "safari17.5"],
    // No data: URIs, neither for scripts nor for styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/api": backend,
      "/ws": { target: backend, ws: true },
    },
  },
  test: {
    environment: "node",
    include: ["src/**/*.test.ts", "src/**/*.test.tsx"],
    restoreMocks: true,
  },
}));
