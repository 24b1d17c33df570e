/* Steve’s Bakery: every page works without this file. It saves round trips and says what happened.

   Each part looks for its own data attribute and leaves when there is none. Nothing here knows a price or a rule:
   the server does. Pages are the same for everybody, so what is yours comes from one small call: /me.json. */

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

const ICON = {
  close: "m6 6 12 12M18 6 6 18",
  search: "m16 16 5 5M18 11a7 7 0 1 1-14 0 7 7 0 0 1 14 0z",
};

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICON[name]);
  svg.append(path);
  return svg;
}

/* ------------------------------------------------------------ day and evening */

function themes() {
  const root = document.documentElement;
  const buttons = all("[data-theme-set]");
  const show = () =>
    buttons.forEach((button) => button.setAttribute("aria-pressed", button.dataset.themeSet === (root.dataset.theme ?? "auto")));
  const choose = (theme) => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    try {
      if (theme === "auto") localStorage.removeItem("theme");
      else localStorage.setItem("theme", theme);
    } catch {
      /* A browser that keeps nothing: the choice lasts as long as the page. */
    }
    show();
  };
  buttons.forEach((button) => button.addEventListener("click", () => choose(button.dataset.themeSet)));
  show();
  all(".theme").forEach((group) => (group.hidden = false));
}

/* ------------------------------------------------------------ what is yours: name, basket, token */

let token = "";

async function me() {
  try {
    const answer = await fetch(one("[data-mine]").dataset.mine, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const mine = await answer.json();
    token = mine.csrf ?? "";
    all("form[data-csrf]").forEach(carryToken);
    showName(mine);
    showBasket(mine.basket ?? 0);
    (mine.notices ?? []).forEach((words) => notice(words, "done"));
    if (mine.jobs || one("[data-running]")) cakes();
    await news(mine.name);
  } catch {
    /* Without it the page stays as it was sent: "Your account" and "Basket". */
  }
}

/* What friends liked, for a page that has a place for it. Nothing is shown where there is nothing. */
async function news(name) {
  const place = one("[data-news]");
  if (!place) return;
  const answer = name && (await fetch(place.dataset.news, { headers: { Accept: "application/json" } }));
  const html = answer?.ok ? (await answer.json()).html : "";
  one("ul", place).replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.children);
  place.hidden = !html;
}

function carryToken(form) {
  const field = one("[name=csrfmiddlewaretoken]", form) ?? form.appendChild(element("input", { type: "hidden", name: "csrfmiddlewaretoken" }));
  field.value = token;
}

function showName({ name, picture }) {
  const link = one("[data-me]");
  if (!link || !name) return;
  link.setAttribute("aria-label", `Your account, ${name}`);
  if (picture) link.replaceChildren(element("span", { class: "avatar" }, element("img", { src: picture, alt: "", width: 30, height: 30 })));
  else link.replaceChildren(element("span", { class: "avatar", "aria-hidden": "true" }, [...name][0].toUpperCase()));
}

function showBasket(things) {
  const link = one("[data-basket]");
  const count = link && one(".count", link);
  if (!count) return;
  if (!count.hidden && Number(count.textContent) !== things) {
    count.classList.remove("new");
    requestAnimationFrame(() => count.classList.add("new"));
  }
  count.hidden = !things;
  count.textContent = things;
  link.setAttribute("aria-label", things ? `Basket ${things} ${things === 1 ? "thing" : "things"}` : "Basket, empty");
}

/* ------------------------------------------------------------ saying things */

let fading;

function say(words) {
  const aloud = one("[data-say]");
  if (aloud) aloud.textContent = words;
}

/* A box at the foot of the page, above those that are there. */
function box(kind, name, hide, ...children) {
  const close = element("button", { class: "close", type: "button", "aria-label": "Hide this notice" }, icon("close"));
  const made = element("div", { class: `notice ${kind}`, [`data-${name}`]: "" }, ...children, close);
  close.addEventListener("click", hide ?? (() => made.remove()));
  const all = one(".notices") ?? document.body.appendChild(element("section", { class: "notices", "aria-label": "Notices" }));
  all.prepend(made);
  return made;
}

function notice(words, kind, link) {
  one("[data-notice]")?.remove();
  const text = element("p", {}, words);
  if (link) text.append(" ", element("a", { href: link.href }, link.words));
  const made = box(kind, "notice", null, text);
  say(words);
  clearTimeout(fading);
  if (kind === "done") fading = setTimeout(() => !made.matches(":hover, :focus-within") && made.remove(), 6000);
}

/* ------------------------------------------------------------ the cakes that are painted for you, on every page */

const FAST = 500; // milliseconds between two questions: while something moves, while nothing does, after errors
const SLOW = 5000;
const SLOWEST = 60000;
const SAID = { running: "We are painting your cake.", done: "Your cake is ready.", failed: "Your cake’s picture did not come out." };
const phase = (job) => (job.is_running ? "running" : job.state);
let round = 0;

/* Ask until nothing is under way. A round that begins later ends this one: there is never more than one a page. */
async function cakes() {
  const mine = ++round;
  let [delay, last, moves] = [FAST, "", true];
  while (moves && mine === round) {
    try {
      const answer = await fetch(one("[data-jobs]").dataset.jobs, { headers: { Accept: "application/json" } });
      const text = answer.ok ? await answer.text() : "";
      const { jobs } = JSON.parse(text);
      if (mine !== round) return;
      delay = text === last ? Math.min(SLOW, delay * 1.5) : FAST;
      last = text;
      moves = jobs.some((job) => job.is_running);
      showCakes(jobs);
    } catch {
      delay = Math.min(SLOWEST, Math.max(SLOW, delay * 2)); /* What is shown stays: the painting goes on. */
    }
    if (moves) await new Promise((go) => setTimeout(go, document.hidden ? Math.max(delay, SLOW) : delay));
  }
}

/* What this browser was told of, and what it hid, by the key of the job: other tabs know it, too. */
function noted(kind, change) {
  try {
    const notes = JSON.parse(localStorage.getItem(kind)) ?? {};
    if (change) localStorage.setItem(kind, JSON.stringify(Object.fromEntries(Object.entries({ ...notes, ...change }).slice(-20))));
    return notes;
  } catch {
    return {};
  }
}

function showCakes(jobs) {
  if (!document.dispatchEvent(new CustomEvent("cakes", { detail: jobs, cancelable: true }))) return;
  const told = noted("cakes-told");
  const own = jobs.find((job) => job.key === one("[data-job]")?.dataset.job);
  if (own && !own.is_running) noted("cakes-hidden", { [own.key]: phase(own) });
  for (const job of jobs) {
    if (told[job.key] === phase(job)) continue;
    noted("cakes-told", { [job.key]: phase(job) });
    say(SAID[phase(job)]);
  }
  const hidden = noted("cakes-hidden");
  const open = jobs.filter((job) => job !== own && hidden[job.key] !== phase(job));
  const running = open.filter((job) => job.is_running);
  const shown = open.find((job) => !job.is_running) ?? running[0];
  if (shown) cakeNotice(shown, shown.is_running ? running : [shown]);
  else one("[data-cake]")?.remove();
}

function cakeNotice(job, jobs) {
  const name = jobs.map((each) => each.key + phase(each)).join();
  let made = one("[data-cake]");
  if (made?.dataset.cake !== name) {
    made?.remove();
    made = box(job.is_running ? "" : job.state === "done" ? "done" : "sad", "cake", () => {
      noted("cakes-hidden", Object.fromEntries(jobs.map((each) => [each.key, phase(each)])));
      made.remove();
    }, element("img", { width: 64, height: 64, alt: "" }), job.is_running ? cakeRunning(job, jobs) : cakeEnded(job));
    made.dataset.cake = name;
  }
  const picture = one("img", made);
  picture.hidden = !job.picture;
  if (job.picture && picture.getAttribute("src") !== job.picture) picture.src = job.picture;
  const percent = Math.round(jobs.reduce((sum, each) => sum + each.progress, 0) / jobs.length);
  const is_queued = jobs.every((each) => each.state === "queued");
  if (!job.is_running) return;
  one("span", made).textContent = is_queued ? "waiting for a painter" : `${percent}\u00a0%`;
  if (is_queued) one("progress", made).removeAttribute("value");
  else one("progress", made).value = percent;
}

function cakeRunning(job, jobs) {
  const what = element("b", {}, jobs.length > 1 ? `${jobs.length} cakes` : "Painting your cake");
  const words = element("p", {}, what, ", ", element("span"), ". ", element("a", { href: job.url }, "Have a look"));
  return element("div", {}, words, element("progress", { class: "thin", max: 100, "aria-label": "Your cake picture" }));
}

function cakeEnded(job) {
  const links = element("div", { class: "row" }, element("a", { href: job.url }, job.state === "done" ? "See it" : "Look at it"));
  if (job.state === "done") {
    const form = links.appendChild(element("form", { method: "post", action: job.basket }, element("button", { class: "linkish" }, "Into the basket")));
    form.addEventListener("submit", () => noted("cakes-hidden", { [job.key]: phase(job) }));
    carryToken(form);
  }
  return element("div", {}, element("p", {}, element("b", {}, SAID[job.state]), " ", element("bdi", {}, job.title)), links);
}

/* ------------------------------------------------------------ into the basket without leaving the page */

/* One after the other: the first thing a visitor puts in starts the session that the second needs. */
let lastAdded = Promise.resolve();

function adding() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form.add, form#add")) return;
    event.preventDefault();
    lastAdded = lastAdded.then(() => add(form, event.submitter));
  });
}

async function add(form, button) {
  const body = new FormData(form, button);
  button?.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    const told = await answer.json();
    if (answer.status === 403) return leave(form, button);
    if ("basket" in told) showBasket(told.basket);
    if (answer.ok) notice(told.said, "done", { href: one("[data-basket]").href, words: "See your basket" });
    else notice(told.said, "sad");
  } catch {
    leave(form, button); /* No network, or an answer that is a page: let the browser go there and show it. */
  } finally {
    button?.removeAttribute("aria-busy");
  }
}

function leave(form, button) {
  if (button?.name) form.append(element("input", { type: "hidden", name: button.name, value: button.value }));
  form.submit();
}

/* ------------------------------------------------------------ how many */

function steps(box) {
  const number = one("input", box);
  const [fewer, more] = all("button", box);
  if (!number || !more) return;
  const least = Number(number.min || 0);
  const most = Number(number.max || 99);
  const set = (wanted) => {
    number.value = Math.min(most, Math.max(least, Math.round(wanted) || least));
    fewer.disabled = Number(number.value) <= least;
    more.disabled = Number(number.value) >= most;
  };
  const step = (by) => {
    set(Number(number.value) + by);
    number.dispatchEvent(new Event("change", { bubbles: true }));
  };
  fewer.addEventListener("click", () => step(-1));
  more.addEventListener("click", () => step(1));
  number.addEventListener("change", () => set(Number(number.value)));
  fewer.hidden = more.hidden = false;
  set(Number(number.value));
}

/* ------------------------------------------------------------ pictures of a product */

function gallery(box) {
  const big = one("[data-big]", box);
  const shots = all("[data-thumb]", box);
  const show = (shot) => {
    big.src = shot.href;
    big.alt = one("img", shot).alt;
    shots.forEach((other) => other.removeAttribute("aria-current"));
    shot.setAttribute("aria-current", "true");
  };
  if (!big) return;
  shots.forEach((shot) =>
    shot.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      show(shot);
    }),
  );
}

/* ------------------------------------------------------------ search: the field in the header, and what it offers */

function searchBar() {
  const opener = one("[data-search]");
  const bar = one(".top-search");
  if (!opener || !bar || one("main [data-suggest]")) return;
  const show = (is_open) => {
    bar.hidden = !is_open;
    opener.setAttribute("aria-expanded", is_open);
    (is_open ? one("input", bar) : opener).focus();
  };
  opener.setAttribute("aria-expanded", "false");
  opener.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    show(bar.hidden);
  });
  one("[data-search-close]", bar).addEventListener("click", () => show(false));
  bar.addEventListener("keydown", (event) => event.key === "Escape" && !event.defaultPrevented && show(false));
}

/* A combobox as the ARIA practices describe it: the focus stays in the field, the arrows move a marker. */
function suggesting(field) {
  const list = element("ul", { class: "offers", role: "listbox", id: `${field.id}-offers`, "aria-label": "Suggestions" });
  const holder = element("div", { class: "suggest" });
  let chosen = -1;
  let asked = "";
  let waiting;

  field.replaceWith(holder);
  holder.append(field, list);
  list.hidden = true;
  for (const [key, value] of Object.entries({ role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list", "aria-controls": list.id })) {
    field.setAttribute(key, value);
  }

  const close = () => {
    list.hidden = true;
    chosen = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };

  const mark = (index) => {
    const options = [...list.children];
    chosen = (index + options.length + 1) % (options.length + 1);
    if (chosen === options.length) chosen = -1;
    options.forEach((option, place) => option.setAttribute("aria-selected", place === chosen));
    if (chosen < 0) return field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-activedescendant", options[chosen].id);
    options[chosen].scrollIntoView({ block: "nearest" });
  };

  const option = (key, act, ...children) => {
    const made = element("li", { role: "option", id: `${list.id}-${key}`, "aria-selected": "false" }, ...children);
    made.addEventListener("mousedown", (event) => event.preventDefault());
    made.addEventListener("click", act);
    return made;
  };

  const offer = ({ products = [], words = [] }) => {
    const searches = words.map((word, place) =>
      option(`word-${place}`, () => ((field.value = word), field.form.requestSubmit()), icon("search"), word),
    );
    const goods = products.map(({ name, url, price, picture }, place) => {
      const made = option(`good-${place}`, () => location.assign(url));
      if (picture) made.append(element("img", { src: picture, alt: "", width: 44, height: 44 }));
      made.append(name);
      if (price != null) made.append(element("b", {}, typeof price === "number" ? `€${(price / 100).toFixed(2)}` : price));
      return made;
    });
    list.replaceChildren(...searches, ...goods);
    chosen = -1;
    list.hidden = !list.children.length;
    field.setAttribute("aria-expanded", !list.hidden);
  };

  const ask = async () => {
    const q = field.value.trim();
    if (q === asked) return;
    asked = q;
    if (q.length < 2) return close();
    try {
      const answer = await fetch(`${field.dataset.suggest}?${new URLSearchParams({ q })}`, { headers: { Accept: "application/json" } });
      const found = answer.ok ? await answer.json() : {};
      if (asked === q && document.activeElement === field) offer(found);
    } catch {
      close(); /* The field is still a search field. */
    }
  };

  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 120);
  });
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") mark(chosen + (event.key === "ArrowDown" ? 1 : chosen < 0 ? 0 : -1));
    else if (event.key === "Enter" && chosen >= 0) list.children[chosen].click();
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
}

/* ------------------------------------------------------------ the basket: new numbers, new total, same page */

let counting;

function keeping() {
  document.addEventListener("change", (event) => {
    const button = one("[data-update]", event.target.form ?? document.createElement("form"));
    if (!button) return;
    clearTimeout(counting);
    counting = setTimeout(() => keep(event.target.form, button), 500);
  });
}

async function keep(form, button) {
  button.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form, button) });
    if (answer.status >= 500) return form.requestSubmit(button);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const label = document.activeElement?.getAttribute("aria-label");
    one("main").replaceChildren(...one("main", page).childNodes);
    begin(one("main"));
    if (label) one(`main [aria-label="${CSS.escape(label)}"]:not([disabled])`)?.focus();
    say(one("main .sum dd")?.textContent ?? "");
    me();
  } catch {
    form.requestSubmit(button);
  }
}

/* ------------------------------------------------------------ begin */

/* In a row that scrolls sideways. */
function showChosen(row) {
  const chosen = one("[aria-current]", row);
  if (chosen) row.scrollLeft += chosen.getBoundingClientRect().left - row.clientWidth / 3;
}

/* What a new piece of the page needs. */
function begin(within) {
  all("[data-suggest]", within).forEach(suggesting);
  all("[data-steps]", within).forEach(steps);
  all("[data-gallery]", within).forEach(gallery);
  all("[data-auto]", within).forEach((field) =>
    field.addEventListener("change", () => field.form.requestSubmit(field.dataset.auto ? one(field.dataset.auto, field.form) : null)),
  );
  all("[data-update]", within).forEach((button) => (button.hidden = true));
  all(".tags, .nav", within).forEach(showChosen);
  one("[data-focus]", within)?.focus();
}

themes();
adding();
keeping();
searchBar();
begin(document);
addEventListener("pageshow", (event) => event.persisted && me());
me();
