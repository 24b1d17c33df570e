/* Day or evening, if the customer chose one. Loaded before the first paint, so that nothing flashes. */
try {
  const theme = localStorage.getItem("theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  /* A browser that keeps nothing: the device decides. */
}
