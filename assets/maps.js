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

  // The picture in its axes; angle (degrees) and rate (degrees a second) place the dot, at the edge where they lie beyond it.
  function draw(canvas, image, c, angle, rate) {
    const fitted = fit(canvas);
    if (!fitted) return;
    const { ctx, w, h } = fitted, width = w - PAD.left - PAD.right, height = h - PAD.top - PAD.bottom;
    const middle = { x: PAD.left + width / 2, y: PAD.top + height / 2 };
    ctx.drawImage(image, PAD.left, PAD.top, width, height);
    ctx.strokeStyle = ctx.fillStyle = c.muted;
    ctx.setLineDash([2, 4]);
    line(ctx, middle.x, PAD.top, middle.x, PAD.top + height);
    line(ctx, PAD.left, middle.y, PAD.left + width, middle.y);
    ctx.setLineDash([]);
    ctx.strokeRect(PAD.left + 0.5, PAD.top + 0.5, width - 1, height - 1);
    ctx.font = "11px " + c.font;
    [-ANGLE, 0, ANGLE].forEach((v, i) => {
      ctx.textAlign = ["left", "center", "right"][i];
      ctx.fillText(format(v), PAD.left + width * i / 2, h - PAD.bottom + 13);
    });
    ctx.textAlign = "center";
    ctx.fillText("pole angle (°)", middle.x, h - 5);
    ctx.textAlign = "right";
    [VELOCITY, 0, -VELOCITY].forEach((v, i) => ctx.fillText(format(v), PAD.left - 4, PAD.top + height * i / 2 + [10, 4, 0][i]));
    upwards(ctx, "°/s", 10, middle.y);
    const inside = (v) => Math.max(-1, Math.min(1, v));
    ctx.beginPath();
    ctx.arc(middle.x + inside(angle / ANGLE) * width / 2, middle.y - inside(rate / VELOCITY) * height / 2, 4.5, 0, 7);
    ctx.fillStyle = c.ink;
    ctx.strokeStyle = c.ground;
    ctx.lineWidth = 2;
    ctx.fill();
    ctx.stroke();
  }

  window.ssmMap = { picture, draw };
})();
