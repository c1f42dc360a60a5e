// Colours of the page for canvases, which do not read CSS variables.

/** Return a colour of the page as the browser computes it: `rgb(...)`. */
export function colourOf(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
