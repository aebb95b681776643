// Refreshes the panels. The server draws them: this asks for the page again and puts the new panels in place of the old.
// Types here only annotate: without them this is JavaScript.

const PERIOD = 10_000;
const WAIT = 30_000;
/** How the button says what pressing it does. */
const PAUSE = "Pause";
const RESUME = "Resume";

const byId = (id: string): HTMLElement | null => document.getElementById(id);
let paused = false;

/** What a reader has opened, by panel, so that it stays open. */
const opened = (): Set<string> => {
  const open = new Set<string>();
  for (const details of document.querySelectorAll("#panels details[open]")) {
    open.add(`${details.closest("section")?.id ?? ""} ${details.className}`);
  }
  return open;
};

/** Puts the panels of a new page in place; those that hold the focus, or whose values are pointed at, stay for now. */
const place = (page: Document): void => {
  const open = opened();
  for (const fresh of page.querySelectorAll<HTMLElement>("#panels > section")) {
    const old = byId(fresh.id);
    if (!old || old.contains(document.activeElement) || old.querySelector(".hint:hover")) continue;
    for (const details of fresh.querySelectorAll("details")) {
      if (open.has(`${fresh.id} ${details.className}`)) details.open = true;
    }
    const places = [...old.querySelectorAll(".scroll")].map((part) => [part.scrollLeft, part.scrollTop]);
    old.replaceWith(document.adoptNode(fresh));
    [...fresh.querySelectorAll(".scroll")].forEach((part, index) => {
      const [left, top] = places[index] ?? [0, 0];
      part.scrollTo(left, top);
    });
  }
};

const show = (className: string, text: string): void => {
  const [dot, state] = [byId("dot"), byId("state")];
  if (dot) dot.className = className;
  if (state && state.textContent !== text) state.textContent = text;
};

const refresh = async (): Promise<void> => {
  if (paused || document.hidden) return;
  try {
    const answer = await fetch(location.href, { cache: "no-cache", signal: AbortSignal.timeout(WAIT) });
    if (!answer.ok) throw new Error(`the page answered ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!paused) place(page);
    show("dot live", "");
  } catch (error) {
    show("dot stale", " Not refreshing: the server does not answer. Trying again.");
    console.warn(error);
  }
};

const tick = async (): Promise<void> => {
  await refresh();
  setTimeout(tick, PERIOD);
};

const button = byId("refresh");
if (button) {
  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? RESUME : PAUSE;
    show(paused ? "dot" : "dot live", paused ? " Paused." : "");
    if (!paused) void refresh();
  });
}
// On a phone the tabs are wider than the screen.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
show("dot live", "");
setTimeout(tick, PERIOD);
