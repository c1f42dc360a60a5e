// Lists whose elements slide to their new places.
import { useLayoutEffect, useRef } from "../lib.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");
const SLIDE = { duration: 480, easing: "cubic-bezier(.2, .7, .2, 1)" };

/**
 * Return a reference for the parent of elements with the attribute `data-key`: when they are drawn
 * in other places, they slide there; new ones appear.
 */
export function useMoving(order) {
  const parent = useRef(null);
  const places = useRef(new Map());
  useLayoutEffect(() => {
    const before = places.current;
    const now = new Map();
    for (const element of parent.current?.children ?? []) {
      const key = element.dataset.key;
      const box = { x: element.offsetLeft, y: element.offsetTop };
      now.set(key, box);
      if (still.matches || !before.size) continue;
      const old = before.get(key);
      if (!old) element.animate([{ opacity: 0, transform: "scale(.94)" }, { opacity: 1, transform: "none" }], SLIDE);
      else if (old.x !== box.x || old.y !== box.y) {
        element.animate([{ transform: `translate(${old.x - box.x}px, ${old.y - box.y}px)` }, { transform: "none" }], SLIDE);
      }
    }
    places.current = now;
  }, [order]);
  return parent;
}
