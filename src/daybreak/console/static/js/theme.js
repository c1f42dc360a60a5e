// Sets the colours before the first picture; a module would run after it.
(() => {
  let chosen = null;
  try { chosen = localStorage.getItem("daybreak.theme"); } catch { /* storage is switched off */ }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
