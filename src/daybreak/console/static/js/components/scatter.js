// A picture of many points: WebGL draws a million without stutter; without it a plain canvas does.
import { colourOf } from "../colour.js";

const VERTEX = `
attribute vec2 place; attribute vec3 tint; attribute float size;
uniform vec2 centre; uniform vec2 scale; uniform float ratio; varying vec3 colour;
void main() { gl_Position = vec4((place - centre) * scale, 0.0, 1.0); gl_PointSize = size * ratio; colour = tint; }`;
const FRAGMENT = `
precision mediump float; varying vec3 colour;
void main() {
  float radius = length(gl_PointCoord - 0.5);
  float alpha = 1.0 - smoothstep(0.40, 0.50, radius);
  if (alpha < 0.02) discard;
  gl_FragColor = vec4(colour * alpha * 0.85, alpha * 0.85);
}`;
/** Points that are drawn while the view moves: the number follows the time that a picture takes. */
const MIN_MOVING = 20_000, SLOW_MS = 34, FAST_MS = 20, REST_MS = 150;
const CELLS = 128;
const HOVER_PIXELS = 14;
const MAX_ZOOM = 400;
/** Largest ratio of the scales of both axes: a wide frame is used, but shapes stay recognisable. */
const MAX_STRETCH = 1.6;

/** Draws points in a canvas, with zooming, moving, and search of the nearest point. */
export class Scatter {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.centre = [0, 0];
    this.zoom = 1;
    this.count = 0;
    this.limit = Infinity;
    // The shader smooths the points; antialiasing would take four times as long without a graphics card.
    this.gl = canvas.getContext("webgl", { antialias: false, premultipliedAlpha: true, preserveDrawingBuffer: true, alpha: true });
    if (this.gl) this.#prepare();
    else this.plain = canvas.getContext("2d");
  }

  /**
   * Set the points.
   * @param {Float32Array} places x and y of each point, from -1 to 1
   * @param {Float32Array} tints red, green and blue of each point, from 0 to 1
   * @param {Float32Array} sizes diameter of each point in pixels
   */
  setPoints(places, tints, sizes) {
    const isNew = places !== this.places;
    if (isNew) { this.places = places; this.#index(); }
    Object.assign(this, { tints, sizes, count: sizes.length });
    if (this.gl) {
      for (const name of isNew ? ["places", "tints", "sizes"] : ["tints", "sizes"]) this.#upload(name, this[name]);
      if (isNew) this.#shuffle();
    }
    this.draw();
  }

  /** Draw with the next picture of the browser. */
  draw() {
    if (this.waiting || this.gone) return;
    this.waiting = requestAnimationFrame((now) => { this.waiting = 0; if (this.moving) this.#adapt(now); this.#paint(); });
  }

  /** Draw while the view moves: only as many points as the browser can draw without stutter. */
  #drawMoving() {
    if (!this.moving) this.lastPainted = 0;
    clearTimeout(this.moving);
    this.moving = setTimeout(() => { this.moving = 0; this.draw(); }, REST_MS);
    this.draw();
  }

  /** Follow the time between two pictures of a movement with the number of points. */
  #adapt(now) {
    const passed = now - this.lastPainted;
    if (this.lastPainted && passed < REST_MS) {
      if (passed > SLOW_MS) this.limit = Math.max(MIN_MOVING, Math.min(this.limit, this.count) / 2);
      else if (passed < FAST_MS && this.limit < this.count) this.limit *= 1.25;
    }
    this.lastPainted = now;
  }

  destroy() {
    this.gone = true;
    clearTimeout(this.moving);
    cancelAnimationFrame(this.waiting);
    for (const buffer of Object.values(this.buffers ?? {})) this.gl.deleteBuffer(buffer);
    if (this.gl) this.gl.deleteBuffer(this.shuffled);
  }

  /** Move the view by pixels. */
  move(dx, dy) {
    const [sx, sy] = this.#scale();
    this.centre = [this.centre[0] - (2 * dx) / this.canvas.clientWidth / sx, this.centre[1] + (2 * dy) / this.canvas.clientHeight / sy];
    this.#drawMoving();
  }

  /** Zoom by a factor; a place in pixels stays where it is. */
  zoomBy(factor, at = [this.canvas.clientWidth / 2, this.canvas.clientHeight / 2]) {
    const before = this.toPlace(at);
    this.zoom = Math.min(MAX_ZOOM, Math.max(0.5, this.zoom * factor));
    const after = this.toPlace(at);
    this.centre = [this.centre[0] + before[0] - after[0], this.centre[1] + before[1] - after[1]];
    this.#drawMoving();
  }

  /** Show a place, or everything. */
  lookAt(place = [0, 0], zoom = 1) {
    Object.assign(this, { centre: [...place], zoom });
    this.draw();
  }

  toPlace([px, py]) {
    const [sx, sy] = this.#scale();
    return [this.centre[0] + ((2 * px) / this.canvas.clientWidth - 1) / sx, this.centre[1] + (1 - (2 * py) / this.canvas.clientHeight) / sy];
  }
  toPixels([x, y]) {
    const [sx, sy] = this.#scale();
    return [((x - this.centre[0]) * sx + 1) * this.canvas.clientWidth / 2, (1 - (y - this.centre[1]) * sy) * this.canvas.clientHeight / 2];
  }

  /** Return the number of the point nearest to a place in pixels, -1 if none is near. */
  nearest(at) {
    if (!this.count) return -1;
    const [x, y] = this.toPlace(at);
    const [sx] = this.#scale();
    const reach = (2 * HOVER_PIXELS) / this.canvas.clientWidth / sx;
    let best = -1, least = reach * reach;
    for (let row = cell(y - reach); row <= cell(y + reach); row += 1) {
      for (let column = cell(x - reach); column <= cell(x + reach); column += 1) {
        const at_ = row * CELLS + column;
        for (let k = this.starts[at_]; k < this.starts[at_ + 1]; k += 1) {
          const point = this.order[k];
          const gap = (this.places[2 * point] - x) ** 2 + (this.places[2 * point + 1] - y) ** 2;
          if (gap < least) { least = gap; best = point; }
        }
      }
    }
    return best;
  }

  /** Return the numbers of the points inside a polygon of places. */
  inside(polygon) {
    const xs = polygon.map((corner) => corner[0]), ys = polygon.map((corner) => corner[1]);
    const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const found = [];
    for (let point = 0; point < this.count; point += 1) {
      const x = this.places[2 * point], y = this.places[2 * point + 1];
      if (x >= left && x <= right && y >= low && y <= high && contains(polygon, x, y)) found.push(point);
    }
    return found;
  }

  #scale() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const wide = Math.min(width, height * MAX_STRETCH), high = Math.min(height, width * MAX_STRETCH);
    return [(wide * 0.94 * this.zoom) / Math.max(width, 1), (high * 0.94 * this.zoom) / Math.max(height, 1)];
  }

  #prepare() {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    gl.useProgram(program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.uniforms = Object.fromEntries(["centre", "scale", "ratio"].map((name) => [name, gl.getUniformLocation(program, name)]));
    this.large = gl.getExtension("OES_element_index_uint");
    this.buffers = {};
    this.shuffled = gl.createBuffer();
    for (const [name, attribute, width] of [["places", "place", 2], ["tints", "tint", 3], ["sizes", "size", 1]]) {
      const at = gl.getAttribLocation(program, attribute);
      this.buffers[name] = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, width, gl.FLOAT, false, 0, 0);
    }
  }

  #upload(name, values) {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffers[name]);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, values, this.gl.STATIC_DRAW);
  }

  /** Put the numbers of the points into a random order, so that the first ones stand for all. */
  #shuffle() {
    if (!this.large) return;
    const order = Uint32Array.from({ length: this.count }, (_, point) => point);
    for (let last = this.count - 1, seed = 1; last > 0; last -= 1) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      const other = Math.floor(seed / 4294967296 * (last + 1));
      [order[last], order[other]] = [order[other], order[last]];
    }
    this.gl.bindBuffer(this.gl.ELEMENT_ARRAY_BUFFER, this.shuffled);
    this.gl.bufferData(this.gl.ELEMENT_ARRAY_BUFFER, order, this.gl.STATIC_DRAW);
  }

  #paint() {
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const width = Math.round(this.canvas.clientWidth * ratio), height = Math.round(this.canvas.clientHeight * ratio);
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const scale = this.#scale();
    if (this.gl) {
      const { gl } = this;
      gl.viewport(0, 0, width, height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniform2fv(this.uniforms.centre, this.centre);
      gl.uniform2fv(this.uniforms.scale, scale);
      gl.uniform1f(this.uniforms.ratio, ratio * Math.min(3, Math.max(1, Math.sqrt(this.zoom) * 0.8)));
      this.drawn = this.moving && this.large ? Math.min(this.count, Math.round(this.limit)) : this.count;
      if (this.drawn < this.count) gl.drawElements(gl.POINTS, this.drawn, gl.UNSIGNED_INT, 0);
      else if (this.count) gl.drawArrays(gl.POINTS, 0, this.count);
    } else if (this.plain) this.#paintPlain(ratio);
    this.onPaint?.();
  }

  #paintPlain(ratio) {
    const { plain } = this;
    plain.setTransform(ratio, 0, 0, ratio, 0, 0);
    plain.clearRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    for (let point = 0; point < this.count; point += 1) {
      const [x, y] = this.toPixels([this.places[2 * point], this.places[2 * point + 1]]);
      const [r, g, b] = [0, 1, 2].map((channel) => Math.round(this.tints[3 * point + channel] * 255));
      plain.fillStyle = `rgb(${r} ${g} ${b} / 85%)`;
      plain.beginPath();
      plain.arc(x, y, this.sizes[point] / 2, 0, 7);
      plain.fill();
    }
  }

  /** Sort the points into cells. */
  #index() {
    const n = this.places.length / 2;
    const cells = new Int32Array(n);
    this.starts = new Int32Array(CELLS * CELLS + 1);
    for (let point = 0; point < n; point += 1) {
      cells[point] = cell(this.places[2 * point + 1]) * CELLS + cell(this.places[2 * point]);
      this.starts[cells[point] + 1] += 1;
    }
    for (let at = 0; at < CELLS * CELLS; at += 1) this.starts[at + 1] += this.starts[at];
    const next = this.starts.slice();
    this.order = new Int32Array(n);
    for (let point = 0; point < n; point += 1) this.order[next[cells[point]]++] = point;
  }
}

const cell = (value) => Math.min(CELLS - 1, Math.max(0, Math.floor((value + 1) / 2 * CELLS)));

function contains(polygon, x, y) {
  let inside = false;
  for (let a = 0, b = polygon.length - 1; a < polygon.length; b = a++) {
    const [ax, ay] = polygon[a], [bx, by] = polygon[b];
    if ((ay > y) !== (by > y) && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/** Return a colour of the page as red, green and blue from 0 to 1. */
export function tintOf(name) {
  const parts = colourOf(name).match(/[\d.]+/g).map(Number);
  return parts.slice(0, 3).map((part) => part / 255);
}
