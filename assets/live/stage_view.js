// A lane's stage: the world to scale (assets/stage.js), the visitor's hand on it, and how long it has stood.
(() => {
  const live = (globalThis.ssmLive ??= {});
  const make = window.ssmMake;
  const S = window.ssmConfig.stage;
  const PULL = 60; // N for each metre between the cart and the pointer that drags it
  const STRONGEST = 20; // N that the visitor's hand can push with
  const KEY_PUSH = 14; // N of an arrow key
  const KEY_STEPS = 5; // steps that the shortest press of it pushes for
  const TIP = 0.5; // rad/s that the button gives the pole
  const TURN = 0.15; // s in which a dragged pole would reach the pointer
  const FASTEST = 2; // rad/s of a dragged pole
  const GHOSTS = 12; // steps of the fall that are shown while time stands still
  const clamp = (v, most) => Math.max(-most, Math.min(most, v));

  const sensedDiffers = (world) => world.angle_bias !== 0 || world.mirrored_sensors || world.sensor_noise > 0;
  const copied = (hand) => Object.fromEntries(Object.entries(hand).map(([name, value]) => [name, value && { ...value }]));

  live.StageView = class {
    // onTouch: told when the visitor touches the stage
    constructor(parent, lane, onTouch) {
      this.lane = lane;
      this.onTouch = onTouch;
      this.others = []; // the stages beside this one
      this.figure = make("figure", parent, { class: "live-stage" });
      const caption = make("figcaption", this.figure);
      this.who = make("span", caption, { class: "who" });
      this.notes = make("span", caption, { class: "notes" });
      this.clock = make("span", caption, { class: "live-clock" });
      this.counted = make("p", this.figure, { class: "live-count" });
      this.canvas = make("canvas", this.figure, { tabindex: 0, role: "application" });
      this.legend = make("p", this.figure, { class: "live-legend" });
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
      for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) canvas.addEventListener(end, () => this.share({ grip: null }));
      canvas.addEventListener("keydown", (event) => this.key(event, 1));
      canvas.addEventListener("keyup", (event) => this.key(event, 0));
      canvas.addEventListener("blur", () => this.share({ keys: { left: 0, right: 0 } }));
    }

    // The same hand on every stage beside this one, but for the one whose motor the visitor holds.
    share(hand) {
      const views = this.lane.human ? [this] : [this, ...this.others.filter((view) => !view.lane.human)];
      for (const view of views) Object.assign(view, copied(hand));
    }

    press(event, first) {
      const box = this.canvas.getBoundingClientRect(), at = this.metres(event.clientX - box.left, event.clientY - box.top);
      const kind = first ? (this.lane.human ? "motor" : at.y > this.length / 2 ? "pole" : "cart") : this.grip.kind;
      this.share({ grip: { kind, ...at, lane: this.lane } });
      if (first) this.onTouch();
    }

    get length() { return 2 * this.lane.sim.world.pole_half_length; } // m

    // A point of the canvas in metres: from the middle of the track, and above the pole's foot.
    metres(px, py) {
      return { x: (px - this.w / 2) / this.scale, y: (this.top() - py) / this.scale };
    }

    key(event, down) {
      const side = { ArrowLeft: "left", ArrowRight: "right" }[event.key];
      if (!side) return;
      event.preventDefault();
      if (event.repeat) return;
      this.share({ keys: { ...this.keys, [side]: down } });
      if (down && !this.lane.human) this.share({ keyed: { sign: side === "left" ? -1 : 1, steps: KEY_STEPS } });
      if (down) this.onTouch();
    }

    tip() {
      const [, , theta] = this.lane.sim.state;
      this.kick = (theta < 0 ? -1 : 1) * TIP;
    }

    // What the visitor's hand does in the next physics step; while no key is held the motor alternates.
    hand() {
      const { grip, keys, lane } = this, held = keys.right - keys.left, [x, , theta, theta_dot] = lane.sim.state;
      if (lane.human) {
        const side = grip ? Math.sign(grip.x - x) : held;
        return { humanAction: side ? (side > 0 ? 1 : 0) : lane.shown.steps % 2 };
      }
      let push = 0, kick = this.kick;
      if (grip?.kind === "cart") push = clamp((grip.x - grip.lane.sim.state[0]) * PULL, STRONGEST); // on all stages the same
      else if (held) push = held * KEY_PUSH;
      else if (this.keyed.steps > 0) push = this.keyed.sign * KEY_PUSH;
      if (grip?.kind === "pole") {
        const wanted = Math.atan2(grip.x - x, Math.max(this.length / 4, grip.y));
        kick = (clamp((wanted - theta) / TURN, FASTEST) - theta_dot) / 2;
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
      if (this.notes.textContent !== words) this.notes.textContent = this.notes.title = words;
      this.showLegend();
      const how = lane.human ? "Hold the left or right arrow key to run the motor." : "Arrow keys push the cart.";
      this.canvas.setAttribute("aria-label", `${lane.label}: a cart that balances a pole. World: ${words}. ${how}`);
    }

    // changes: those that this cart has met and outlived; none where they don't count.
    count(changes) {
      const { met, survived } = changes ?? {}, words = met ? `${survived} of ${live.count(met, "change")} survived` : "";
      if (this.counted.textContent !== words) this.counted.textContent = words;
    }

    // What the marks on the stage mean; only those that this world has.
    showLegend() {
      const { world } = this.lane.sim;
      const marks = {
        motor: "motor", lost: world.lost_push && "push that was lost", wind: world.wind && "wind",
        turn: world.motor_reversals && "the motor has just reversed by itself",
        sensed: sensedDiffers(world) && "pole as the sensor reports it", limit: "12° limits",
      }; // prettier-ignore
      this.legend.replaceChildren();
      window.ssmStage.addKey(this.legend, marks);
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
      const drawn = {
        world: {
          half_length: world.pole_half_length, pole_mass: world.pole_mass, cart_mass: world.cart_mass, wind: world.wind,
          reversed: shown.reversed, delay: world.action_delay,
        },
        role: lane.role, x: shown.x, angle: shown.angle, force: shown.force, lost: shown.lost, turns: shown.turns, action: shown.action, steps: shown.steps,
      }; // prettier-ignore
      this.playhead = pose.playhead ?? 0;
      if (pose.playhead === undefined) Object.assign(drawn, { x: [pose.x], angle: [pose.angle], steps: 0 });
      else if (sensedDiffers(world)) Object.assign(drawn, { sensed: shown.sensed, sensed_x: world.sensor_noise ? shown.sensedX : null });
      return drawn;
    }

    // Time stands still: the last steps of the fall as shadows, and a frame around the stage.
    drawStill() {
      const { ctx, w, h, c, lane: { shown } } = this, length = this.length * this.scale;
      const ghosts = shown.x.slice(-GHOSTS - 1, -1).map((x, i) => [x, shown.angle.slice(-GHOSTS - 1)[i] * Math.PI / 180]);
      ctx.strokeStyle = c[this.lane.role];
      ctx.lineWidth = 3;
      ghosts.forEach(([x, angle], i) => {
        const foot = w / 2 + x * this.scale, top = this.top();
        ctx.globalAlpha = 0.1 + 0.25 * i / ghosts.length;
        window.ssmDraw.line(ctx, foot, top, foot + Math.sin(angle) * length, top - Math.cos(angle) * length);
      });
      ctx.globalAlpha = 1;
      ctx.strokeStyle = c.before;
      ctx.lineWidth = 3;
      ctx.strokeRect(1.5, 1.5, w - 3, h - 3);
    }

    // Where the pole stands on the cart, in pixels from above (as assets/stage.js draws it).
    top() {
      const cart = Math.max(S.least_cart[1], S.cart[1] * this.scale * Math.cbrt(this.lane.sim.world.cart_mass));
      return this.h - S.ground - cart - Math.max(S.least_wheel, cart * S.wheel);
    }

    // The visitor's push: a rubber band to the pointer, or an arrow.
    drawHand() {
      const { ctx, c, grip, lane } = this, push = lane.phase === "moving" ? lane.shown.push.at(-1) ?? 0 : 0;
      if (lane.human || (!grip && !push)) return;
      const cart = this.w / 2 + lane.pose().x * this.scale, y = (this.top() + this.h - S.ground) / 2;
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
