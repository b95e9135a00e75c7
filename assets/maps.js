// Action maps: the probability of pushing right over two of the sensors, one picture for each policy. window.ssmMaps is called once.
(() => {
  const PAD = { left: 44, right: 6, top: 4, bottom: 36 };
  const make = window.ssmMake, { bytes, cells, colours, fit, format, line, onLook, upwards } = window.ssmDraw;

  class Maps {
    constructor(root) {
      this.root = root;
      this.row = make("div", root, { class: "map-row" });
      const key = make("p", root, { class: "map-key" });
      make("span", key, {}, "0 (left)");
      make("span", key, { class: "map-scale" });
      make("span", key, {}, "1 (right)");
      onLook(this.row, () => this.draw());
    }

    load(value) {
      if (!value || !value.maps) return;
      this.value = value;
      this.row.replaceChildren();
      this.row.dataset.count = value.maps.length;
      this.canvases = value.maps.map((map) => {
        const figure = make("figure", this.row);
        make("figcaption", figure, { class: "who", "data-role": map.role }, map.label);
        return make("canvas", figure, { role: "img", "aria-label": `${map.label}: ${map.words}` });
      });
      if (!value.maps.length) make("p", this.row, { class: "curve-empty" }, value.empty);
      this.draw();
    }

    draw() {
      if (!this.value || !this.row.clientWidth) return;
      const c = colours(this.root);
      this.canvases.forEach((canvas, i) => this.paint(canvas, this.value.maps[i], c));
    }

    paint(canvas, map, c) {
      const fitted = fit(canvas);
      if (!fitted) return;
      const { size, x, y } = this.value, { ctx, w, h } = fitted, probability = bytes(map.cells);
      const image = cells(c, size, size, (row, column) => probability[row * size + column] / 127.5 - 1);
      const width = w - PAD.left - PAD.right, height = h - PAD.top - PAD.bottom;
      ctx.drawImage(image, PAD.left, PAD.top, width, height);
      ctx.strokeStyle = ctx.fillStyle = c.muted;
      ctx.lineWidth = 1;
      ctx.setLineDash([2, 4]);
      line(ctx, PAD.left + width / 2, PAD.top, PAD.left + width / 2, PAD.top + height);
      line(ctx, PAD.left, PAD.top + height / 2, PAD.left + width, PAD.top + height / 2);
      ctx.setLineDash([]);
      ctx.strokeRect(PAD.left + 0.5, PAD.top + 0.5, width - 1, height - 1);
      ctx.font = "11px " + c.font;
      [x.range[0], 0, x.range[1]].forEach((v, i) => {
        ctx.textAlign = ["left", "center", "right"][i];
        ctx.fillText(format(v), PAD.left + width * i / 2, h - PAD.bottom + 13);
      });
      ctx.textAlign = "center";
      ctx.fillText(x.title, PAD.left + width / 2, h - 6);
      ctx.textAlign = "right";
      [y.range[1], 0, y.range[0]].forEach((v, i) => ctx.fillText(format(v), PAD.left - 4, PAD.top + height * i / 2 + [10, 4, 0][i]));
      upwards(ctx, y.title, 10, PAD.top + height / 2);
    }
  }

  window.ssmMaps = (element, props, watch) => {
    const maps = new Maps(element.querySelector(".maps"));
    watch("value", () => maps.load(props.value));
    maps.load(props.value);
  };
})();
