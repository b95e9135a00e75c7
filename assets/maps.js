// Decision maps: the probability of pushing right over the pole's angle and angular velocity as the sensors report them.
(() => {
  const { angle: ANGLE, velocity: VELOCITY } = window.ssmConfig.map;
  const PAD = { left: 40, right: 6, top: 4, bottom: 34 };
  const { cells, fit, format, line, upwards } = window.ssmDraw;

  // A map's bytes (0 left, 255 right) as a picture in the theme's colours.
  function picture(bytes, c) {
    const size = Math.round(Math.sqrt(bytes.length));
    return cells(c, size, size, (row, column) => bytes[row * size + column] / 127.5 - 1);
  }

  // The axes of a map that fills the canvas but for `pad`; size: of its letters, px; side: what stands along the angular velocity.
  function axes(ctx, w, h, pad, c, size, side) {
    const width = w - pad.left - pad.right, height = h - pad.top - pad.bottom, x = pad.left + width / 2, y = pad.top + height / 2;
    ctx.strokeStyle = ctx.fillStyle = c.muted;
    ctx.lineWidth = 1;
    ctx.setLineDash([2, 4]);
    line(ctx, x, pad.top, x, pad.top + height);
    line(ctx, pad.left, y, pad.left + width, y);
    ctx.setLineDash([]);
    ctx.strokeRect(pad.left + 0.5, pad.top + 0.5, width - 1, height - 1);
    ctx.font = `${size}px ${c.font}`;
    [-ANGLE, 0, ANGLE].forEach((v, i) => {
      ctx.textAlign = ["left", "center", "right"][i];
      ctx.fillText(format(v), pad.left + width * i / 2, h - pad.bottom + size + 2);
    });
    ctx.textAlign = "center";
    ctx.fillText("pole angle (°)", x, h - 5);
    ctx.textAlign = "right";
    [VELOCITY, 0, -VELOCITY].forEach((v, i) => ctx.fillText(format(v), pad.left - 4, pad.top + height * i / 2 + [10, 4, 0][i]));
    upwards(ctx, side, 11, y);
  }

  // The picture in its axes; angle (degrees) and rate (degrees a second) place the dot, at the edge where they lie beyond it.
  function draw(canvas, image, c, angle, rate) {
    const fitted = fit(canvas);
    if (!fitted) return;
    const { ctx, w, h } = fitted, width = w - PAD.left - PAD.right, height = h - PAD.top - PAD.bottom;
    const middle = { x: PAD.left + width / 2, y: PAD.top + height / 2 };
    ctx.drawImage(image, PAD.left, PAD.top, width, height);
    axes(ctx, w, h, PAD, c, 11, "°/s");
    const inside = (v) => Math.max(-1, Math.min(1, v));
    ctx.beginPath();
    ctx.arc(middle.x + inside(angle / ANGLE) * width / 2, middle.y - inside(rate / VELOCITY) * height / 2, 4.5, 0, 7);
    ctx.fillStyle = c.ink;
    ctx.strokeStyle = c.ground;
    ctx.lineWidth = 2;
    ctx.fill();
    ctx.stroke();
  }

  window.ssmMap = { axes, picture, draw };
})();
