// "Recompute in your browser": all evidence of a node, summed up and scored here, beside what the server says. The server's
// sums are not used: units are added up job by job.
import { CAP, UNIT, VERSION, forge, score, sums } from "./reputation.js";
import { underRoots } from "./roots.js";
/** More pages than this are not fetched: 500 jobs each. */
const MOST_PAGES = 2_000;
const fetchPage = async (node, slot, page) => {
    const path = `/api/nodes/${encodeURIComponent(node)}/reputation/proof?slot=${slot}&page=${page}`;
    const answer = await fetch(path, { cache: "no-cache", signal: AbortSignal.timeout(20_000) });
    const body = await answer.json().catch(() => null);
    if (!answer.ok) {
        const said = body?.error;
        throw new Error(`the server answered ${answer.status} for page ${page} of the proof${said ? `: ${said}` : ""}`);
    }
    return body;
};
/** All pages of a proof, which must be of one node and one slot. */
export const fetchProof = async (node, slot, progress, get = fetchPage) => {
    const pages = [];
    for (let number = 1; number <= (pages[0]?.pages ?? 1); number += 1) {
        const page = await get(node, slot, number);
        if (page.node_id !== node || String(page.slot) !== slot)
            throw new Error("the server answered for another node or slot");
        if (page.version !== VERSION)
            throw new Error(`the score is of version ${page.version}; this page knows version ${VERSION}`);
        if (page.pages > MOST_PAGES)
            throw new Error(`the proof has ${page.pages} pages, more than a browser should fetch`);
        pages.push(page);
        progress(number, page.pages);
    }
    return pages;
};
/** Scores the evidence of these pages and compares. */
export const judge = (pages) => {
    const told = pages[0];
    const entries = [];
    const requesters = new Set();
    const known = new Set();
    const counts = { good: 0, failed: 0, expired: 0 };
    for (const { requester, day, evidence } of pages.flatMap((page) => page.entries)) {
        requesters.add(requester);
        for (const job of evidence) {
            // A job is good once at most, and bad once at most.
            const good = job.kind === "good";
            const key = `${job.program} ${job.job} ${good}`;
            if (known.has(key))
                throw new Error(`the proof counts job ${job.job} twice`);
            if (!Object.hasOwn(counts, job.kind))
                throw new Error(`the proof has evidence of an unknown kind, ${job.kind}`);
            const units = BigInt(job.units);
            const most = job.kind === "expired" ? (UNIT * 3n) / 2n : UNIT;
            if (units <= 0n || units > most)
                throw new Error(`the proof gives job ${job.job} ${units} units; ${most} are the most`);
            known.add(key);
            counts[job.kind] += 1;
            entries.push({ requester, day, good: good ? units : 0n, bad: good ? 0n : units });
        }
    }
    const totals = sums(entries, Math.floor(told.block_time / 86_400));
    const here = score(totals);
    const cost = forge(here.value);
    const differences = [];
    const compare = (name, mine, theirs) => {
        if (String(mine) !== String(theirs))
            differences.push(`${name}: ${mine} here, ${theirs} there`);
    };
    compare("score", here.value, told.score);
    compare("mean", here.mean, told.mean);
    compare("upper bound", here.upper, told.upper);
    compare("good evidence", totals.good, told.good);
    compare("bad evidence", totals.bad, told.bad);
    compare("good jobs", counts.good, told.jobs.good);
    compare("failed jobs", counts.failed, told.jobs.failed);
    compare("expired jobs", counts.expired, told.jobs.expired);
    compare("cost to forge", cost?.rawHyper ?? null, told.forge?.raw_hyper ?? null);
    const most = CAP * BigInt(requesters.size);
    if (totals.good > most || totals.bad > most)
        differences.push("the sums pass what the requesters may add");
    return {
        here: here.value,
        there: told.score,
        differences,
        jobs: entries.length,
        requesters: requesters.size,
        pages: pages.length,
    };
};
/** Holds the evidence of these pages against the roots of its days. */
export const judgeRoots = async (pages) => {
    // Browsers hash on secure pages only: HTTPS, or this machine's own.
    if (!globalThis.crypto?.subtle)
        return null;
    const pieces = pages.flatMap((page) => page.entries.flatMap(({ requester, day, evidence }) => evidence.map((job) => ({ ...job, requester, day, units: BigInt(job.units) }))));
    // A day's evidence may lie on several pages: each has its root.
    const roots = new Map(pages.flatMap((page) => page.roots).map((root) => [JSON.stringify(root), root]));
    return { days: roots.size, wrong: await underRoots(pages[0].node_id, pieces, [...roots.values()]) };
};
const element = (name, text, kind = "") => {
    const made = document.createElement(name);
    made.textContent = text;
    if (kind)
        made.className = kind;
    return made;
};
const plural = (number, word) => `${number.toLocaleString("en-US")} ${word}${number === 1 ? "" : "s"}`;
const verdict = (of, roots) => {
    const differences = [...of.differences, ...(roots?.wrong ?? [])];
    const match = differences.length === 0;
    const numbers = `your browser computes ${of.here}, the server says ${of.there}`;
    const counts = `${plural(of.jobs, "piece")} of evidence by ${plural(of.requesters, "requester")}, ${plural(of.pages, "page")} of proof`;
    const line = element("p", "", match ? "verdict good" : "verdict bad");
    line.append(element("strong", match ? "MATCH" : "MISMATCH"), `: ${numbers}.`);
    const more = differences.map((text) => element("li", text));
    const list = document.createElement("ul");
    list.append(...more);
    const under = roots
        ? roots.days > 0
            ? ` Held against the roots of ${plural(roots.days, "day")}.`
            : " No day of it is over: it is under no root yet."
        : " Not held against the roots of days: browsers hash on secure pages only.";
    const parts = [line, element("p", `From ${counts}.${under}`, "fine")];
    return match ? parts : [...parts, list];
};
/** Gives the box its button. */
export const recompute = (box) => {
    const button = box.querySelector("button");
    const result = box.querySelector("[role=status]");
    const { node, slot } = box.dataset;
    if (!button || !result || !node || !slot)
        return;
    button.hidden = false;
    box.querySelector("[data-still]")?.remove();
    button.addEventListener("click", async () => {
        // Not disabled: that would take the focus away.
        if (button.getAttribute("aria-busy") === "true")
            return;
        button.setAttribute("aria-busy", "true");
        result.replaceChildren(element("p", "Fetching the proof…", "fine"));
        try {
            const pages = await fetchProof(node, slot, (page, all) => {
                if (all > 1)
                    result.replaceChildren(element("p", `Fetched page ${page} of ${all}…`, "fine"));
            });
            result.replaceChildren(...verdict(judge(pages), await judgeRoots(pages)));
        }
        catch (error) {
            const why = error instanceof Error ? error.message : String(error);
            result.replaceChildren(element("p", `This score could not be recomputed: ${why}.`, "bad"));
        }
        button.removeAttribute("aria-busy");
    });
};
