/* A picture that is being made: the page looks again until it is there, and changes nothing but its place. */

const MOST = 5000; // milliseconds between two looks

async function look(wait) {
  const place = document.querySelector("#picture[data-awaited]");
  if (!place) return;
  try {
    const answer = await fetch(location.pathname);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = answer.ok && page.querySelector("#picture");
    if (now && !now.hasAttribute("data-awaited")) return place.replaceWith(now);
  } catch {
    /* Asked again below. */
  }
  setTimeout(look, wait, Math.min(1.5 * wait, MOST));
}

setTimeout(look, 500, 750);
