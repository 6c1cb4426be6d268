// Boxes over time, and lanes below them, on a canvas that zooms and pans.
//
// A scene has: `ends` (first and last x), `height` (bytes), `capacity` (bytes or
// null), `boxes` (x0, x1, y0, y1, colour, isPale, label, key, tip), `bands` (x0, x1:
// stalls), `lines` (x, label), `lanes` and `tick` (a number of x as text). A lane has
// `name`, `height` (pixels), and either `bars` (x0, x1, colour, label, key, tip) or
// `columns` (x0, x1, parts: pairs of value and colour, tip) up to `most`. Tips are
// functions that return elements and text.
"use strict";

// What part of the scenes is seen: from 0 to 1. Maps side by side share it.
class View {
  constructor() { this.from = 0; this.to = 1; this.maps = []; }
  set(from, to) {
    const width = Math.min(1, Math.max(to - from, 1e-5));
    this.from = Math.min(Math.max(0, from), 1 - width);
    this.to = this.from + width;
    for (const map of this.maps) map.redraw();
  }
  zoom(factor, at = 0.5) {
    const centre = this.from + at * (this.to - this.from), width = (this.to - this.from) / factor;
    this.set(centre - at * width, centre + (1 - at) * width);
  }
  pan(share) {
    const move = share * (this.to - this.from);
    this.set(this.from + move, this.to + move);
  }
}

// The smallest of 1, 2 and 5 times a power of ten that is at least x.
function niceStep(x) {
  const power = 10 ** Math.floor(Math.log10(x));
  return [1, 2, 5, 10].map((f) => f * power).find((step) => step >= x * (1 - 1e-9));
}

class BoxMap {
  constructor(place, view, onChoose) {
    this.view = view;
    this.onChoose = onChoose;
    this.isLit = () => true;
    this.canvas = make("canvas", { tabindex: 0, role: "img", "aria-label": "fast memory over time; the tables below have the same" });
    this.tip = make("div", { class: "tip", hidden: "" });
    place.replaceChildren(this.canvas, this.tip);
    view.maps.push(this);
    this.listen();
    new ResizeObserver(() => this.redraw()).observe(place);
    darkScheme.addEventListener("change", () => this.redraw());
  }

  show(scene) {
    this.scene = scene;
    this.tip.hidden = true;
    this.canvas.dataset.boxes = scene.boxes.length;
    this.draw();
  }

  redraw() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    requestAnimationFrame(() => { this.isWaiting = false; this.draw(); });
  }

  listen() {
    const canvas = this.canvas, pointers = new Map();
    let pinch = 0, moved = 0;
    canvas.addEventListener("pointerdown", (event) => {
      pointers.set(event.pointerId, event.offsetX);
      canvas.setPointerCapture(event.pointerId);
      moved = 0;
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!pointers.has(event.pointerId)) return this.hover(event);
      const before = pointers.get(event.pointerId), wide = this.right - this.left;
      pointers.set(event.pointerId, event.offsetX);
      const [a, b] = pointers.values();
      if (b !== undefined) {
        const apart = Math.max(20, Math.abs(a - b));
        if (pinch) this.view.zoom(apart / pinch, ((a + b) / 2 - this.left) / wide);
        pinch = apart;
      } else {
        this.view.pan((before - event.offsetX) / wide);
      }
      moved += Math.abs(event.offsetX - before);
    });
    const end = (event) => {
      if (pointers.delete(event.pointerId) && moved < 5 && event.type === "pointerup") {
        this.hover(event);
        const hit = this.hit(event.offsetX, event.offsetY);
        if (hit) this.onChoose(hit);
      }
      pinch = 0;
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    canvas.addEventListener("dblclick", (event) => this.view.zoom(event.shiftKey ? 0.4 : 2.5, this.share(event.offsetX)));
    canvas.addEventListener("wheel", (event) => {
      // The wheel alone scrolls the page; a pinch on a touchpad comes with ctrlKey.
      if (event.ctrlKey || event.metaKey) this.view.zoom(Math.exp(-event.deltaY / 150), this.share(event.offsetX));
      else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.view.pan(event.deltaX / (this.right - this.left));
      else return;
      event.preventDefault();
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const keys = { ArrowLeft: () => this.view.pan(-0.2), ArrowRight: () => this.view.pan(0.2), "+": () => this.view.zoom(1.6),
        "=": () => this.view.zoom(1.6), "-": () => this.view.zoom(1 / 1.6), 0: () => this.view.set(0, 1) };
      if (!keys[event.key] || event.ctrlKey || event.metaKey) return;
      keys[event.key]();
      event.preventDefault();
    });
  }

  share(pixel) { return Math.min(1, Math.max(0, (pixel - this.left) / (this.right - this.left))); }
  get span() {
    const [first, last] = this.scene.ends, all = last - first || 1;
    return [first + all * this.view.from, first + all * this.view.to];
  }
  x(at) {
    const [from, to] = this.span;
    return this.left + (this.right - this.left) * (at - from) / (to - from);
  }
  y(byte) { return this.bottom - (this.bottom - this.top) * byte / this.scene.height; }

  draw() {
    const canvas = this.canvas, scene = this.scene, wide = canvas.clientWidth;
    if (!scene || !wide) return;
    const isNarrow = wide < 620;
    this.left = isNarrow ? 62 : 92;
    this.right = wide - 8;
    this.top = 16;
    this.bottom = this.top + (isNarrow ? 240 : 340);
    const high = this.bottom + 8 + scene.lanes.reduce((sum, lane) => sum + lane.height + 6, 0) + 22, scale = devicePixelRatio || 1;
    canvas.style.height = high + "px";
    canvas.width = Math.round(wide * scale);
    canvas.height = Math.round(high * scale);
    const g = (this.g = canvas.getContext("2d"));
    g.scale(scale, scale);
    g.font = "12px system-ui, sans-serif";
    g.textBaseline = "middle";
    this.colours = { text: colour("text"), muted: colour("muted"), line: colour("line"), panel: colour("panel"), page: colour("page"),
      stall: colour("stall"), label: colour("label") };
    this.drawGrid();
    g.save();
    g.beginPath();
    g.rect(this.left, 0, this.right - this.left, high);
    g.clip();
    for (const band of scene.bands) this.fill(band.x0, band.x1, this.top, this.bottom, this.colours.stall, 0.4, 1);
    for (const box of scene.boxes) this.drawBox(box);
    for (const line of scene.lines) this.drawLine(line);
    if (!scene.boxes.length) this.say("nothing is in fast memory");
    g.restore();
    let top = this.bottom + 8;
    for (const lane of scene.lanes) {
      lane.top = top;
      this.drawLane(lane);
      top += lane.height + 6;
    }
    this.drawAxis(top);
  }

  fill(x0, x1, y0, y1, style, alpha = 1, least = 0) {
    const from = Math.max(this.x(x0), this.left - 2), to = Math.min(this.x(x1), this.right + 2), g = this.g;
    if (to < this.left || from > this.right) return null;
    g.globalAlpha = alpha;
    g.fillStyle = style;
    g.fillRect(from, y0, Math.max(to - from, least), y1 - y0);
    g.globalAlpha = 1;
    return [from, Math.max(to - from, least)];
  }

  drawBox(box) {
    const top = this.y(box.y1), bottom = this.y(box.y0), g = this.g, isLit = this.isLit(box.key);
    const seen = this.fill(box.x0, box.x1, top, bottom, box.colour, (isLit ? 1 : 0.12) * (box.alpha || (box.isPale ? 0.35 : 1)), 0.5);
    if (!seen) return;
    const [left, width] = seen;
    if (width > 3 && bottom - top > 2) {
      g.strokeStyle = this.colours.page;
      g.lineWidth = 0.6;
      g.strokeRect(left, top, width, bottom - top);
    }
    if (isLit && this.chosen !== undefined && box.key === this.chosen) {
      g.strokeStyle = this.colours.text;
      g.lineWidth = 2;
      g.strokeRect(left, top, Math.max(width, 2), bottom - top);
    }
    if (isLit) this.write(box.label, left, top, width, bottom - top, box.isPale || box.isPlain ? this.colours.text : this.colours.label);
  }

  // A name in its box, upright or along it, where there is room for most of it.
  write(label, left, top, width, high, style) {
    if (!label || Math.min(width, high) < 13 || Math.max(width, high) < 30) return;
    let text = label;
    const g = this.g, needed = g.measureText(text).width;
    const isTall = high > width && needed > width - 8, room = (isTall ? high : width) - 8;
    if (needed > room) {
      const letters = Math.floor(text.length * room / needed) - 1;
      if (letters < 7) return;
      text = text.slice(0, letters) + "…";
    }
    g.fillStyle = style;
    g.textAlign = "left";
    if (!isTall) return g.fillText(text, left + 4, top + high / 2);
    g.save();
    g.translate(left + width / 2, top + high - 4);
    g.rotate(-Math.PI / 2);
    g.fillText(text, 0, 0);
    g.restore();
  }

  drawGrid() {
    const g = this.g, scene = this.scene;
    // Powers of two of bytes are round.
    const step = Math.max(1, 2 ** Math.ceil(Math.log2(scene.height / 6)));
    g.textAlign = "right";
    g.strokeStyle = this.colours.line;
    g.lineWidth = 1;
    for (let byte = 0; byte <= scene.height; byte += step) {
      const y = Math.round(this.y(byte)) + 0.5;
      g.beginPath();
      g.moveTo(this.left, y);
      g.lineTo(this.right, y);
      g.stroke();
      g.fillStyle = this.colours.muted;
      if (scene.capacity === null || scene.capacity === byte || Math.abs(this.y(scene.capacity) - y) > 13)
        g.fillText(byte ? bytes(byte) : "0", this.left - 6, y);
    }
    if (scene.capacity === null || scene.capacity > scene.height) return;
    const y = Math.round(this.y(scene.capacity)) + 0.5;
    g.setLineDash([5, 4]);
    g.strokeStyle = g.fillStyle = this.colours.text;
    g.beginPath();
    g.moveTo(this.left, y);
    g.lineTo(this.right, y);
    g.stroke();
    g.setLineDash([]);
    g.fillText(bytes(scene.capacity), this.left - 6, y);
  }

  drawLine(line) {
    const g = this.g, x = Math.round(this.x(line.x)) + 0.5;
    g.strokeStyle = g.fillStyle = this.colours.text;
    g.lineWidth = 1;
    g.setLineDash([4, 4]);
    g.beginPath();
    g.moveTo(x, 0);
    g.lineTo(x, this.bottom);
    g.stroke();
    g.setLineDash([]);
    g.textAlign = "left";
    g.fillText(line.label, Math.max(x, this.left) + 4, 7);
  }

  say(text) {
    this.g.fillStyle = this.colours.muted;
    this.g.textAlign = "center";
    this.g.fillText(text, (this.left + this.right) / 2, (this.top + this.bottom) / 2);
  }

  drawLane(lane) {
    const g = this.g, bottom = lane.top + lane.height;
    g.fillStyle = this.colours.muted;
    g.textAlign = "right";
    const words = this.left < 80 ? lane.short || lane.name : lane.name;
    g.fillText(words, this.left - 6, lane.top + lane.height / 2);
    g.fillStyle = this.colours.panel;
    g.fillRect(this.left, lane.top, this.right - this.left, lane.height);
    g.save();
    g.beginPath();
    g.rect(this.left, lane.top, this.right - this.left, lane.height);
    g.clip();
    for (const bar of lane.bars || []) {
      const seen = this.fill(bar.x0, bar.x1, lane.top, bottom, bar.colour, bar.key === undefined || this.isLit(bar.key) ? 1 : 0.15, bar.least || 0.5);
      if (!seen) continue;
      if (seen[1] > 4) {
        g.fillStyle = this.colours.page;
        g.fillRect(seen[0] + seen[1] - 0.5, lane.top, 0.5, lane.height);
      }
      if (seen[1] > 38) this.write(bar.label, seen[0], lane.top, seen[1], lane.height, this.colours.label);
    }
    for (const column of lane.columns || []) {
      let y = bottom;
      for (const [value, style] of column.parts) {
        const high = Math.min(1, value / lane.most) * lane.height;
        if (high > 0) this.fill(column.x0, column.x1, y - high, y, style, 1, 0.5);
        y -= high;
      }
    }
    g.restore();
  }

  drawAxis(top) {
    const g = this.g, [from, to] = this.span, step = niceStep((to - from) / Math.max(2, Math.floor((this.right - this.left) / 90)));
    g.textAlign = "center";
    for (let k = Math.ceil(from / step); k * step <= to; k++) {
      const x = this.x(k * step), text = this.scene.tick(k * step, to - from), half = g.measureText(text).width / 2;
      g.fillStyle = this.colours.muted;
      g.fillRect(x, top - 5, 1, 5);
      g.fillText(text, Math.min(x, this.right + 8 - half), top + 8);
    }
  }

  // The topmost thing at a pixel.
  hit(px, py) {
    if (!this.scene || px < this.left || px > this.right) return null;
    const [from, to] = this.span, pixel = (to - from) / (this.right - this.left), at = from + (px - this.left) * pixel;
    const near = (item) => item.x0 - pixel <= at && at <= item.x1 + pixel;
    if (py <= this.bottom) {
      const byte = this.scene.height * (this.bottom - py) / (this.bottom - this.top), grain = this.scene.height / (this.bottom - this.top);
      const found = this.scene.boxes.filter((b) => near(b) && b.y0 - grain <= byte && byte <= b.y1 + grain);
      // The one that the pointer is well inside of.
      const depth = (b) => Math.min((at - b.x0) / pixel, (b.x1 - at) / pixel, (byte - b.y0) / grain, (b.y1 - byte) / grain);
      return found.reduce((best, b) => (best && depth(best) >= depth(b) ? best : b), null) || this.scene.bands.find(near) || null;
    }
    const lane = this.scene.lanes.find((l) => py >= l.top && py <= l.top + l.height);
    if (!lane) return null;
    const found = (lane.bars || lane.columns).filter(near);
    return found.find((item) => item.x0 <= at && at <= item.x1) || found[0] || null;
  }

  hover(event) {
    const hit = this.hit(event.offsetX, event.offsetY);
    this.tip.hidden = !hit || !hit.tip;
    if (this.tip.hidden) return;
    this.tip.replaceChildren(...hit.tip().map((line) => make("div", {}, ...[line].flat())));
    const wide = this.canvas.clientWidth, x = event.offsetX;
    this.tip.style.left = Math.max(0, Math.min(x + 14, wide - this.tip.offsetWidth - 4)) + "px";
    this.tip.style.top = event.offsetY + 16 + "px";
  }
}
