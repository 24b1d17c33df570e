/* The page of one cake while it is painted. How things stand comes from the question that every page asks (shop.js);
   when it has ended, the server's page for that takes over. */

const page = document.querySelector("[data-running]");
const one = (selector) => page.querySelector(selector);
const UNLISTED = 5000; // milliseconds until the next look at a cake that is not in the visitor's own list
let number = Number(page?.dataset.number);

document.addEventListener("cakes", (event) => {
  if (!page) return;
  const job = event.detail.find((each) => each.key === page.dataset.job);
  if (job?.is_running) return show(job);
  if (job) event.preventDefault(); // what happened is said on the page that comes
  setTimeout(() => location.reload(), job ? 0 : UNLISTED);
});

function show(job) {
  document.title = document.title.replace(/^.*?,/, `${job.progress} %,`);
  one("[data-percent]").textContent = `${job.progress}\u00a0%`;
  one("progress").value = job.progress;
  if (job.state === "running") one("h1").textContent = "We are painting your cake.";
  if (job.left) one("[data-text]").textContent = job.left;
  else if (job.state === "running") one("[data-text]").textContent = "It sharpens as you watch.";
  const coats = [...page.querySelectorAll(".coats li")];
  coats.forEach((coat, place) => coat.classList.toggle("on", place < job.coats));
  if (number !== job.number) change(job);
}

/* The frame is as large before as after: nothing on the page moves. */
function change(job) {
  number = job.number;
  const picture = new Image(960, 720);
  picture.alt = page.dataset.alt;
  picture.addEventListener("load", () => one("[data-picture]").replaceChildren(picture));
  picture.src = job.picture;
}
