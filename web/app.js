// Keeps the figures of the page up to date. The server has rendered them already; without this they stand still.
"use strict";
(() => {
  const PERIOD = 2000;
  const RECEIPTS = 20;
  const body = document.body;
  const simulated = body.dataset.simulated === "true";
  const query = new URLSearchParams(location.search).get("finality") === "finalized" ? "finality=finalized" : "";
  const whole = new Intl.NumberFormat("en-US");
  const byId = (id) => document.getElementById(id);

  // Base units to HYPER with two decimals, rounded down like the server does; exact for any size.
  const hyper = (raw, decimals) => {
    const units = BigInt(raw);
    const scale = 10n ** BigInt(decimals);
    const cents = ((units % scale) * 100n) / scale;
    return `${whole.format(units / scale)}.${String(cents).padStart(2, "0")}`;
  };
  const short = (text) => (text.length <= 14 ? text : `${text.slice(0, 12)}…`);
  const set = (id, text) => {
    const place = byId(id);
    if (place && place.textContent !== text) place.textContent = text;
  };
  const time = (iso) => {
    if (!iso) return document.createTextNode("–");
    const element = document.createElement("time");
    element.dateTime = iso;
    element.textContent = `${iso.slice(0, 19).replace("T", " ")} UTC`;
    return element;
  };
  const code = (text, title) => {
    const element = document.createElement("code");
    element.textContent = text;
    if (title) element.title = title;
    return element;
  };
  const cell = (label, content, kind) => {
    const element = document.createElement("td");
    const inner = document.createElement("span");
    element.dataset.label = label;
    if (kind) element.className = kind;
    inner.append(...[content].flat());
    element.append(inner);
    return element;
  };
  const small = (text) => {
    const element = document.createElement("small");
    element.textContent = text;
    return element;
  };
  const row = (receipt, decimals) => {
    const link = document.createElement("a");
    link.href = simulated ? `/tx/${receipt.txSignature}` : `${body.dataset.explorer}/tx/${receipt.txSignature}`;
    link.append(code(short(receipt.txSignature)));
    const element = document.createElement("tr");
    element.append(
      cell("Completed", time(receipt.timestamp)),
      cell("Job", code(short(receipt.jobId), receipt.jobId)),
      cell("Type", receipt.type.replaceAll("_", " ")),
      cell("Cost", [`${hyper(receipt.costRaw, decimals)} `, small("HYPER")], "number"),
      cell("Transaction", link),
    );
    return element;
  };

  const fetchJson = async (path) => {
    const address = query ? `${path}${path.includes("?") ? "&" : "?"}${query}` : path;
    const answer = await fetch(address, { cache: "no-cache", signal: AbortSignal.timeout(10000) });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
    return answer.json();
  };

  let shown = "";
  const show = (overview, jobs, validation) => {
    const decimals = validation.validation.blockchain.hyperDecimals;
    const network = overview.metrics.network;
    const states = jobs.metrics;
    set("as_of", whole.format(overview.as_of_slot));
    set("finality", overview.finality);
    byId("verified").replaceChildren(time(network.lastUpdated));
    set("nodes_active", whole.format(network.activeNodes));
    set("nodes_total", whole.format(network.totalNodes));
    set("jobs_completed", whole.format(network.completedJobs));
    set("jobs_total", whole.format(network.totalJobs));
    set("jobs_running", whole.format(states.running));
    set("jobs_pending", whole.format(states.pending));
    set("jobs_failed", whole.format(states.failed));
    set("jobs_cancelled", whole.format(states.cancelled));
    set("paid", hyper(network.totalHyperPaidRaw, decimals));
    set("paid_24h", hyper(overview.metrics.recentActivity.last24h.hyperPaidRaw, decimals));
    set("locked", hyper(network.totalValueLockedRaw, decimals));
    const receipts = validation.validation.recentReceipts;
    const key = receipts.map((receipt) => receipt.txSignature + receipt.jobId).join();
    const table = byId("receipts");
    // Untouched while nothing is new, and while a link in it has the focus: a reader may be about to follow it.
    if (key !== shown && receipts.length > 0 && !table.contains(document.activeElement)) {
      table.replaceChildren(...receipts.map((receipt) => row(receipt, decimals)));
      shown = key;
    }
  };

  const tick = async () => {
    try {
      if (!document.hidden) {
        const answers = await Promise.all([
          fetchJson("/api/metrics"),
          fetchJson("/api/metrics/jobs"),
          fetchJson(`/api/metrics/validation?limit=${RECEIPTS}`),
        ]);
        show(...answers);
        byId("dot").className = "dot live";
        set("state", "");
      }
    } catch (error) {
      byId("dot").className = "dot stale";
      set("state", "Not updating: the server does not answer. Trying again.");
      console.warn(error);
    }
    setTimeout(tick, PERIOD);
  };
  tick();
})();
