// A lane's stage: the world to scale (assets/stage.js), the visitor's hand on it, and how long it has stood.
(() => {
  const live = (globalThis.ssmLive ??= {});
  const make = window.ssmMake;
  const PULL = 60; // N for each metre between the cart and the pointer that drags it
  const STRONGEST = 20; // N that the visitor's hand can push with
  const KEY_PUSH = 14; // N of an arrow key
  const KEY_STEPS = 5; // steps that the shortest press of it pushes for
  const TIP = 0.5; // rad/s that the button gives the pole
  const TURN = 0.25; // share of the way to the pointer that a dragged pole turns in a step
  const clamp = (v, most) => Math.max(-most, Math.min(most, v));

  live.StageView = class {
    // act(lane, fields of the hand): told when the visitor touches the stage
    constructor(parent, lane, onTouch) {
      this.lane = lane;
      this.onTouch = onTouch;
      this.figure = make("figure", parent, { class: "live-stage" });
      const caption = make("figcaption", this.figure);
      this.who = make("span", caption, { class: "who" });
      this.notes = make("span", caption, { class: "notes" });
      this.clock = make("span", caption, { class: "live-clock" });
      this.canvas = make("canvas", this.figure, { tabindex: 0, role: "img" });
      this.keys = { left: 0, right: 0 }; // 1 while held
      this.keyed = { sign: 0, steps: 0 };
      this.grip = null; // {kind: "cart" or "pole", x, y} in m while the pointer is down
      this.kick = 0;
      this.listen();
      window.ssmDraw.onLook(this.canvas, () => this.layout());
      this.name();
    }

    listen() {
      const { canvas } = this;
      canvas.addEventListener("pointerdown", (event) => {
        canvas.setPointerCapture(event.pointerId);
        canvas.focus({ preventScroll: true });
        this.press(event, true);
      });
      canvas.addEventListener("pointermove", (event) => { if (this.grip) this.press(event, false); });
      for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) canvas.addEventListener(end, () => { this.grip = null; });
      canvas.addEventListener("keydown", (event) => this.key(event, 1));
      canvas.addEventListener("keyup", (event) => this.key(event, 0));
      canvas.addEventListener("blur", () => { this.keys = { left: 0, right: 0 }; });
    }

    press(event, first) {
      const box = this.canvas.getBoundingClientRect(), at = this.metres(event.clientX - box.left, event.clientY - box.top);
      const kind = first ? (this.lane.human ? "motor" : at.y > 0.6 ? "pole" : "cart") : this.grip.kind;
      this.grip = { kind, ...at };
      if (first) this.onTouch(kind);
    }

    // A point of the canvas in metres: from the middle of the track, and above the cart.
    metres(px, py) {
      const ground = this.h - 30, { x } = this.lane.pose();
      const above = (ground - py) / this.scale - 0.29;
      return { x: (px - this.w / 2) / this.scale, y: above / Math.max(0.3, 2 * this.lane.sim.world.pole_half_length), cart: x };
    }

    key(event, down) {
      const side = { ArrowLeft: "left", ArrowRight: "right" }[event.key];
      if (!side) return;
      event.preventDefault();
      if (event.repeat) return;
      this.keys[side] = down;
      if (down && !this.lane.human) this.keyed = { sign: side === "left" ? -1 : 1, steps: KEY_STEPS };
      if (down) this.onTouch(this.lane.human ? "motor" : "cart");
    }

    tip() {
      const [, , theta] = this.lane.sim.state;
      this.kick = (theta < 0 ? -1 : 1) * TIP;
    }

    // What the visitor's hand does in the next physics step. `alternate`: the motor's action while no key is held.
    hand(alternate) {
      const { grip, keys, lane } = this, held = keys.right - keys.left, [x, , theta] = lane.sim.state;
      if (lane.human) {
        const side = grip ? Math.sign(grip.x - x) : held;
        return { humanAction: side ? (side > 0 ? 1 : 0) : alternate };
      }
      let push = 0, kick = this.kick;
      if (grip?.kind === "cart") push = clamp((grip.x - x) * PULL, STRONGEST);
      else if (held) push = held * KEY_PUSH;
      else if (this.keyed.steps > 0) push = this.keyed.sign * KEY_PUSH;
      if (grip?.kind === "pole") {
        const length = 2 * lane.sim.world.pole_half_length, wanted = Math.atan2(grip.x - x, Math.max(0.2, grip.y * length));
        kick = clamp((wanted - theta) * TURN, 0.12) / live.config.physics.tau * 0.2;
      }
      this.keyed.steps -= 1;
      this.kick = 0;
      return { push, kick };
    }

    layout() {
      const fitted = window.ssmDraw.fit(this.canvas);
      if (!fitted) return;
      Object.assign(this, { ctx: fitted.ctx, w: fitted.w, h: fitted.h });
      this.c = window.ssmDraw.colours(this.canvas);
      this.scale = null;
    }

    name() {
      const { lane } = this, words = live.differences(lane.sim.world).join(" · ");
      if (this.who.textContent !== lane.label) this.who.textContent = lane.label;
      this.who.dataset.role = lane.role;
      if (this.notes.textContent !== words) this.notes.textContent = words;
      const how = lane.human ? "Hold the left or right arrow key to run the motor." : "Arrow keys push the cart.";
      this.canvas.setAttribute("aria-label", `${lane.label}: a cart that balances a pole. World: ${words}. ${how}`);
    }

    draw(seconds, commonScale) {
      if (!this.ctx) this.layout();
      if (!this.ctx) return;
      const { ctx, w, h, lane, c } = this, wanted = commonScale ?? this.wantedScale();
      this.scale = this.scale === null ? wanted : this.scale + (wanted - this.scale) * Math.min(1, seconds * 8);
      window.ssmStage.draw(ctx, w, h, this.episode(), this.playhead, c, this.scale);
      if (lane.phase === "fallen" || lane.phase === "learnt") this.drawStill();
      this.drawHand();
      const time = `${(lane.shown.steps * live.config.physics.tau).toFixed(1)} s`;
      if (this.clock.textContent !== time) this.clock.textContent = time;
    }

    wantedScale() {
      return this.w ? window.ssmStage.pixelsPerMetre(this.w, this.h, 2 * this.lane.sim.world.pole_half_length) : null;
    }

    // This moment as assets/stage.js draws it.
    episode() {
      const { lane } = this, { shown } = lane, world = lane.sim.world, pose = lane.pose();
      const sensed = world.angle_bias !== 0 || world.mirrored_sensors;
      const drawn = {
        world: {
          half_length: world.pole_half_length, pole_mass: world.pole_mass, cart_mass: world.cart_mass, wind: world.wind,
          reversed: world.reversed_motor, delay: world.action_delay,
        },
        role: lane.role, x: shown.x, angle: shown.angle, force: shown.force, action: shown.action, steps: shown.steps,
      }; // prettier-ignore
      this.playhead = pose.playhead ?? 0;
      if (pose.playhead === undefined) Object.assign(drawn, { x: [pose.x], angle: [pose.angle], steps: 0 });
      else if (sensed) drawn.sensed = shown.sensed;
      return drawn;
    }

    // Time stands still: a frame around the stage says so.
    drawStill() {
      const { ctx, w, h, c } = this;
      ctx.strokeStyle = c.before;
      ctx.lineWidth = 3;
      ctx.strokeRect(1.5, 1.5, w - 3, h - 3);
    }

    // The visitor's push: a rubber band to the pointer, or an arrow.
    drawHand() {
      const { ctx, c, grip, lane } = this, push = lane.phase === "moving" ? lane.shown.push.at(-1) ?? 0 : 0;
      if (lane.human || (!grip && !push)) return;
      const cart = this.w / 2 + lane.pose().x * this.scale, y = this.h - 30 - 0.14 * this.scale;
      ctx.strokeStyle = ctx.fillStyle = c.policy;
      ctx.lineWidth = 2.5;
      if (grip) {
        ctx.setLineDash([3, 5]);
        window.ssmDraw.line(ctx, cart, y, this.w / 2 + grip.x * this.scale, y);
        ctx.setLineDash([]);
      }
      if (!push) return;
      ctx.font = `600 13px ${c.font}`;
      ctx.textAlign = "center";
      ctx.fillText(`your push ${Math.abs(push).toFixed(0)} N`, Math.min(Math.max(cart, 60), this.w - 60), 22);
    }

    remove() { this.figure.remove(); }
  };
})();
