// The stage: one cart in its world, drawn to scale at one moment. Lengths in m, forces in N, angles in degrees.
(() => {
  const TRACK = 2.4, LIMIT_ANGLE = 12; // where an episode ends
  const HALF_VIEW = 2.85; // m from the middle to the edge of the picture
  const FORCE_SCALE = 0.055; // m of arrow for each N

  const mix = (series, k, f) => series[k] + (series[Math.min(k + 1, series.length - 1)] - series[k]) * f;

  function arrow(ctx, x, y, length, width) {
    if (Math.abs(length) < 2) return;
    const sign = Math.sign(length), head = Math.min(Math.abs(length), width * 2.4);
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x + length - sign * head * 0.8, y);
    ctx.lineWidth = width;
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x + length, y);
    ctx.lineTo(x + length - sign * head, y - head * 0.62);
    ctx.lineTo(x + length - sign * head, y + head * 0.62);
    ctx.fill();
  }

  // Everything in the world must fit: a long pole zooms the picture out, so that it looks long beside the cart and the track.
  function pixelsPerMetre(width, height, poleLength) {
    return Math.min(width / (2 * HALF_VIEW), (height - 74) / (Math.max(poleLength, 1.2) * 1.04 + 0.3));
  }

  function drawWind(ctx, c, w, width, height, time) {
    if (!w.wind) return;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = c.wind;
    ctx.lineWidth = 1.5;
    ctx.globalAlpha = 0.4;
    const speed = w.wind * 40, span = width + 120;
    for (let i = 0; i < 9; i++) { // streaks that move with the playhead, so that a still picture stays still
      const y = 40 + (i * 61) % Math.max(60, height - 130);
      const x = (((i * 197 + time * speed) % span) + span) % span - 60;
      ctx.beginPath();
      ctx.moveTo(x, y);
      ctx.lineTo(x - Math.sign(w.wind) * (18 + Math.abs(w.wind) * 7), y);
      ctx.stroke();
    }
    ctx.restore();
  }

  function drawTrack(ctx, c, s, width, ground) {
    const middle = width / 2;
    ctx.strokeStyle = c.muted;
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    ctx.moveTo(0, ground);
    ctx.lineTo(width, ground);
    ctx.stroke();
    ctx.font = "12px " + c.font;
    ctx.fillStyle = c.muted;
    ctx.textAlign = "center";
    for (const x of [-2, -1, 0, 1, 2]) {
      ctx.beginPath();
      ctx.moveTo(middle + x * s, ground);
      ctx.lineTo(middle + x * s, ground + 5);
      ctx.stroke();
      if (s > 60) ctx.fillText(x === 0 ? "0 m" : `${x}`.replace("-", "−"), middle + x * s, ground + 18);
    }
    ctx.setLineDash([4, 4]);
    for (const x of [-TRACK, TRACK]) {
      ctx.beginPath();
      ctx.moveTo(middle + x * s, ground + 8);
      ctx.lineTo(middle + x * s, ground - 56);
      ctx.stroke();
      ctx.fillText(x < 0 ? "−2.4 m" : "2.4 m", middle + x * s, ground - 62);
    }
    ctx.setLineDash([]);
  }

  function pole(ctx, x, y, angle, length) {
    const a = angle * Math.PI / 180;
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x + Math.sin(a) * length, y - Math.cos(a) * length);
    ctx.stroke();
  }

  // The actions on their way: the newest enters at the right, the motor obeys the one at the left.
  function drawQueue(ctx, c, e, k, x, y) {
    const slots = e.world.delay + 1;
    ctx.save();
    ctx.font = "12px " + c.font;
    ctx.textAlign = "right";
    ctx.fillStyle = c.muted;
    ctx.fillText("motor", x - 6, y + 4);
    for (let i = 0; i < slots; i++) {
      const step = k - e.world.delay + i, left = x + i * 20;
      ctx.strokeStyle = c.faint;
      ctx.lineWidth = 1;
      ctx.strokeRect(left + 0.5, y - 8.5, 17, 17);
      if (step < 0 || step >= e.steps) continue;
      const sign = e.action[step] === "1" ? 1 : -1;
      ctx.strokeStyle = ctx.fillStyle = i === 0 ? c.force : c.muted;
      arrow(ctx, left + 9 - sign * 6, y, sign * 12, 2.5);
    }
    ctx.textAlign = "left";
    ctx.fillStyle = c.muted;
    ctx.fillText("policy", x + slots * 20 + 4, y + 4);
    ctx.restore();
  }

  // A crossed pair of arrows on the cart: left pushes right, and right pushes left.
  function drawReversed(ctx, c, x, y, size) {
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = c.ground;
    arrow(ctx, x - size, y - size * 0.36, size * 2, 2.2);
    arrow(ctx, x + size, y + size * 0.36, -size * 2, 2.2);
    ctx.restore();
  }

  function draw(ctx, width, height, e, playhead, c, scale) {
    const w = e.world, ground = height - 30, middle = width / 2;
    const at = Math.min(playhead, e.steps), k = Math.floor(at), f = at - k, s = scale;
    const x = middle + mix(e.x, k, f) * s, angle = mix(e.angle, k, f), ended = k >= e.steps;
    ctx.clearRect(0, 0, width, height);
    ctx.lineCap = "round";
    drawWind(ctx, c, w, width, height, at * 0.02);
    drawTrack(ctx, c, s, width, ground);

    const cartW = Math.max(26, 0.5 * s * Math.cbrt(w.cart_mass)), cartH = Math.max(15, 0.24 * s * Math.cbrt(w.cart_mass));
    const wheel = Math.max(3, cartH * 0.2), top = ground - cartH - wheel, length = 2 * w.half_length * s;
    const thickness = Math.min(22, Math.max(3.5, 0.075 * s * Math.sqrt(w.pole_mass / 0.1)));

    // the angles at which the pole counts as fallen
    ctx.strokeStyle = c.muted;
    ctx.setLineDash([2, 5]);
    ctx.lineWidth = 1.2;
    for (const limit of [-LIMIT_ANGLE, LIMIT_ANGLE]) pole(ctx, x, top, limit, Math.max(length, 0.45 * s) * 1.04);
    ctx.setLineDash([]);

    // cart
    ctx.fillStyle = c.cart;
    ctx.beginPath();
    ctx.roundRect(x - cartW / 2, top, cartW, cartH, 4);
    ctx.fill();
    for (const side of [-1, 1]) {
      ctx.beginPath();
      ctx.arc(x + side * cartW * 0.28, ground - wheel, wheel, 0, 7);
      ctx.fill();
    }
    if (w.reversed) drawReversed(ctx, c, x, top + cartH * 0.52, Math.min(cartW * 0.3, 20));

    // pole, and beside it the pole that the sensor reports where that differs
    ctx.strokeStyle = c[e.role];
    ctx.lineWidth = thickness;
    pole(ctx, x, top, angle, length);
    if (e.sensed) {
      ctx.strokeStyle = c.ink;
      ctx.lineWidth = 2;
      ctx.setLineDash([7, 6]);
      pole(ctx, x, top, mix(e.sensed, k, f), length);
      ctx.setLineDash([]);
    }
    ctx.fillStyle = c.ground;
    ctx.beginPath();
    ctx.arc(x, top, Math.max(2.2, thickness * 0.3), 0, 7);
    ctx.fill();

    // forces that act now, to one scale: the motor's from the cart's side, the wind's above it
    if (!ended) {
      const motor = e.force[k] * FORCE_SCALE * s, from = x + Math.sign(motor) * (cartW / 2 + 5);
      ctx.strokeStyle = ctx.fillStyle = c.force;
      arrow(ctx, from, top + cartH * 0.5, motor, 4.5);
    }
    if (w.wind) {
      ctx.strokeStyle = ctx.fillStyle = c.wind;
      arrow(ctx, x + Math.sign(w.wind) * (cartW / 2 + 5), top - 9, w.wind * FORCE_SCALE * s, 4.5);
    }
    if (w.delay) drawQueue(ctx, c, e, k, 60, 20);
    if (w.half_length * 2 * s < 18) { // a pole too small to read
      ctx.fillStyle = c.muted;
      ctx.font = "12px " + c.font;
      ctx.textAlign = "center";
      ctx.fillText(`pole ${(w.half_length * 200).toFixed(0)} cm`, x, top - 22);
    }
  }

  window.ssmStage = { draw, pixelsPerMetre };
})();
