// What comes to the live page and leaves it: links, files, the visitor's own policy, and the world that other tabs show.
(() => {
  const live = (globalThis.ssmLive ??= {});
  const ADDRESS_REST = 400; // ms after the last change before the address follows

  // The other tabs' controls round: three digits of a metre, a hundredth of a degree.
  const sameWorld = (a, b) => live.config.fields.every(({ name, kind }) => (kind === "float" ? Math.abs(a[name] - b[name]) < 0.002 : a[name] === b[name]));

  live.Travel = class {
    // send(event, data): to the server, where there is one. tabs: of the page.
    constructor(page, send, onServer, tabs) {
      Object.assign(this, { page, send, onServer, tabs });
      this.known = { world: page.state.world, seed: page.state.seed }; // what the other tabs show
      let shown = true;
      new ResizeObserver(() => {
        if (shown && !page.root.clientWidth) this.leave();
        if (!shown && page.root.clientWidth) this.writeLink();
        shown = page.root.clientWidth > 0;
      }).observe(page.root);
    }

    // --- the visitor's own policy ---

    keep() {
      const { run } = this.page;
      if (run.policy === run.base) return this.page.board.complain(new Error("It has learnt nothing yet: break its world, and keep what it learns from its falls."));
      this.page.own(run.policy);
      if (this.onServer) this.send("keep", { weights: window.ssmDraw.base64(live.policyBytes(run.policy)) });
      else this.page.board.note("Kept: it is “Yours” in the list of policies, until you close the page.");
    }

    save() {
      const { run, state } = this.page;
      window.ssmSave(`live-${state.policy}-${live.worldName(state.world)}.safetensors`, live.policyBytes(run.policy));
    }

    async openFile(file) {
      try {
        this.page.own(live.readPolicy(await file.arrayBuffer()), true);
      } catch (error) {
        this.page.board.complain(error);
      }
    }

    // --- other tabs ---

    // From the server: what it has to say, the visitor's own weights, and the world and seed that the other tabs show.
    arrive({ said, problem, weights, world, seed }) {
      const { page } = this;
      try {
        if (weights) page.own(live.readPolicy(window.ssmDraw.bytes(weights).buffer));
        if (world) this.meet(live.makeWorld(world), seed);
      } catch (error) {
        page.board.complain(error);
      }
      if (said) page.board.note(said);
      if (problem) page.board.complain(new Error(problem));
    }

    // Another tab's choice counts if it has changed since this page last heard or spoke of it.
    meet(world, seed) {
      const { known, page } = this;
      if (seed !== known.seed && seed !== page.state.seed) page.setSeed(`${seed}`);
      if (!sameWorld(world, known.world) && !sameWorld(world, page.state.world)) page.changeWorld(world, false);
      this.known = { world, seed };
    }

    // Leaving for another tab takes the world along.
    leave() {
      const { world, seed } = this.page.state;
      if (sameWorld(world, this.known.world) && seed === this.known.seed) return;
      this.known = { world, seed };
      this.send("leave", this.known);
    }

    toAdapt() {
      const { world, seed } = this.page.state;
      this.known = { world, seed };
      this.send("adapt", this.known);
    }

    // --- links ---

    openLink() {
      try {
        Object.assign(this.page.state, live.fromQuery(location.search, Object.keys(live.weights), this.tabs, this.onServer ? "" : "live"));
      } catch (error) {
        const why = error.plain ?? error.message;
        this.problem = new Error(`This link can’t be opened: ${why[0].toLowerCase()}${why.slice(1)}`);
      }
    }

    writeLink() {
      clearTimeout(this.address);
      this.address = setTimeout(() => {
        if (!this.page.root.clientWidth) return; // another tab is open, and the address is its own
        window.ssmAddress("live", live.toQuery(this.page.state));
      }, ADDRESS_REST);
    }
  };
})();
