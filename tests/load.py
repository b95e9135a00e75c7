"""Many visitors at once and one after another: python tests/load.py [--visitors 1000] [--remembered 200] [--soak MINUTES].

On loopback. First 20 at once beside two trainings, whose results must equal to the bit what the library gives alone; then what a
moving picture needs; then many visitors, one after another, of whom the server remembers fewer than come, with its memory,
descriptors, processes and files on the way; then, if asked for, a soak of mixed work. The exit code is 1 when an aim is missed.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gradio_client import Client

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from model import HybridAdaptationConfig, HybridAdapter, StandardAdaptationConfig, StandardAdapter, World, evaluate_policy, load_pretrained
from tests.bystander import Bystander
from tests.serve import Served, served
from tests.ui.raw import send
from ui.field import GONE
from ui.server.memory import GIVEN
from ui.settings import page_values

AT_ONCE, STEPS, EPISODES = 20, 2, 20
MARKS = (250, 500, 750)
PICTURE = 50.0  # MB: the aim for a moving picture
LEVEL = 0.05  # of the memory at the second mark: what may be added until the last, when memory has levelled off
REVERSED = World(reversed_motor=True)


def client(url: str, index: int) -> Client:
    """A program with an address of its own."""
    return Client(url, verbose=False, headers={"x-forwarded-for": f"198.18.{index // 250}.{index % 250 + 1}"})


def expected(mode: str, seed: int) -> list[list[float]]:
    """What an adaptation gives alone: the evaluation returns before any step and after each."""
    if mode == "standard":
        adapter = StandardAdapter(StandardAdaptationConfig(num_adapt_steps=STEPS))
    else:
        adapter = HybridAdapter(HybridAdaptationConfig(num_adapt_steps=STEPS))
    steps = adapter.adapt(load_pretrained("meta"), REVERSED, seed)
    return [evaluate_policy(step.model, REVERSED, EPISODES, seed).tolist() for step in steps]


def at_once(app: Served) -> str:
    """20 adaptations beside two trainings."""
    modes = ["hybrid" if i % 4 == 0 else "standard" for i in range(AT_ONCE)]
    alone = [expected(mode, i) for i, mode in enumerate(modes)]
    trainings = [client(app.url, 200 + i).submit(time_budget=30, seed=i, api_name="/meta_train") for i in range(2)]
    time.sleep(5)
    clients = [client(app.url, i) for i in range(AT_ONCE)]

    def adapt(index: int) -> tuple[float, list[list[float]]]:
        started = time.monotonic()
        given = {"reversed_motor": True, "mode": modes[index], "num_adapt_steps": STEPS, "seed": index}
        answer = clients[index].predict(**given, api_name="/adapt")
        return time.monotonic() - started, [s["returns"] for s in answer["modes"][modes[index]]["steps"]]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = list(pool.map(adapt, range(AT_ONCE)))
    same = sum(got == want for (_, got), want in zip(made, alone, strict=True))
    ended = [t.result()["phase"] for t in trainings]
    slowest = max(took for took, _ in made)
    return f"{AT_ONCE} at once beside 2 trainings: {same} of {AT_ONCE} equal to the bit, the slowest {slowest:.1f} s; trainings: {ended}"


def visit(url: str, index: int) -> None:
    """One visitor: looks, runs, adapts, leaves."""
    session, address = secrets.token_hex(6), f"198.18.{index // 250}.{index % 250 + 1}"
    world = page_values(REVERSED)
    send(url, "play-run", [None, "reversed_motor", *world, "meta", "greedy", index], session=session, address=address)
    if index % 2 == 0:
        settings = ["meta", "both" if index % 10 == 0 else "standard", 0, 2, 3, 1, index, True]
        send(url, "adapt-run", [None, "reversed_motor", *world, *settings], session=session, address=address)
    if index % 50 == 0:
        send(url, "play-gif", [None], session=session, address=address)


def pictures(app: Served) -> tuple[str, bool]:
    """What the GIF of the longest episode needs, and whether that is little."""
    session = secrets.token_hex(6)

    def made() -> None:
        send(app.url, "play-gif", [None], session=session, address="198.19.0.1")

    standard = page_values(World())
    send(app.url, "play-run", [None, "standard", *standard, "memory", "greedy", 0], session=session, address="198.19.0.1")
    made()  # what is loaded once, fonts for one, is no call's
    rises = [app.peak(made) for _ in range(3)]
    return f"a GIF of 500 steps: memory rises by {', '.join(map(str, rises))} MB", max(rises) < PICTURE


def one_after_another(app: Served, visitors: int, remembered: int) -> tuple[bool, bool]:
    """Prints what the server holds at each mark; whether a forgotten visitor is told so, and whether memory levels off."""
    first = Bystander(app.url, "198.19.0.2").keep()
    print(f"before the first of {visitors}, of whom {remembered} are remembered: {app.use()}", flush=True)
    held = []
    for index in range(visitors):
        visit(app.url, index)
        if index + 1 in (*MARKS, visitors):
            held.append(app.use()["MB"])
            print(f"after {index + 1} visitors: {app.use()}", flush=True)
    print(f"the first of them, who had kept a policy, runs it and reads: {(read := first.refusal())!r}", flush=True)
    return GONE in read, len(held) < 3 or held[-1] - held[1] < LEVEL * held[1]


def soak(app: Served, minutes: float) -> str:
    """Mixed work of four visitors at a time."""
    until, counts, failures = time.monotonic() + 60 * minutes, [0] * 4, []

    def work(who: int) -> None:
        while time.monotonic() < until:
            try:
                visit(app.url, 10_000 + 4 * counts[who] + who)
            except Exception as error:
                failures.append(f"{type(error).__name__}: {error}"[:200])
            counts[who] += 1

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return f"soak of {minutes:g} minutes: {sum(counts)} visits, {len(failures)} failed {failures[:3]}; {app.use()}"


def main() -> int:
    """Start the app and load it; 1 when a result differs or the log holds a traceback."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=1000)
    parser.add_argument("--remembered", type=int, default=200, help="visits that the server may remember")
    parser.add_argument("--soak", type=float, default=0.0)
    args = parser.parse_args()
    aims = {}
    with served(**{GIVEN: str(args.remembered)}) as app:
        words = at_once(app)
        print(words, app.use(), flush=True)
        aims["equal to the bit"] = f"{AT_ONCE} of {AT_ONCE} equal" in words
        words, aims["little memory for a picture"] = pictures(app)
        print(words, flush=True)
        aims["a forgotten visit is told so"], aims["memory levels off"] = one_after_another(app, args.visitors, args.remembered)
        if args.soak:
            words = soak(app, args.soak)
            print(words, flush=True)
            aims["a soak without a failure"] = ", 0 failed" in words
        aims["no traceback in the log"] = "Traceback" not in app.log.read_text()
    for missed in (aim for aim, held in aims.items() if not held):
        print(f"MISSED: {missed}")
    return int(not all(aims.values()))


if __name__ == "__main__":
    sys.exit(main())
