"""Checkpoints: exact round trips, strict loading, clear errors, nothing half loaded, from disk and from the Hub."""

import dataclasses
import json
import os
from pathlib import Path

import pytest
import safetensors.torch
import torch

from model import CheckpointError, StateSpaceModel, load_checkpoint, load_pretrained
from model.imitation.recipe import ALL_RECIPES
from model.policy import pretrained
from model.policy.checkpoint import read
from model.policy.hub import from_hub
from model.policy.pretrained import SHIPPED, WEIGHTS, pretrained_path
from tests.model.made_up import random_model, same_parameters


def corrupt(tmp_path, change) -> Path:
    tensors = random_model(3).params()
    change(tensors)
    path = tmp_path / "bad.safetensors"
    safetensors.torch.save_file(tensors, path, metadata={"model": json.dumps({"sizes": StateSpaceModel().sizes})})
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("A"), "lacks parameter A"),
        (lambda t: t.update(extra=torch.zeros(1)), "has the unknown parameter extra"),
        (lambda t: t.update(A=torch.zeros(31, 32)), r"A must have shape \(32, 32\), got \(31, 32\)"),
        (lambda t: t.update(A=t["A"].long()), "A must be dense and float32, got int64"),
        (lambda t: t.update(C=t["C"].double() * 1e300), "C must be finite"),
        (lambda t: t["C"].fill_(float("nan")), "C must be finite"),
        (lambda t: t["C"].fill_(float("inf")), "C must be finite"),
    ],
)
def test_wrong_content_is_refused_and_changes_nothing(tmp_path, change, message):
    path, model = corrupt(tmp_path, change), random_model(4)
    before = model.params()
    for load in (model.load, load_checkpoint):
        with pytest.raises(CheckpointError, match=message):
            load(path)
    assert all(torch.equal(before[n], p) for n, p in model.params().items())


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.bfloat16])
def test_what_save_writes_is_read_whatever_its_sizes_and_precision_and_load_is_in_place(tmp_path, suffix, kind):
    saved, target = random_model(1, state_dim=5, hidden_dim=9).to(kind), random_model(2, state_dim=5, hidden_dim=9)
    saved.save(tmp_path / f"m{suffix}", {"note": "hello"})
    parameter, fresh = target.A, load_checkpoint(tmp_path / f"m{suffix}")
    assert target.load(tmp_path / f"m{suffix}") is target and target.A is parameter and not fresh.training
    assert same_parameters(fresh, saved.float()) and same_parameters(target, fresh) and fresh.A.dtype == torch.float32
    assert suffix == ".pth" or read(tmp_path / f"m{suffix}").metadata["note"] == "hello"
    with pytest.raises(CheckpointError, match="has other sizes than this model: state_dim 5, hidden_dim 9"):
        random_model().load(tmp_path / f"m{suffix}")


def test_what_other_programs_save_is_read(tmp_path):
    model = random_model(1, state_dim=5, hidden_dim=9)
    plain = model.state_dict()
    made = {
        "compiled": {f"_orig_mod.{name}": p for name, p in plain.items()},
        "parallel": torch.nn.DataParallel(model).state_dict(),
        "both": {f"_orig_mod.module.{name}": p for name, p in plain.items()},
        "wrapped": {"epoch": 3, "model_state_dict": plain, "optimizer_state_dict": {"state": {}}},
        "twice": {"model": {"state_dict": {f"model.{name}": p for name, p in plain.items()}}, "step": 1},
    }
    for name, content in made.items():
        torch.save(content, tmp_path / f"{name}.pth")
        assert torch.equal(load_checkpoint(tmp_path / f"{name}.pth").B, model.B), name
    safetensors.torch.save_file(made["compiled"], tmp_path / "no header.safetensors")
    assert load_checkpoint(tmp_path / "no header.safetensors").sizes == model.sizes


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258d\nsize 1\n"


def test_a_pointer_in_place_of_weights_names_the_cure(tmp_path, monkeypatch):
    monkeypatch.setattr(pretrained, "WEIGHTS", tmp_path)
    for name in ("meta.safetensors", "meta.pth"):
        (tmp_path / name).write_bytes(POINTER)
        with pytest.raises(CheckpointError, match=rf"^checkpoint {tmp_path / name} is a Git LFS pointer.*git lfs pull"):
            load_checkpoint(tmp_path / name)
    with pytest.raises(CheckpointError, match=r"git lfs pull where it was cloned$"):  # not to be made anew
        load_pretrained("meta")


def test_a_pickle_with_code_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "ran"),))

    torch.save({"A": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(CheckpointError):
        random_model().load(tmp_path / "evil.pth")
    assert not (tmp_path / "ran").exists()


def test_suffix_and_absence_are_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"path must end in \.safetensors or \.pth, got .*m\.txt"):
        random_model().load(tmp_path / "m.txt")
    for given in (3, None):
        with pytest.raises(CheckpointError, match="path must be the name of a file"):
            load_checkpoint(given)
    with pytest.raises(CheckpointError, match="does not exist"):
        random_model().load(tmp_path / "m.pth")
    with pytest.raises(ValueError, match="name must be one of meta, memory, standard, taught, got 'best'"):
        load_pretrained("best")


def test_only_a_closed_file_replaces_another(tmp_path, monkeypatch):
    """As on Windows, where `replace` and `unlink` refuse a file that is open."""

    def closed_only(action):
        def act(path, *rest, **options):
            still_open = {os.path.realpath(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")}
            if str(path) in still_open:
                raise PermissionError(13, "The process cannot access the file because it is being used by another process", str(path))
            return action(path, *rest, **options)

        return act

    for name in ("replace", "unlink"):
        monkeypatch.setattr(Path, name, closed_only(getattr(Path, name)))
        monkeypatch.setattr(os, name, closed_only(getattr(os, name)))
    path = tmp_path / "m.safetensors"
    for seed in (1, 2):
        random_model(seed).save(path)
    assert torch.equal(load_checkpoint(path).B, random_model(2).B) and [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_file_that_cannot_be_written_is_named_as_it_was_given(tmp_path):
    with pytest.raises(OSError) as error:
        random_model().save(tmp_path / "nowhere" / "m.pth")
    assert error.value.filename == str(tmp_path / "nowhere" / "m.pth")


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_checkpoints_are_small_complete_and_fresh_copies(name):
    path = pretrained_path(name)
    assert path.stat().st_size <= 80 * 1024
    metadata = read(path).metadata
    assert metadata["recipe"] == name and metadata["env_steps"] > 0
    recipe = ALL_RECIPES[name]
    kind, configs = type(recipe.config), recipe.configs(recipe.config, recipe.polish_epochs)
    fields = {f.name for f in dataclasses.fields(kind)}
    made_with = tuple(kind(**{n: v for n, v in c.items() if n in fields}) for c in metadata["configs"])
    assert made_with == configs  # made by the recipe as it stands
    a, b = load_pretrained(name), load_pretrained(name)
    assert not a.training and sum(p.numel() for p in a.parameters()) == (17629 if name == "taught" else 6744)
    with torch.no_grad():
        a.A.zero_()
    assert b.A.abs().sum() > 0 and load_pretrained(name).A.abs().sum() > 0


def test_a_local_folder_serves_as_a_repository(tmp_path):
    model = from_hub(str(WEIGHTS), "memory.safetensors")
    assert not model.training and torch.equal(model.B, load_pretrained("memory").B)
    with pytest.raises(CheckpointError, match="does not exist"):
        from_hub(str(tmp_path))
