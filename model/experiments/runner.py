"""One runner for all that is measured: python -m model evaluate. Each finished part is written at once; a stopped run goes on.

Settings are chosen on validation worlds. The test split was read several times while the methods were made; what is reported comes from
the sealed split alone, and the file says when that was read and with which commit.
"""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from model.allocator import keep_freed_memory
from model.config import check_choice
from model.experiments import comparison
from model.experiments.notice import notice_parts
from model.experiments.provenance import provenance
from model.experiments.stands import stands_parts
from model.experiments.study import QUICK, Part, Size, Study, study_parts
from model.experiments.summaries import break_set
from model.experiments.who_wins import map_parts
from model.policy.checkpoint import write_atomically
from model.policy.pretrained import WEIGHTS

RESULTS = WEIGHTS / "results.json"
SPLITS = ("validation", "test", "sealed")
Place = tuple[str, ...]


def all_parts(quick: bool = False) -> dict[Place, Part]:
    """Every part of the study: its place in the results, and what makes it."""
    compared = comparison.comparison_parts(comparison.QUICK if quick else comparison.ComparisonSize())
    families = map_parts(2, 1) if quick else map_parts()
    return {**study_parts(), **compared, **stands_parts(), **notice_parts(), **families}


def one_of_each(parts: dict[Place, Part]) -> dict[Place, Part]:
    """The first part of each kind."""
    kinds: dict[Place, Place] = {}
    for place in parts:
        kinds.setdefault(place[:2] if len(place) > 2 else place[:1], place)
    return {place: parts[place] for place in kinds.values()}


def name_of(place: Place) -> str:
    """A place as it is named on the command line and in the results."""
    return "/".join(place)


def run_study(
    split: str = "test",
    quick: bool = False,
    seed: int = 0,
    report: Callable[[str], None] | None = None,
    processes: int = 2,
    chosen: Sequence[str] = (),
    read_again: bool = False,
    file: Path = RESULTS,
    parts: dict[Place, Part] | None = None,
) -> dict[str, Any]:
    """Measure everything, or the parts whose names begin with one of `chosen`, several at once; returns the results, nested by places.

    quick: one part of each kind, made small, and nothing is written. Else the file gets them part by part, under the split's name; parts
    that this commit has measured already are not measured again, and what others measured stays if it was with the same weights and
    seed. Beside the sealed split's stands their ledger.
    Raises ValueError for a part or split that is none, and for the sealed split once it was read, unless read_again.
    """
    check_choice("split", split, SPLITS)
    parts = all_parts(quick) if parts is None else parts
    for wanted in chosen:
        if not any(f"{name_of(p)}/".startswith(f"{wanted}/") for p in parts):
            raise ValueError(f"part must be one of {', '.join(dict.fromkeys(p[0] for p in parts))}, got {wanted!r}")
    parts = one_of_each(parts) if quick and not chosen else parts
    size, made_with, say = QUICK if quick else Size(), provenance(), report or (lambda text: None)
    kept = {} if quick or split == "validation" else kept_results(file, seed, made_with)
    if split == "sealed" and not quick:
        kept["sealed_reads"] = ledger(kept, made_with, parts, read_again)
        write(file, kept)
    results = kept.setdefault(split, {})
    results |= {"split": split, "seed": seed, "size": dataclasses.asdict(size), "made_with": made_with}
    made = results.setdefault("parts_made_with", {})
    same = made_with["model_differs_from_commit"] is False
    todo = {
        place: part
        for place, part in parts.items()
        if (not chosen or any(f"{name_of(place)}/".startswith(f"{c}/") for c in chosen))
        and not (same and made.get(name_of(place)) == made_with)
    }
    for place, row in measured(todo, (split, size, seed), say, processes):
        put(results, place, row)
        made[name_of(place)] = made_with
        if "solvable" in results and results["solvable"].keys() <= results.get("presets", {}).keys():
            results["break_set"] = break_set(results["presets"], results["solvable"])
        if not quick and split != "validation":
            write(file, kept)
    return results


def measured(
    todo: dict[Place, Part], study: tuple[str, Size, int], say: Callable[[str], None], processes: int
) -> Iterator[tuple[Place, Any]]:
    """Each place with its result, as it is finished."""
    if processes == 1:
        executor: Executor = ThreadPoolExecutor(1)  # in this process
    else:
        executor = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn"))
    with executor as pool:
        futures = {pool.submit(one_part, torch.get_num_threads(), *study, part): place for place, part in todo.items()}
        for future in as_completed(futures):
            row, lines = future.result()
            for line in lines:
                say(line)
            yield futures[future], row


def one_part(threads: int, split: str, size: Size, seed: int, part: Part) -> tuple[Any, list[str]]:
    """One part in a process of its own: its result and what it has to say."""
    torch.set_num_threads(threads)
    keep_freed_memory()
    lines: list[str] = []
    return part(Study(split, size, seed, lines.append)), lines


def put(results: dict[str, Any], place: Place, row: Any) -> None:
    """Set a result at its place."""
    for key in place[:-1]:
        results = results.setdefault(key, {})
    results[place[-1]] = row


def kept_results(file: Path, seed: int, made_with: dict[str, Any]) -> dict[str, Any]:
    """What the file holds: the ledger of the sealed split, and each split that was measured with the same weights and seed.

    A checkpoint that has been added since changes nothing that was measured without it.
    """

    def same(results: dict[str, Any]) -> bool:
        weights = results["made_with"]["weights"]
        return results["seed"] == seed and all(made_with["weights"].get(name) == digest for name, digest in weights.items())

    old = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return {key: value for key, value in old.items() if key == "sealed_reads" or same(value)}


def ledger(results: dict[str, Any], made_with: dict[str, Any], parts: Iterable[Place], again: bool) -> list[dict[str, Any]]:
    """The ledger of the sealed split with a reading now: a new entry, or the last one where a reading by this commit goes on.

    Raises ValueError where it was read before, unless `again`.
    """
    reads = results.get("sealed_reads", [])
    if reads and not again:
        if reads[-1]["commit"] == made_with["commit"] and not is_whole(results.get("sealed", {}), parts):
            return reads
        raise ValueError(f"split sealed was read on {reads[-1]['date']} with commit {reads[-1]['commit']}; --read_again reads it once more")
    return [*reads, {"date": datetime.now(UTC).date().isoformat(), "commit": made_with["commit"], "again": bool(reads)}]


def is_whole(results: dict[str, Any], parts: Iterable[Place]) -> bool:
    """Whether every part was measured."""
    return {name_of(place) for place in parts} <= results.get("parts_made_with", {}).keys()


def reported(file: Path = RESULTS) -> dict[str, Any]:
    """What the README states: the sealed split's results, with their ledger, and the test split's under "test".

    Raises OSError or ValueError for a file that can't be read, and ValueError while the sealed split is not read whole.
    """
    results = json.loads(file.read_text(encoding="utf-8"))
    sealed = results.get("sealed", {})
    if not is_whole(sealed, all_parts()):
        raise ValueError(f"{file} has no whole reading of the sealed split")
    return {**sealed, "sealed_reads": results["sealed_reads"], "test": results.get("test", {})}


def write(file: Path, results: dict[str, Any]) -> None:
    """The whole file."""
    write_atomically(file, (json.dumps(results, indent=1) + "\n").encode())
