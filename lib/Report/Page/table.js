// A sortable table that makes only the rows which are seen: thousands stay fluid.
//
// A column has `key`, `title`, `width` (em), and may have `format` (of a number, which
// is aligned to the right), `make` (what stands in the cell of a row instead of its text),
// `tip`, and `style` (a class for a row).
"use strict";

class Table {
  constructor(place, columns, order, onChoose) {
    this.order = order;
    this.onChoose = onChoose;
    this.head = make("tr");
    this.body = make("tbody");
    this.table = make("table", {}, make("thead", {}, this.head), this.body);
    this.place = place;
    place.classList.add("rows");
    place.replaceChildren(this.table);
    place.addEventListener("scroll", () => this.render());
    this.head.addEventListener("click", (event) => this.sort(event.target.closest("th")?.dataset.key));
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("tr.row");
      if (row && !event.target.closest("a")) this.onChoose(this.rows[+row.dataset.row]);
    });
    this.setColumns(columns);
  }

  setColumns(columns) {
    this.columns = columns;
    this.head.replaceChildren(...columns.map((c) =>
      make("th", { "data-key": c.key, style: `width:${c.width}em`, title: c.tip || "", class: c.format ? "n" : "" }, c.title)));
    this.table.style.minWidth = columns.reduce((sum, c) => sum + c.width, 0) + "em";
  }

  sort(key) {
    if (!key) return;
    // Numbers the largest first, names from A on.
    this.order = { key, up: this.order.key === key ? !this.order.up : !this.columns.find((c) => c.key === key).format };
    this.show(this.rows);
  }

  show(rows) {
    const { key, up } = this.order;
    this.rows = [...rows].sort((a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0) * (up ? 1 : -1));
    for (const th of this.head.children)
      th.setAttribute("aria-sort", th.dataset.key !== key ? "none" : up ? "ascending" : "descending");
    this.place.dataset.rows = rows.length;
    this.first = -1;
    this.render();
  }

  render() {
    // As many as the largest height of a table has, and some around them.
    const high = 26, shown = 36, count = this.rows.length;
    const first = Math.max(0, Math.min(Math.floor(this.place.scrollTop / high) - 6, count - shown));
    if (first === this.first) return;
    this.first = first;
    const gap = (rows) => make("tr", { style: `height:${rows * high}px` });
    const last = Math.min(count, first + shown);
    this.body.replaceChildren(gap(first), ...this.rows.slice(first, last).map((row, k) => this.rowOf(row, first + k)), gap(count - last));
  }

  rowOf(row, index) {
    const isChosen = this.chosen !== undefined && row.id === this.chosen;
    return make("tr", { class: isChosen ? "row chosen" : "row", "data-row": index }, ...this.columns.map((c) => {
      const text = c.format ? c.format(row[c.key]) : String(row[c.key]);
      return make("td", { class: (c.format ? "n " : "") + (c.style ? c.style(row) : ""), title: text }, c.make ? c.make(row) : text);
    }));
  }

  choose(id, isScrolling) {
    this.chosen = id;
    const index = this.rows.findIndex((row) => row.id === id);
    if (isScrolling && index >= 0) this.place.scrollTop = Math.max(0, index * 26 - this.place.clientHeight / 2);
    this.first = -1;
    this.render();
  }
}
