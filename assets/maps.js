// Action maps: the probability of pushing right over two of the sensors, one picture for each policy. window.ssmMaps is called once.
(() => {
  const PAD = { left: 44, right: 6, top: 4, bottom: 36 };
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const format = (v) => `${v}`.replace("-", "−");

  const make = window.ssmMake;

  class Maps {
    constructor(root) {
      this.root = root;
      this.row = make("div", root, { class: "map-row" });
      const key = make("p", root, { class: "map-key" });
      make("span", key, {}, "0 (left)");
      make("span", key, { class: "map-scale" });
      make("span", key, {}, "1 (right)");
      new ResizeObserver(() => this.draw()).observe(this.row);
      new MutationObserver(() => this.draw()).observe(document.body, { attributeFilter: ["class"] });
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
      const style = getComputedStyle(this.root), colour = (name) => style.getPropertyValue(`--scene-${name}`).trim();
      this.canvases.forEach((canvas, i) => this.paint(canvas, this.value.maps[i], colour, style.fontFamily));
    }

    paint(canvas, map, colour, font) {
      const { size, x, y } = this.value, w = canvas.clientWidth, h = canvas.clientHeight;
      if (!w || !h) return;
      const ratio = Math.min(window.devicePixelRatio || 1, 2), ctx = canvas.getContext("2d");
      canvas.width = w * ratio;
      canvas.height = h * ratio;
      ctx.scale(ratio, ratio);
      const [low, middle, high] = ["low", "middle", "high"].map((n) => rgb(colour(n)));
      const cells = atob(map.cells), pixels = new ImageData(size, size);
      for (let i = 0; i < size * size; i++) {
        const v = cells.charCodeAt(i) / 127.5 - 1, end = v < 0 ? low : high;
        for (let n = 0; n < 3; n++) pixels.data[4 * i + n] = middle[n] + (end[n] - middle[n]) * Math.abs(v);
        pixels.data[4 * i + 3] = 255;
      }
      const image = document.createElement("canvas");
      image.width = image.height = size;
      image.getContext("2d").putImageData(pixels, 0, 0);
      const width = w - PAD.left - PAD.right, height = h - PAD.top - PAD.bottom;
      ctx.drawImage(image, PAD.left, PAD.top, width, height);
      ctx.strokeStyle = colour("muted");
      ctx.lineWidth = 1;
      ctx.setLineDash([2, 4]);
      ctx.strokeRect(PAD.left + width / 2, PAD.top, 0, height);
      ctx.strokeRect(PAD.left, PAD.top + height / 2, width, 0);
      ctx.setLineDash([]);
      ctx.strokeRect(PAD.left + 0.5, PAD.top + 0.5, width - 1, height - 1);
      ctx.fillStyle = colour("muted");
      ctx.font = "11px " + font;
      ctx.textAlign = "center";
      [x.range[0], 0, x.range[1]].forEach((v, i) => {
        ctx.textAlign = ["left", "center", "right"][i];
        ctx.fillText(format(v), PAD.left + width * i / 2, h - PAD.bottom + 13);
      });
      ctx.textAlign = "center";
      ctx.fillText(x.title, PAD.left + width / 2, h - 6);
      ctx.textAlign = "right";
      [y.range[1], 0, y.range[0]].forEach((v, i) => ctx.fillText(format(v), PAD.left - 4, PAD.top + height * i / 2 + [10, 4, 0][i]));
      ctx.save();
      ctx.translate(10, PAD.top + height / 2);
      ctx.rotate(-Math.PI / 2);
      ctx.textAlign = "center";
      ctx.fillText(y.title, 0, 0);
      ctx.restore();
    }
  }

  window.ssmMaps = (element, props, watch) => {
    const maps = new Maps(element.querySelector(".maps"));
    watch("value", () => maps.load(props.value));
    maps.load(props.value);
  };
})();
