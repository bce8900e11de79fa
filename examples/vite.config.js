import { defineConfig } from "vite";

export default defineConfig({
  // Relative, so that the built pages work from any folder of any server.
  base: "./",
  // An address that the server knows as its own; sockets from others are refused.
  server: { host: "127.0.0.1" },
  build: {
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      input: ["index.html", "tiptap-hocuspocus/index.html", "codemirror-y-websocket/index.html"],
    },
  },
});
