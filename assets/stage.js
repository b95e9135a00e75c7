// The stage: one cart in its world, drawn to scale at one moment. Lengths in m, forces in N, angles in degrees.
// Its sizes are those of ui/views/stage.py, which draws the same picture for files.
(() => {
  const { stage: S, xLimit, angleLimit, timeStep } = window.ssmConfig;
  const { format, line, mix, rounded, within } = window.ssmDraw;

  function arrow(ctx, x, y, length, width) {
    if (Math.abs(length) < S.least_arrow) return;
    const sign = Math.sign(length), head = Math.min(Math.abs(length), width * S.arrow_head[0]), half = head * S.arrow_head[1];
    ctx.lineWidth = width;
    line(ctx, x, y, x + length - sign * head * 0.8, y);
    ctx.beginPath();
    ctx.moveTo(x + length, y);
    ctx.lineTo(x + length - sign * head, y - half);
    ctx.lineTo(x + length - sign * head, y + half);
    ctx.fill();
  }

  // Everything in the world must fit: a long pole zooms the picture out, so that it looks long beside the cart and the track.
  function pixelsPerMetre(width, height, poleLength) {
    const [times, more] = S.above_pole;
    return Math.min(width / (2 * S.half_view), (height - S.margin) / (Math.max(poleLength, S.least_pole) * times + more));
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
      line(ctx, x, y, x - Math.sign(w.wind) * (18 + Math.abs(w.wind) * 7), y);
    }
    ctx.restore();
  }

  function drawTrack(ctx, c, s, width, ground) {
    const middle = width / 2;
    ctx.strokeStyle = c.muted;
    ctx.lineWidth = S.line;
    line(ctx, 0, ground, width, ground);
    ctx.font = "12px " + c.font;
    ctx.fillStyle = c.muted;
    ctx.textAlign = "center";
    for (const x of [-2, -1, 0, 1, 2]) {
      line(ctx, middle + x * s, ground, middle + x * s, ground + S.tick);
      if (s > 60) ctx.fillText(x === 0 ? "0 m" : format(x), middle + x * s, ground + 18);
    }
    ctx.setLineDash(S.end_dash);
    for (const x of [-xLimit, xLimit]) {
      line(ctx, middle + x * s, ground + 8, middle + x * s, ground - S.track_end);
      const label = `${format(x)} m`;
      ctx.fillText(label, within(ctx, label, middle + x * s, width), ground - S.track_end - 6);
    }
    ctx.setLineDash([]);
  }

  function pole(ctx, x, y, angle, length) {
    const a = angle * Math.PI / 180;
    line(ctx, x, y, x + Math.sin(a) * length, y - Math.cos(a) * length);
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
    arrow(ctx, x - size, y - size * S.reversed_at[1], size * 2, S.reversed_arrow);
    arrow(ctx, x + size, y + size * S.reversed_at[1], -size * 2, S.reversed_arrow);
    ctx.restore();
  }

  function draw(ctx, width, height, e, playhead, c, scale, ghost) {
    const w = e.world, ground = height - S.ground, middle = width / 2;
    const at = Math.min(playhead, e.steps), k = Math.floor(at), f = at - k, s = scale;
    const x = middle + mix(e.x, k, f) * s, angle = mix(e.angle, k, f), ended = k >= e.steps;
    ctx.clearRect(0, 0, width, height);
    ctx.lineCap = "round";
    drawWind(ctx, c, w, width, height, at * timeStep);
    drawTrack(ctx, c, s, width, ground);

    const [cartW, cartH] = [0, 1].map((i) => Math.max(S.least_cart[i], S.cart[i] * s * Math.cbrt(w.cart_mass)));
    const wheel = Math.max(S.least_wheel, cartH * S.wheel), top = ground - cartH - wheel, length = 2 * w.half_length * s;
    const thickness = Math.min(S.pole_px[1], Math.max(S.pole_px[0], S.pole * s * Math.sqrt(w.pole_mass / S.pole_mass)));

    // the angles at which the pole counts as fallen
    ctx.strokeStyle = c.muted;
    ctx.setLineDash(S.limit_dash);
    ctx.lineWidth = 1.2;
    for (const limit of [-angleLimit, angleLimit]) pole(ctx, x, top, limit, Math.max(length, S.limit_line[0] * s) * S.limit_line[1]);
    ctx.setLineDash([]);

    // cart
    ctx.fillStyle = c.cart;
    ctx.beginPath();
    rounded(ctx, x - cartW / 2, top, cartW, cartH, S.corner);
    ctx.fill();
    for (const side of [-1, 1]) {
      ctx.beginPath();
      ctx.arc(x + side * cartW * S.wheel_at, ground - wheel, wheel, 0, 7);
      ctx.fill();
    }
    const turns = (e.turns ?? []).filter((t) => t <= k);
    if (w.reversed !== (turns.length % 2 === 1)) drawReversed(ctx, c, x, top + cartH * S.reversed_at[0], Math.min(cartW * S.reversed_half[0], S.reversed_half[1]));

    // a ring around the cart whose motor has just reversed by itself
    if (turns.length && k - turns.at(-1) < S.turn_steps) {
      const [gap, thick] = S.turn_ring;
      ctx.strokeStyle = c.ink;
      ctx.lineWidth = thick;
      ctx.beginPath();
      rounded(ctx, x - cartW / 2 - gap, top - gap, cartW + 2 * gap, ground - top + gap, S.corner);
      ctx.stroke();
    }

    // pole, and beside it the pole that the sensors report where that differs: noise shakes it
    ctx.strokeStyle = c[e.role];
    ctx.lineWidth = thickness;
    pole(ctx, x, top, angle, length);
    if (e.sensed) {
      ctx.strokeStyle = c.ink;
      ctx.lineWidth = S.sensed_line;
      ctx.setLineDash(S.sensed_dash);
      pole(ctx, e.sensed_x ? middle + mix(e.sensed_x, k, f) * s : x, top, mix(e.sensed, k, f), length);
      ctx.setLineDash([]);
    }
    if (ghost) window.ssmGhost.draw(ctx, ghost, playhead, c, { middle, scale: s, cartW, cartH, top, length });
    ctx.fillStyle = c.ground;
    ctx.beginPath();
    ctx.arc(x, top, Math.max(S.least_hub, thickness * S.hub), 0, 7);
    ctx.fill();

    // forces that act now, to one scale: the motor's from the cart's side, grey where it was lost, and the wind's above it
    if (!ended) {
      for (const [force, colour] of [[e.force[k], c.force], [e.lost?.[k] ?? 0, c.muted]]) {
        ctx.strokeStyle = ctx.fillStyle = colour;
        arrow(ctx, x + Math.sign(force) * (cartW / 2 + S.arrow_gap), top + cartH * 0.5, force * S.force * s, S.arrow);
      }
    }
    if (w.wind) {
      ctx.strokeStyle = ctx.fillStyle = c.wind;
      arrow(ctx, x + Math.sign(w.wind) * (cartW / 2 + S.arrow_gap), top - S.wind_above, w.wind * S.force * s, S.arrow);
    }
    if (w.delay) drawQueue(ctx, c, e, k, 60, 20);
    if (w.half_length * 2 * s < 18) { // a pole too small to read
      ctx.fillStyle = c.muted;
      ctx.font = "12px " + c.font;
      ctx.textAlign = "center";
      ctx.fillText(`pole ${(w.half_length * 200).toFixed(0)} cm`, x, top - 22);
    }
  }

  // What the marks on the stage mean, mark -> words; one without words is left out.
  function addKey(parent, marks) {
    for (const [mark, words] of Object.entries(marks)) if (words) window.ssmMake("span", parent, { "data-mark": mark }, words);
  }

  window.ssmStage = { draw, pixelsPerMetre, addKey };
})();
