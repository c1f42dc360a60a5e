// Files that the page offers for saving.
const KEPT_MS = 10_000; // browsers start to save within this time

/** Let the browser save a file; `parts` and `type` are those of a `Blob`. */
export function saveFile(name, parts, type) {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
