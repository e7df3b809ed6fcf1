/**
 * A real Chromium for tests: Debian's headless one with its libraries and fonts, unpacked beside the host as all programs of
 * tests are, so that it is the same everywhere and never merely absent.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Browser, chromium } from "playwright-core";
import { ensurePackages } from "../../tools/debian/packages.ts";
import { environmentFor } from "../../tools/debian/root-folder.ts";

// Chinese is shown by the first, everything else by the second.
const PACKAGES = ["chromium-headless-shell", "fonts-wqy-microhei", "fonts-dejavu-core"];

/** Half of the closure: drivers of graphics cards and their compiler, sound, and pages' helpers that no headless browser starts. */
const WITHOUT = [
  "libllvm15",
  "libz3-4",
  "libgl1-mesa-dri",
  "mesa-va-drivers",
  "mesa-vulkan-drivers",
  "xdg-utils",
];

const LAUNCH_TIMEOUT_MS = 60_000;

export async function openChromium(folder: string): Promise<Browser> {
  const { root } = await ensurePackages(PACKAGES, { without: WITHOUT });
  const environment = environmentFor(root);
  const fonts = path.join(folder, "fonts.conf");
  const cache = path.join(folder, "font-cache");
  mkdirSync(cache);
  writeFileSync(
    fonts,
    `<?xml version="1.0"?><fontconfig><dir>${root}/usr/share/fonts</dir><cachedir>${cache}</cachedir></fontconfig>`,
  );
  return chromium.launch({
    executablePath: path.join(root, "usr/lib/chromium/chromium-headless-shell"),
    // Tests run as root in a container, where its own sandbox cannot be made; it opens nothing but our page.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
    env: {
      ...environment,
      // Found by an absolute path otherwise, and then only where the host has sound as well.
      LD_LIBRARY_PATH: `${environment.LD_LIBRARY_PATH}:${root}/usr/lib/x86_64-linux-gnu/pulseaudio`,
      ...{ FONTCONFIG_FILE: fonts, HOME: folder },
    },
    timeout: LAUNCH_TIMEOUT_MS,
  });
}
