// The ghost: what the fitted dynamics model imagines of the same policy from the same start, drawn dashed over the real cart.
// An episode's `ghost` holds x (m), angle (degrees, of the real pole), steps and ending (ui/views/imagined.py).
(() => {
  const { stage: S } = window.ssmConfig;
  const { line, mix, rounded } = window.ssmDraw;
  const make = window.ssmMake;

  // place: where the real cart's parts are (stage.js); c: colours.
  function draw(ctx, ghost, playhead, c, place) {
    const at = Math.min(playhead, ghost.steps), k = Math.min(Math.floor(at), ghost.x.length - 1), f = at - Math.floor(at);
    const x = place.middle + mix(ghost.x, k, f) * place.scale, a = mix(ghost.angle, k, f) * Math.PI / 180;
    ctx.save();
    ctx.strokeStyle = c.imagined;
    ctx.setLineDash(S.ghost_dash);
    ctx.lineWidth = S.ghost_line;
    if (playhead >= ghost.steps && ghost.fell) ctx.globalAlpha = 0.55;
    ctx.beginPath();
    rounded(ctx, x - place.cartW / 2, place.top, place.cartW, place.cartH, S.corner);
    ctx.stroke();
    line(ctx, x, place.top, x + Math.sin(a) * place.length, place.top - Math.cos(a) * place.length);
    ctx.restore();
  }

  // The switch and its words under the stages, where any of them has a ghost; it stays as the visitor has set it.
  function attach(player) {
    const ghosts = player.views.filter((v) => v.e.ghost);
    if (!player.ghostSwitch) {
      const label = make("label", player.root, { class: "ghost-switch" });
      player.ghostSwitch = make("input", label, { type: "checkbox" });
      make("span", label, { class: "ghost-key" }, "Show what it imagined: the same policy from the same start in the dynamics model that it has learnt");
      player.ghostSwitch.checked = true;
      player.ghostSwitch.addEventListener("change", () => { words(player); player.draw(); });
      player.ghostLabel = label;
    }
    player.ghostLabel.hidden = !ghosts.length;
    for (const v of ghosts) v.imagined = make("p", v.figure, { class: "imagined" });
    words(player);
  }

  function words(player) {
    for (const v of player.views) if (v.imagined) v.imagined.textContent = player.ghostSwitch.checked ? v.e.ghost.ending : "";
  }

  window.ssmGhost = { attach, draw };
})();
