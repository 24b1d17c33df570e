/* The cake as you choose it: the server draws and prices it, this only saves pressing the button.

   What is marked data-live is taken from the server's page; fields stay as they are typed. */

const form = document.querySelector("[data-designer]");
const bad = document.getElementById("words-bad");
const words = document.getElementById("words");
const WAIT = 250; // milliseconds after the last change
let waiting;
let asking;

async function draw() {
  asking?.abort();
  asking = new AbortController();
  const body = new FormData(form);
  body.set("show", "1");
  try {
    const answer = await fetch(form.action, { method: "POST", body, signal: asking.signal });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const before = price();
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(part.id);
      if (fresh && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
    }
    mark();
    say(before);
  } catch {
    /* No network, or a newer question: the drawing stays, and the button asks the server anew. */
  }
}

const price = () => document.getElementById("bar-price").textContent;

function mark() {
  const is_bad = Boolean(bad.children.length);
  words.closest(".field").toggleAttribute("data-bad", is_bad);
  if (is_bad) words.setAttribute("aria-invalid", "true");
  else words.removeAttribute("aria-invalid");
}

function say(before) {
  const aloud = document.querySelector("[data-say]");
  const text = bad.children.length ? bad.textContent.trim() : price() !== before ? `The cake now costs ${price()}` : "";
  if (aloud && text) aloud.textContent = text;
}

function changed(event) {
  if (event.target.name === "email") return;
  clearTimeout(waiting);
  waiting = setTimeout(draw, WAIT);
}

/* Who comes back finds what they chose, which the browser remembers; the drawing and the price follow. */
function differs(field) {
  return field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
}

addEventListener("pageshow", () => [...form.querySelectorAll("input, textarea")].some(differs) && draw());
form.addEventListener("input", changed);
form.addEventListener("change", changed);
