// What the console adds for people with a script: keys, live parts, sorting. Pages read without it.

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/* Live: the stream only says "something changed"; the page then fetches itself and takes over the
   parts marked data-live. The server renders everything once, in one place. */

const REFRESH_MS_MIN = 2000;

function live(href) {
  const badges = $$("[data-live-state]");
  const show = (state, text) => badges.forEach((badge) => {
    badge.hidden = false;
    badge.dataset.state = state;
    badge.textContent = text;
  });
  let timer = 0;
  let last = 0;
  const later = () => {
    if (timer || document.hidden) return;
    timer = setTimeout(async () => {
      await refresh();
      last = Date.now();
      timer = 0;
    }, Math.max(0, last + REFRESH_MS_MIN - Date.now()));
  };
  const stream = new EventSource(href);
  stream.addEventListener("open", () => show("open", "live"));
  stream.addEventListener("error", () => show("lost", "reconnecting"));
  stream.addEventListener("change", later);
  stream.addEventListener("signed-out", () => location.reload());
  document.addEventListener("visibilitychange", () => document.hidden || later());
  addEventListener("pagehide", () => stream.close());
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { "X-Refresh": "1" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of $$("[data-live][id]")) {
    const next = fresh.getElementById(part.id);
    if (!next || next.innerHTML === part.innerHTML || isBusy(part)) continue;
    const known = new Set($$("[data-key]", part).map((row) => row.dataset.key));
    part.replaceChildren(...next.childNodes);
    if (known.size) {
      $$("[data-key]", part).filter((row) => !known.has(row.dataset.key))
        .forEach((row) => row.classList.add("fresh"));
    }
    part.dispatchEvent(new CustomEvent("refreshed", { bubbles: true }));
  }
}

/** A part in which a person types, chooses or has something unfolded is left alone. */
function isBusy(part) {
  return part.contains(document.activeElement) || Boolean($("details[open]", part)) ||
    $$("input:not([type=hidden])", part).some((input) => input.value !== input.defaultValue);
}

/* Keys */

function keys() {
  const dialog = $("#shortcuts");
  let afterG = false;
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return closeMenus(null);
    if (event.target.closest("input, select, textarea, dialog")) return;
    if (afterG) {
      afterG = false;
      const link = $(`[data-go="${CSS.escape(event.key)}"]`);
      if (link) { event.preventDefault(); location.href = link.href; }
      return;
    }
    const act = {
      "/": () => { $("#search")?.focus(); $("#search")?.select(); },
      "?": () => dialog?.showModal(),
      g: () => { afterG = true; setTimeout(() => { afterG = false; }, 1200); },
      j: () => step(1),
      k: () => step(-1),
    }[event.key];
    if (act) { event.preventDefault(); act(); }
  });
}

function step(by) {
  const links = $$(".rows .lead > a:first-child, .needs a").filter((link) => link.offsetParent);
  const at = links.indexOf(document.activeElement);
  links[Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
}

function closeMenus(except) {
  $$("details.unfold[open], details.switcher[open], .top-bar > details[open]")
    .filter((menu) => !except || !menu.contains(except))
    .forEach((menu) => { menu.open = false; });
}

/* Colours: take effect at once and are remembered by the server's cookie */

function theme() {
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form.theme");
    if (!form || !event.submitter) return;
    event.preventDefault();
    const chosen = event.submitter.value;
    document.documentElement.dataset.theme = chosen;
    $$(".theme button").forEach((button) =>
      button.setAttribute("aria-pressed", String(button.value === chosen)));
    document.dispatchEvent(new CustomEvent("theme"));
    const body = new URLSearchParams(new FormData(form));
    body.set("theme", chosen);
    await fetch(form.action, { method: "POST", body, redirect: "manual" });
  });
}

/* Tables that hold all their rows can be sorted by any column */

function sorting() {
  for (const heading of $$("table[data-sortable] th[data-sort]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    heading.replaceChildren(button);
    button.addEventListener("click", () => sortBy(heading));
  }
}

function sortBy(heading) {
  const body = heading.closest("table").tBodies[0];
  const rising = heading.getAttribute("aria-sort") !== "ascending";
  $$("th", heading.parentElement).forEach((other) => other.removeAttribute("aria-sort"));
  heading.setAttribute("aria-sort", rising ? "ascending" : "descending");
  const value = (row) => row.cells[heading.cellIndex].textContent.trim();
  const number = (text) => text === "–" ? 0 : Number(text.replaceAll(",", "").replace("\u2212", "-").replace(/[^\d.-]/g, "") || NaN);
  body.append(...[...body.rows].sort((a, b) => {
    const [x, y] = [number(value(a)), number(value(b))];
    const order = Number.isNaN(x) || Number.isNaN(y) ? value(a).localeCompare(value(b)) : x - y;
    return rising ? order : -order;
  }));
}

/* Commands can be copied where the browser allows it */

function copying() {
  if (!navigator.clipboard) return;
  for (const button of $$("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.previousElementSibling.textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }
}

$(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
copying();
keys();
theme();
sorting();
document.addEventListener("click", (event) => closeMenus(event.target));
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  // After the browser has read the form: a disabled button would not be sent with it.
  setTimeout(() => $$("button", event.target).forEach((button) => { button.disabled = true; }));
});
if ($(".toast")) {
  const clean = new URL(location.href);
  clean.searchParams.delete("done");
  history.replaceState(null, "", clean);
  setTimeout(() => $(".toast")?.remove(), 6000);
}
if (document.body.dataset.liveHref) live(document.body.dataset.liveHref);
