// The line to the server. Where it breaks, Gradio loads the page anew as soon as the server answers, and again for as long as that goes
// on; here at most twice in a row, and then the page says what is blocked. After a reload it says why, what was lost and what was kept.
(() => {
  const MOST = 2; // reloads in a row
  const HOUR = 3600e3; // ms
  const COMPLETED = /"msg": ?"process_completed"/, CLOSED = /"msg": ?"close_stream"/, LONGEST = 30; // of the server's messages, characters
  const LOST = {
    "adapt-stop": "The adaptation under way is lost; its settings are still here.",
    "sweep-stop": "The seed sweep under way is lost.",
    "race-stop": "The comparison under way is lost; its settings are still here.",
    "meta-stop": "The training on the server ended with it.", // where it was restarted; else it is found again
  };
  const WHY = {
    restarted: "The server was restarted.",
    offline: "This device was offline for a while.",
    unreachable: "The server could not be reached for a while.",
    cut: "The connection to the server was cut.",
    rest: "This page had rested for more than an hour, after which the server forgets a visit.",
    forgotten: "The server had forgotten this visit, as it does when very many come.",
  };

  // What the page before a reload has left: how many reloads in a row it was, why, what was lost, whether there was a policy of one's own.
  // The history's entry holds it, for a browser's storage may be missing.
  const { reloads: before = 0, why, lost = [], had = false } = history.state?.line ?? {};
  let reloads = before, broken = null, held = false, left = false, own = false, asked = Date.now(), offline = false;
  const note = (line) => {
    try { history.replaceState({ ...history.state, line }, ""); } catch { /* a page without an address */ }
  };
  if (history.state?.line) note({ reloads });
  addEventListener("offline", () => { offline = true; });

  const alone = []; // what to do once the page has to go on without its server
  const training = () => window.ssmTrain?.page?.training;
  const running = () => Object.keys(LOST).filter((id) => document.getElementById(id)?.disabled === false);

  function say(text) {
    if (!document.body) return addEventListener("DOMContentLoaded", () => say(text));
    document.querySelector(".line-note")?.remove();
    const strip = window.ssmMake("div", document.body, { class: "line-note", role: "status" });
    window.ssmMake("p", strip, {}, text);
    window.ssmMake("button", strip, { type: "button" }, "Close").addEventListener("click", () => strip.remove());
  }

  // blocked: another than the server answers. Else nothing came, or the answer was cut.
  function breaks(path, blocked) {
    if (broken) return;
    broken = { running: running(), why: navigator.onLine ? "cut" : "offline" };
    if (training()) say("The connection to the server broke. The training in this browser goes on; the page loads again once it has ended.");
    if (reloads < MOST) return;
    held = true;
    document.documentElement.classList.add("line-held");
    const what = blocked ? `Your network blocks ${path}` : `The connection to ${path} is cut each time, perhaps by a filter in your network`;
    say(`${what}; Live, and Meta-train in this browser, still work. Reload the page once that is mended.`);
    for (const act of alone.splice(0)) act();
  }

  function leave(because, running) {
    left = true;
    const gone = running.filter((id) => id !== "meta-stop" || because === "restarted");
    note({ reloads: reloads + 1, why: because, lost: gone, had: own });
  }
  const restarted = async (answer) => (await answer.json()).app_id !== window.gradio_config?.app_id;

  // A stream as it comes, which fails where it ends before its time: Gradio would wait for ever.
  function watched(answer, path) {
    const reader = answer.body.getReader(), decoder = new TextDecoder();
    let tail = "", closed = false;
    const pull = async (controller) => {
      try {
        const { done, value } = await reader.read();
        if (done && !closed) throw new TypeError("the stream was cut");
        if (done) return controller.close();
        const text = tail + decoder.decode(value, { stream: true });
        closed ||= CLOSED.test(text);
        if (reloads && COMPLETED.test(text)) note({ reloads: (reloads = 0) });
        tail = text.slice(-LONGEST);
        controller.enqueue(value);
      } catch (error) {
        if (error.name !== "AbortError") breaks(path, false);
        controller.error(error);
      }
    };
    const { status, statusText, headers } = answer;
    return new Response(new ReadableStream({ pull, cancel: (reason) => reader.cancel(reason) }), { status, statusText, headers });
  }

  const plain = window.fetch.bind(window);
  window.fetch = async (input, init) => {
    const path = new URL(input.url ?? input, location.href).pathname, part = path.match(/\/(queue\/data|queue\/join|app_id)$/)?.[1];
    if (!part) return plain(input, init);
    if (part === "app_id") { // Gradio asks whether to load the page again
      if (held || training()) throw new TypeError("not now");
      const answer = await plain(input, init).catch((error) => {
        if (broken?.why === "cut") broken.why = offline || !navigator.onLine ? "offline" : "unreachable";
        throw error;
      });
      if (!broken || !answer.ok) return answer;
      const changed = await restarted(answer.clone());
      if (left) throw new TypeError("not twice"); // where an answer takes long, Gradio has asked again meanwhile
      leave(changed ? "restarted" : broken.why, broken.running);
      return answer;
    }
    let answer;
    try {
      answer = await plain(input, init);
    } catch (error) {
      if (error.name !== "AbortError") breaks(path, false);
      throw error;
    }
    const stream = part === "queue/data", wanted = stream ? "text/event-stream" : "application/json";
    if (!(answer.headers.get("content-type") ?? "").startsWith(wanted) || (stream && !answer.ok)) {
      breaks(path, true);
      throw new TypeError(`${path} was answered by another`);
    }
    if (!stream) window.ssmLine.rest = Date.now() - asked;
    asked = Date.now();
    return stream ? watched(answer, path) : answer;
  };

  window.ssmLine = {
    rest: 0, // ms between the last two requests
    whenAlone: (act) => { held ? act() : alone.push(act); },

    // The server lacks what the page shows: a new page, which says why and gives back what this browser has kept.
    async forgotten() {
      if (held || broken || left || training()) return;
      const answer = await plain(`${window.gradio_config.root}${window.gradio_config.api_prefix}/app_id`).catch(() => null);
      if (!answer?.ok) return;
      leave((await restarted(answer)) ? "restarted" : window.ssmLine.rest > HOUR ? "rest" : "forgotten", []);
      location.reload();
    },

    // The visitor's own policy, base64: kept by this browser, if it keeps anything.
    keep(weights) {
      own = !!weights;
      if (weights !== window.ssmStore.get("yours")) window.ssmOwn();
      window.ssmStore.set("yours", weights);
    },

    // What the server has taken back once the page is there.
    back(weights) {
      own = !!weights;
      if (!why) return;
      const mine = weights ? "Your own policy was kept in this browser, and is back." : had ? "Your own policy is lost: this browser keeps nothing for this page." : "";
      say([WHY[why], ...lost.map((id) => LOST[id]), mine].filter(Boolean).join(" "));
    },
  };
})();
