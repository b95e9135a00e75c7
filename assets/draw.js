// What all canvases share: colours of the theme, sharp pixels, round ticks, and when to draw again. Numbers come from window.ssmConfig (ui/views/player.py).
(() => {
  // c.font, and every role's and scene's colour by its name, as the theme has them now.
  function colours(element) {
    const style = getComputedStyle(element), c = { font: style.fontFamily };
    for (const kind of ["role", "scene"]) {
      for (const name of window.ssmConfig[kind]) c[name] = style.getPropertyValue(`--${kind}-${name}`).trim();
    }
    return c;
  }

  // Size the canvas for the screen's pixels; what is drawn counts in CSS pixels. null while it is not laid out.
  function fit(canvas) {
    const w = canvas.clientWidth, h = canvas.clientHeight, ratio = Math.min(window.devicePixelRatio || 1, 2);
    if (!w || !h) return null;
    canvas.width = w * ratio;
    canvas.height = h * ratio;
    const ctx = canvas.getContext("2d");
    ctx.scale(ratio, ratio);
    return { ctx, w, h, ratio };
  }

  // A round distance between ticks, about `target` of them over the span.
  function gap(span, target) {
    const raw = span / target, power = 10 ** Math.floor(Math.log10(raw)), r = raw / power;
    return power * (r < 1.5 ? 1 : r < 3.5 ? 2 : r < 7.5 ? 5 : 10);
  }

  function ticks(low, high, step) {
    const out = [];
    for (let v = Math.ceil(low / step) * step; v <= high + 1e-9; v += step) out.push(v);
    return out;
  }

  // Where to centre a text so that it stays whole within a picture of this width.
  function within(ctx, text, x, width) {
    const room = ctx.measureText(text).width / 2 + 2;
    return Math.max(room, Math.min(width - room, x));
  }

  const format = (v) => `${+v.toFixed(2)}`.replace("-", "−");
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

  // Values from -1 (low) over 0 (middle) to 1 (high) as a picture of width x height cells; value(row, column).
  function cells(c, width, height, value) {
    const [low, middle, high] = [rgb(c.low), rgb(c.middle), rgb(c.high)], pixels = new ImageData(width, height);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const v = value(row, column), end = v < 0 ? low : high, at = 4 * (row * width + column);
        for (let n = 0; n < 3; n++) pixels.data[at + n] = middle[n] + (end[n] - middle[n]) * Math.abs(v);
        pixels.data[at + 3] = 255;
      }
    }
    const image = document.createElement("canvas");
    image.width = width;
    image.height = height;
    image.getContext("2d").putImageData(pixels, 0, 0);
    return image;
  }

  // The levels of a chart, a faint line and a number for each; y(value): where it lies; room: px between a number and its line.
  function levels(ctx, c, values, y, left, right, room = 6) {
    ctx.lineWidth = 1;
    ctx.textAlign = "right";
    for (const v of values) {
      ctx.strokeStyle = c.faint;
      line(ctx, left, y(v), right, y(v));
      ctx.fillStyle = c.muted;
      ctx.fillText(format(v), left - room, y(v) + 4);
    }
  }

  // A series of steps at step k and a share f of the next.
  const mix = (series, k, f) => series[k] + (series[Math.min(k + 1, series.length - 1)] - series[k]) * f;

  // A line through two points.
  function line(ctx, x0, y0, x1, y1) {
    ctx.beginPath();
    ctx.moveTo(x0, y0);
    ctx.lineTo(x1, y1);
    ctx.stroke();
  }

  // The path of a rectangle with round corners.
  function rounded(ctx, x, y, w, h, r) {
    ctx.moveTo(x + r, y);
    for (const [a, b, c, d] of [[x + w, y, x + w, y + h], [x + w, y + h, x, y + h], [x, y + h, x, y], [x, y, x + w, y]]) ctx.arcTo(a, b, c, d, r);
    ctx.closePath();
  }

  // Text that reads upwards, its middle at (x, y).
  function upwards(ctx, text, x, y) {
    ctx.save();
    ctx.translate(x, y);
    ctx.rotate(-Math.PI / 2);
    ctx.textAlign = "center";
    ctx.fillText(text, 0, 0);
    ctx.restore();
  }

  // Call redraw whenever the element's size or the page's theme changes.
  function onLook(element, redraw) {
    new ResizeObserver(redraw).observe(element);
    new MutationObserver(redraw).observe(document.body, { attributeFilter: ["class"] });
  }

  // For a view that draws often: view.fitted and view.c are its canvas's `fit` and `colours` whenever view.fit() is true, made anew
  // after a change of size or theme.
  function keepFitted(view) {
    onLook(view.canvas, () => { view.fitted = null; });
    view.fit = () => {
      if (!view.fitted) Object.assign(view, { fitted: fit(view.canvas), c: colours(view.canvas) });
      return view.fitted !== null;
    };
  }

  // On paper, dark on white.
  let dark = false;
  globalThis.addEventListener?.("beforeprint", () => {
    dark = document.body.classList.contains("dark");
    document.body.classList.remove("dark");
  });
  globalThis.addEventListener?.("afterprint", () => document.body.classList.toggle("dark", dark));

  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  function bytes(base64) {
    const text = atob(base64), out = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
    return out;
  }
  const base64 = (buffer) => btoa(Array.from(new Uint8Array(buffer), (b) => String.fromCharCode(b)).join(""));

  window.ssmDraw = { colours, fit, gap, ticks, within, format, cells, levels, mix, line, rounded, upwards, onLook, keepFitted, calm, bytes, base64 };
})();
