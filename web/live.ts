// Keeps the page up to date: by server-sent events, and by asking for the page again where those do not come. A number
// that may have been overtaken is never called live.

type Snapshot = {
  as_of_slot: number;
  verified_at: string | null;
  shown: Record<string, string>;
  newest_receipt: { signature: string; job_id: string } | null;
};

/** How often the page is asked for while no stream is open. */
const POLL = 5_000;
/** Without news for this long the figures are not called live. */
const QUIET = 15_000;
/** The tables follow at most this often, and at least this often while slots go on. */
const TABLES_SOONEST = 5_000;
const TABLES_LATEST = 30_000;
/** A stream that the server refused is asked for again after this time. */
const REOPEN = 30_000;

const byId = (id: string): HTMLElement | null => document.getElementById(id);

/** Text of elements that bear a name; untouched where nothing has changed. */
const write = (name: string, text: string): void => {
  for (const place of document.querySelectorAll(`[data-live="${name}"]`)) {
    if (place.textContent !== text) place.textContent = text;
  }
};

/** Says how far the figures can be believed. The words change with the state only: they are read aloud. */
const say = (kind: "live" | "waiting" | "lost", text: string): void => {
  const state = byId("state");
  if (state && state.textContent !== text) state.textContent = text;
  const dot = byId("dot");
  if (dot) dot.className = `dot ${kind}`;
  document.body.dataset.state = kind;
  // How far behind they are grows from here on.
  if (kind === "lost") write("lag", "unknown");
};

const slot = (): string => byId("as_of")?.textContent ?? "?";

/** Whether a reader is at this place: about to follow a link, or with text of it selected. */
const isRead = (place: Element): boolean => {
  const chosen = getSelection();
  const selected = chosen !== null && !chosen.isCollapsed && chosen.containsNode(place, true);
  return selected || place.contains(document.activeElement);
};

/** Takes over the parts of a newer page, all but those that are being read. */
const adopt = (page: Document): void => {
  for (const place of document.querySelectorAll("[data-adopt]")) {
    const newer = page.getElementById(place.id);
    if (!newer || isRead(place) || newer.innerHTML === place.innerHTML) continue;
    place.replaceChildren(...[...newer.childNodes].map((node) => document.importNode(node, true)));
  }
};

const query = (): string => {
  const finality = new URLSearchParams(location.search).get("finality");
  return finality ? `?finality=${encodeURIComponent(finality)}` : "";
};

/** The server is there and has no figures. */
class Refused extends Error {}

/** The page as the server renders it now. */
const newerPage = async (): Promise<Document> => {
  const answer = await fetch(`/${query()}`, { cache: "no-store", signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Refused(`the page answered ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
};

export const follow = (): void => {
  let source: EventSource | null = null;
  let newsAt = 0;
  let tablesAt = Date.now();
  let tablesAsked = false;
  let receipt = "";
  let triedAt = 0;
  let asking = false;

  const tables = async (): Promise<void> => {
    if (tablesAsked) return;
    tablesAsked = true;
    try {
      adopt(await newerPage());
    } catch (error) {
      console.warn(error);
    }
    tablesAt = Date.now();
    tablesAsked = false;
  };

  const show = (told: Snapshot): void => {
    newsAt = Date.now();
    for (const [name, text] of Object.entries(told.shown)) write(name, text);
    if (told.verified_at) write("verified", `${told.verified_at.slice(0, 19).replace("T", " ")} UTC`);
    say("live", "Live: these figures follow the chain.");
    const newest = told.newest_receipt ? told.newest_receipt.signature + told.newest_receipt.job_id : "";
    const age = Date.now() - tablesAt;
    if (age > TABLES_LATEST || (newest !== receipt && age > TABLES_SOONEST)) {
      receipt = newest;
      void tables();
    }
  };

  const trouble = (): void => {
    newsAt = 0;
    say("lost", `The server cannot read new figures, figures of slot ${slot()}.`);
  };

  const lost = (): void => {
    newsAt = 0;
    say("lost", `Connection lost, figures of slot ${slot()}.`);
  };

  const close = (): void => {
    source?.close();
    source = null;
  };

  const open = (): void => {
    close();
    triedAt = Date.now();
    const stream = new EventSource(`/api/validation/live${query()}`);
    source = stream;
    stream.addEventListener("snapshot", (event) => show(JSON.parse((event as MessageEvent<string>).data)));
    stream.addEventListener("trouble", trouble);
    stream.onerror = lost;
  };

  // Where no events come, the page is asked for again.
  const poll = async (): Promise<void> => {
    if (asking) return;
    asking = true;
    const before = slot();
    try {
      const page = await newerPage();
      if (newsAt === 0) {
        for (const place of document.querySelectorAll<HTMLElement>("[data-live]")) {
          const newer = page.querySelector(`[data-live="${place.dataset.live}"]`);
          if (newer) write(place.dataset.live ?? "", newer.textContent ?? "");
        }
        adopt(page);
        const moved = before !== slot();
        say("waiting", moved ? `Asked for every 5 s, figures of slot ${slot()}.` : `No news, figures of slot ${slot()}.`);
      }
    } catch (error) {
      console.warn(error);
      if (newsAt === 0) (error instanceof Refused ? trouble : lost)();
    }
    asking = false;
  };

  const watch = (): void => {
    if (document.hidden) return;
    if (newsAt > 0 && Date.now() - newsAt > QUIET) newsAt = 0;
    if (newsAt > 0) return;
    void poll();
    // A browser gives up a stream that was refused, and a silent one tells it nothing.
    if (Date.now() - triedAt > REOPEN) open();
  };

  // Nobody looks at a hidden page: its place is for others.
  document.addEventListener("visibilitychange", () => {
    newsAt = 0;
    if (document.hidden) {
      close();
      say("waiting", `Paused, figures of slot ${slot()}.`);
    } else {
      open();
    }
  });
  addEventListener("pagehide", close);
  say("waiting", `Connecting, figures of slot ${slot()}.`);
  if (!document.hidden) open();
  setInterval(watch, POLL);
};
