// JupyterLab in headless Chromium: the quickstart as a person sees it, in both themes.
//
//     node lab.mjs FOR_PICTURES [KERNEL]
//
// Needs `jupyter` on the PATH and the kernel where JUPYTER_PATH or Jupyter's own folders have it. Exits with 1, and a
// picture of what there was to see, when something that a person would see is missing.

import { spawn } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const { chromium } = createRequire(join(process.cwd(), "/"))("playwright-core");
const here = dirname(fileURLToPath(import.meta.url));
const [pictures = "lab-pictures", kernel = "mambascope"] = process.argv.slice(2);
const MINUTES = 60_000;
const SIZE = { width: 1100, height: 4600 };

const folder = mkdtempSync(join(tmpdir(), "mambascope-lab-"));
const root = join(folder, "notebooks");
mkdirSync(pictures, { recursive: true });
cpSync(join(here, "../../notebooks"), root, { recursive: true });
copyFileSync(join(here, "cases/lab.ipynb"), join(root, "lab.ipynb"));
for (const name of readdirSync(root).filter((name) => name.endsWith(".ipynb"))) bare(join(root, name));

/** Takes the outputs out of a notebook, so that what is seen was made now. */
function bare(path) {
  const notebook = JSON.parse(readFileSync(path, "utf8"));
  notebook.metadata.kernelspec.name = kernel;
  for (const cell of notebook.cells) {
    if (cell.cell_type === "code") Object.assign(cell, { outputs: [], execution_count: null });
  }
  writeFileSync(path, JSON.stringify(notebook));
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const until = async (what, check, milliseconds = MINUTES) => {
  const began = Date.now();
  while (Date.now() - began < milliseconds) {
    const found = await check().catch(() => null);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not seen in ${milliseconds / 1000} s: ${what}`);
};

const port = await freePort();
const token = "for-this-test-only";
const address = `http://127.0.0.1:${port}`;
const jupyter = spawn(
  "jupyter",
  ["lab", "--no-browser", "--allow-root", `--ServerApp.port=${port}`, "--ServerApp.port_retries=0", `--ServerApp.root_dir=${root}`,
    "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=", "--log-level=ERROR"],
  { stdio: "inherit", env: { ...process.env, JUPYTER_TOKEN: token, JUPYTER_CONFIG_DIR: join(folder, "config"), JUPYTERLAB_SETTINGS_DIR: join(folder, "settings") } },
);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const page = await browser.newPage({ viewport: SIZE });

// What the command begins is not waited for: a run ends only with its last cell.
const command = (id, more = {}) => page.evaluate(([id, more]) => void window.jupyterapp.commands.execute(id, more), [id, more]);
const cells = () => page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell");
const picture = (name) => page.screenshot({ path: join(pictures, `${name}.png`) });
const theme = async (name) => {
  await command("apputils:change-theme", { theme: `JupyterLab ${name}` });
  await page.waitForTimeout(1500);
};
const open = async (name) => {
  await page.goto(`${address}/lab/tree/${name}?reset&token=${token}`);
  await until(`${name} open`, async () => (await cells().count()) > 0);
  await until("an idle kernel", () => page.evaluate(() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === "idle"), 3 * MINUTES);
};
/** Number, or `*` while it runs, before each cell. */
const prompts = () => cells().locator(".jp-InputPrompt").allTextContents();
const done = async () => (await prompts()).every((prompt) => /\[\d+\]/.test(prompt));
/** Network and other troubles of the page itself are none of ours. */
const report = [];
const check = async (what, look, milliseconds) => {
  await until(what, look, milliseconds);
  report.push(what);
  console.log(`ok  ${what}`);
};

let failed = 0;
try {
  await until("the server", async () => (await fetch(`${address}/api`)).ok);
  await open("01-quickstart.ipynb");
  const began = Date.now();
  await command("notebook:run-all-cells");
  await check("a progress bar moves while the quickstart runs", moves, 3 * MINUTES);
  await check("the quickstart runs through", done, 3 * MINUTES);
  console.log(`    in ${((Date.now() - began) / 1000).toFixed(1)} s`);
  await check("the map is drawn as SVG", drawn);
  await check("the interactive map is drawn", async () => (await page.locator(".vega-embed canvas, .vega-embed svg").count()) > 0);
  await check("the wrong trace is a red error with its help", async () => {
    const word = page.locator(".jp-OutputArea b", { hasText: "error:" }).last();
    const color = await word.evaluate((word) => getComputedStyle(word).color);
    return color === "rgb(229, 72, 77)" && (await page.locator(".jp-OutputArea b", { hasText: "help:" }).count()) > 0;
  });
  await check("a cell under the pointer tells its interval", async () => {
    const map = page.locator(".vega-embed canvas, .vega-embed svg").first();
    const box = await map.boundingBox();
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.5);
    await page.mouse.move(box.x + box.width * 0.42, box.y + box.height * 0.52);
    return /token.*layer.*p\(painter\).*95 % interval/s.test(await page.locator("#vg-tooltip-element").innerText({ timeout: 1000 }));
  });
  await picture("quickstart-light");
  await theme("Dark");
  await picture("quickstart-dark");
  await theme("Light");

  await open("lab.ipynb");
  await command("notebook:run-all-cells");
  await check("a long run has a progress bar", moves, 3 * MINUTES);
  await picture("running-light");
  await theme("Dark");
  await picture("running-dark");
  await theme("Light");
  const asked = Date.now();
  await command("notebook:interrupt-kernel");
  const ended = () => page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr'], .jp-RenderedText[data-mime-type='application/vnd.jupyter.error']").count();
  await check("the interrupt stops it", async () => (await ended()) > 0, 5000);
  console.log(`    after ${Date.now() - asked} ms`);
  await command("notebook:move-cursor-down");
  await page.evaluate(() => {
    const panel = window.jupyterapp.shell.currentWidget;
    panel.content.activeCellIndex = panel.content.widgets.length - 1;
  });
  await command("notebook:run-cell");
  await check("the model is still there", async () => (await cells().last().locator(".jp-OutputArea").innerText()).includes("bundled is still there"), MINUTES);
  await picture("interrupted-light");
  await theme("Dark");
  await picture("interrupted-dark");
} catch (error) {
  failed = 1;
  console.error(`missing  ${error.message}`);
  await picture("missing").catch(() => {});
} finally {
  await fetch(`${address}/api/shutdown`, { method: "POST", headers: { Authorization: `token ${token}` } }).catch(() => jupyter.kill());
  await browser.close();
  await new Promise((resolve) => (jupyter.exitCode === null ? jupyter.once("exit", resolve) : resolve()));
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${report.length} seen, ${failed} missing; pictures in ${pictures}`);
process.exit(failed);

/** Two values of a progress bar, the second larger. */
async function moves() {
  const bar = page.locator(".jp-OutputArea progress").last();
  const value = () => bar.evaluate((bar) => bar.value, null, { timeout: 500 });
  const first = await value();
  return until("a larger value", async () => (await value()) > first, 5000);
}

async function drawn() {
  const drawings = page.locator(".jp-RenderedSVG img, .jp-RenderedSVG svg");
  const size = await drawings.first().evaluate((drawing) => drawing.getBoundingClientRect().width);
  return size > 200;
}
