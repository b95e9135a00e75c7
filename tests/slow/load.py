"""Many visitors at once: python tests/slow/load.py [--joins 300] [--pupils 30] [--visitors 300].

On loopback: a flood of the heaviest event from one address, while another visitor presses Run; a class behind one address that
presses Adapt together; twenty adaptations beside two trainings, which must equal to the bit what the library gives alone; and
visitors one after another, after whom memory levels off. The exit code is 1 when an aim is missed.
"""

import argparse
import re
import secrets
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gradio_client import Client

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from model import HybridAdaptationConfig, HybridAdapter, StandardAdaptationConfig, StandardAdapter, World, evaluate_policy, load_pretrained
from tests.slow.serve import Served, served
from tests.ui.raw import listen, page_data, post, send

HEAVIEST = {"mode": "both", "num_adapt_steps": 10, "episodes_per_step": 20, "experience_weight": 5}
SCHOOL, VISITOR = "203.0.113.7", "198.51.100.9"
REVERSED = World(reversed_motor=True)
EPISODES, STEPS = 20, 2


def flood(url: str, joins: int) -> dict[str, float]:
    """So many joins of the heaviest event, each in a session of its own, all from one address and listened to by nobody.

    Meanwhile another visitor presses Run, and at last Adapt: seconds, and how many answers of each kind the flood got.
    """
    data, run = page_data(url, "adapt-run", **HEAVIEST), page_data(url, "play-run")
    with ThreadPoolExecutor(20) as pool:
        codes = pool.map(lambda _: post(url, "adapt-run", data, address=SCHOOL).status_code, range(joins))
        times = []
        for _ in range(30):
            started = time.monotonic()
            answer = send(url, "play-run", run, address=VISITOR, timeout=120)
            times.append(time.monotonic() - started)
            assert answer["success"] and 'class="problem' not in str(answer["output"])
        joined = sum(code == 200 for code in codes)
    started = time.monotonic()
    adapted = send(url, "adapt-run", page_data(url, "adapt-run"), address=VISITOR, timeout=300)
    assert adapted["success"] and "problem" not in str(adapted["output"])
    times.sort()
    return {"joined": joined, "median": times[15], "p95": times[28], "most": times[-1], "adapt": time.monotonic() - started}


def school(url: str, pupils: int) -> dict[str, float]:
    """Pupils behind one address, whose proxy names ports too, press Adapt within 5 s.

    How many were answered, how many were told a place, the last's and the time.
    """
    data = page_data(url, "adapt-run", num_adapt_steps=2)

    def pupil(index: int) -> tuple[bool, list[int]]:
        session, places, good = secrets.token_hex(6), [], False
        time.sleep(5 * index / pupils)
        address = f"{SCHOOL}:{4000 + index}"
        post(url, "adapt-run", data, session=session, address=address).raise_for_status()
        for message in listen(url, session, 600, address):
            text = str(message.get("output"))
            places += [int(n) for n in re.findall(r"You are number (\d+) in the line; about \d+ s\.", text)]
            if 'class="problem' in text or (message["msg"] == "process_completed" and not message["success"]):
                return False, places
            good = good or 'class="outcome' in text
        return good, places

    started = time.monotonic()
    with ThreadPoolExecutor(pupils) as pool:
        seen = list(pool.map(pupil, range(pupils)))
    told, furthest = sum(bool(places) for _, places in seen), max((max(p) for _, p in seen if p), default=0)
    return {"answered": sum(good for good, _ in seen), "told": told, "furthest": furthest, "seconds": time.monotonic() - started}


def programs(url: str, pupils: int) -> dict[str, float]:
    """Programs behind one address, half of them adapting and half training: how many read a place or an answer, and how many a place."""

    def program(index: int) -> tuple[bool, bool]:
        client = Client(url, verbose=False, headers={"x-forwarded-for": f"{SCHOOL}:{4000 + index}"}, httpx_kwargs={"timeout": 120})
        if index % 2:
            job = client.submit(num_epochs=1, time_budget=5, api_name="/meta_train")
            while not job.done() and not job.outputs():
                time.sleep(0.2)
            said = job.outputs()
            job.cancel()
            return bool(said), any(answer["place_in_queue"] for answer in said)
        job, placed = client.submit(reversed_motor=True, num_adapt_steps=1, api_name="/adapt"), False
        while not job.done():
            placed = placed or "You are number" in str(job.status().log)
            time.sleep(0.2)
        return bool(job.result()), placed

    with ThreadPoolExecutor(pupils) as pool:
        seen = list(pool.map(program, range(pupils)))
    return {"answered": sum(good for good, _ in seen), "told": sum(placed for _, placed in seen)}


def expected(mode: str, seed: int) -> list[list[float]]:
    """What an adaptation gives alone: the evaluation returns before any step and after each."""
    if mode == "standard":
        adapter = StandardAdapter(StandardAdaptationConfig(num_adapt_steps=STEPS))
    else:
        adapter = HybridAdapter(HybridAdaptationConfig(num_adapt_steps=STEPS))
    steps = adapter.adapt(load_pretrained("meta"), REVERSED, seed)
    return [evaluate_policy(step.model, REVERSED, EPISODES, seed).tolist() for step in steps]


def beside_trainings(url: str, visitors: int, seconds: float = 30) -> int:
    """How many of so many adaptations, all at once beside two trainings (seconds), equal to the bit what the library gives alone."""
    modes = ["hybrid" if i % 4 == 0 else "standard" for i in range(visitors)]

    def client(index: int) -> Client:
        return Client(url, verbose=False, headers={"x-forwarded-for": f"198.18.0.{index + 1}"}, httpx_kwargs={"timeout": 120})

    def adapt(index: int) -> list[list[float]]:
        given = {"reversed_motor": True, "mode": modes[index], "num_adapt_steps": STEPS, "seed": index}
        return [s["returns"] for s in client(index).predict(**given, api_name="/adapt")["modes"][modes[index]]["steps"]]

    trainings = [client(200 + i).submit(time_budget=seconds, seed=i, api_name="/meta_train") for i in range(2)]
    with ThreadPoolExecutor(visitors) as pool:
        made = list(pool.map(adapt, range(visitors)))
    assert all(t.result()["phase"] == "done" for t in trainings)
    return sum(got == expected(mode, i) for i, (got, mode) in enumerate(zip(made, modes, strict=True)))


def memory(app: Served, visitors: int) -> list[float]:
    """The server's memory in MB at each third of so many visitors who look, run, adapt and leave."""
    held = []
    for index in range(visitors):
        session, address = secrets.token_hex(6), f"198.18.{index // 250}.{index % 250 + 1}"
        send(app.url, "play-run", page_data(app.url, "play-run", seed=index), session=session, address=address)
        if index % 2 == 0:
            mode = "both" if index % 10 == 0 else "standard"
            data = page_data(app.url, "adapt-run", mode=mode, num_adapt_steps=2, episodes_per_step=3, seed=index)
            send(app.url, "adapt-run", data, session=session, address=address)
        if (index + 1) % (visitors // 3) == 0:
            held.append(app.use()["MB"])
    return held


def main() -> int:
    """Start the app and load it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joins", type=int, default=300)
    parser.add_argument("--pupils", type=int, default=30)
    parser.add_argument("--visitors", type=int, default=300)
    args = parser.parse_args()
    with served() as app:
        crowd = school(app.url, args.pupils)
        print(f"{args.pupils} press Adapt: {crowd}", app.use(), flush=True)
        run = programs(app.url, args.pupils)
        print(f"{args.pupils} programs: {run}", app.use(), flush=True)
        same = beside_trainings(app.url, 20)
        print(f"20 at once beside 2 trainings: {same} equal to the bit", app.use(), flush=True)
        flooded = flood(app.url, args.joins)
        print(f"{args.joins} joins: {flooded}", app.use(), flush=True)
        held = memory(app, args.visitors)
        print(f"MB after each third of {args.visitors} visitors: {held}", app.use(), flush=True)
        quiet = "Traceback" not in app.log.read_text(encoding="utf-8")
    aims = {
        "nobody of a class is refused": crowd["answered"] == run["answered"] == args.pupils,
        "Run's p95 below 3 s": flooded["p95"] < 3,
        "equal to the bit": same == 20,
        "memory levels off": held[2] - held[1] < 0.05 * held[1],
        "no traceback in the log": quiet,
    }
    for missed in (aim for aim, held in aims.items() if not held):
        print(f"MISSED: {missed}")
    return int(not all(aims.values()))


if __name__ == "__main__":
    sys.exit(main())
