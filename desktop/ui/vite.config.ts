import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";

/** The policy of the desktop shell, so that `npm run preview` and the screenshots live under the same rules. */
const csp = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  clearScreen: false,
  server: { port: 1420, strictPort: true },
  preview: { port: 1421, strictPort: true, headers: { "Content-Security-Policy": csp } },
  build: {
    target: ["es2022", "safari16.4"],
    // The policy allows no data: address, and nothing may be inlined into the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.ts"],
    setupFiles: ["src/test/setup.ts"],
    // One hospital, one zone, whatever machine runs the tests.
    env: { TZ: "Europe/Berlin" },
    maxWorkers: 2,
    // The tokens are read by their test; the styles of components are of no use without a layout.
    css: { include: [/tokens\.css/] },
    testTimeout: 20_000,
  },
});
