"""Checkpoints: one file with everything that a training needs to go on as if it never stopped.

The file is a zip archive: `header.json` says what is where, every array is a NumPy file of its
own beside it. It holds no pickle, so that reading one runs nobody's code.
"""

import contextlib
import copy
import glob
import json
import math
import os
import secrets
import time
import zipfile
from pathlib import Path

import numpy as np

from tinytorch.core.checks import COUNT, require
from tinytorch.core.interrupts import deferred
from tinytorch.core.module import Module, walk
from tinytorch.core.tensor import Tensor

FORMAT = "tinytorch checkpoint"
VERSION = 1
HEADER = "header.json"
TENSOR = "$tensor"


class CheckpointError(ValueError):
    """A file that is no checkpoint, is damaged, or does not fit what it is loaded into."""


def save_checkpoint(path, *, step: int = 0, **parts) -> None:
    """Write the state of all `parts` to one file, whole or not at all.

    The file appears under its name only when it is complete and on the disk; a file that was
    there before stays until then.

    Arguments:
        path: the file.
        step: a number to find again, such as the steps taken so far.
        parts: by name, what has `state_dict()` and `load_state_dict()`: model, optimizer,
            scheduler, DataLoader; and generators of NumPy. A model's own generators (those of
            dropout) are saved with it; where it draws from the default one, save that too:
            `random=tinytorch.core.random.generator()`.

    Raises:
        TypeError: a part that has no state, or a state that holds something else than arrays,
            numbers, strings, lists, tuples and dictionaries.
        ValueError: `step` is no integer >= 0.
        OSError: the file cannot be written.

    >>> import tempfile
    >>> from pathlib import Path
    >>> model = nn.Linear(2, 1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     training.save_checkpoint(Path(folder) / "model", step=7, model=model)
    ...     training.load_checkpoint(Path(folder) / "model", model=model)
    7
    """
    require("save_checkpoint", "step", step, COUNT)
    path = as_path("save_checkpoint", path)
    arrays: dict[str, np.ndarray] = {}
    try:
        states = {name: encode(get_state(name, part), name, arrays) for name, part in parts.items()}
    except RecursionError:
        raise TypeError(
            "a state that holds itself, or is nested too deeply, cannot be saved"
        ) from None
    header = {"format": FORMAT, "version": VERSION, "step": int(step), "parts": states}

    if not path.name or path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: a checkpoint is a file")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {path.parent}")
    remove_abandoned(path)
    # Whoever else saves here, in this process or another, has another part.
    part_path = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with open(part_path, "xb") as file:
            with zipfile.ZipFile(file, "w") as archive:
                archive.writestr(HEADER, json.dumps(header, indent=1))
                for name, array in arrays.items():
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, array, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part_path, path)
    except BaseException:
        part_path.unlink(missing_ok=True)
        raise


def as_path(owner: str, path) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{owner}: path must be the path of a file, got {path!r}")
    return Path(path)


class Whole:
    """Something that is its own state, as a checkpoint's only part; it may hold tensors."""

    def __init__(self, state=None):
        self.state = state

    def state_dict(self):
        return mapped(self.state, lambda x: {TENSOR: x.data} if isinstance(x, Tensor) else x)

    def load_state_dict(self, state) -> None:
        self.state = mapped(state, lambda x: Tensor(x[TENSOR]) if is_tensor(x) else x)


def mapped(value, function):
    """The same lists, tuples and dictionaries, with what `function` makes of all in them."""
    new = function(value)
    if new is not value:
        return new
    if type(value) in (list, tuple):
        return type(value)(mapped(item, function) for item in value)
    if isinstance(value, dict):
        return {key: mapped(item, function) for key, item in value.items()}
    return value


def is_tensor(value) -> bool:
    return (
        isinstance(value, dict) and [*value] == [TENSOR] and isinstance(value[TENSOR], np.ndarray)
    )


def save(value, path) -> None:
    """Write a state to a file, whole or not at all; PyTorch's way of writing it.

    Arguments:
        value: what `state_dict()` gave; or a dictionary of such, of tensors, arrays, numbers and
            strings.
        path: the file.

    Raises:
        TypeError: it holds something else; of a model save `model.state_dict()`.
        OSError: the file cannot be written.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tinytorch.save({"epoch": 3, "loss": Tensor(0.5)}, Path(folder) / "state")
    ...     tinytorch.load(Path(folder) / "state")
    {'epoch': 3, 'loss': Tensor(0.5)}
    """
    save_checkpoint(path, state=Whole(value))


def load(path, *, map_location=None, weights_only: bool = True):
    """What `save` wrote.

    Arguments:
        path: the file.
        map_location, weights_only: PyTorch's; there is one device, and a file runs nobody's code.

    Raises:
        CheckpointError: the file is none of `save`, or damaged.
        FileNotFoundError: there is no such file.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tinytorch.save(nn.Linear(2, 1).state_dict(), Path(folder) / "state")
    ...     state = tinytorch.load(Path(folder) / "state")
    >>> [*state]
    ['weight', 'bias']
    """
    whole = Whole()
    load_checkpoint(path, state=whole)
    return whole.state


def remove_abandoned(path: Path) -> None:
    """Parts of saves to `path` that were killed: nobody has written to them for an hour."""
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > 3600:
                part.unlink()


def load_checkpoint(path, **parts) -> int:
    """Give `parts` the states that were saved under their names: all of them, or none.

    Arguments:
        path: a file of `save_checkpoint`.
        parts: what to load into, by the names of saving. A file may hold more than is asked for:
            `load_checkpoint(path, model=model)` is enough to predict.

    Returns:
        The step that was saved.

    Raises:
        CheckpointError: the file is no checkpoint, of a later version, truncated or damaged; it
            lacks a part; or a part's state does not fit. No part has changed then.
        FileNotFoundError: there is no such file.

    >>> import tempfile
    >>> from pathlib import Path
    >>> model = nn.Linear(2, 1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     training.save_checkpoint(Path(folder) / "model", step=7, model=model)
    ...     step = training.load_checkpoint(Path(folder) / "model", model=model)
    >>> step
    7
    """
    header, arrays = read(as_path("load_checkpoint", path))
    absent = [name for name in parts if name not in header["parts"]]
    if absent:
        raise CheckpointError(
            f"{path}: holds {', '.join(header['parts'])}, but no {', '.join(absent)}"
        )
    sound = {name: part for name, part in parts.items() if not getattr(part, "torn", "")}
    before = {name: copy.deepcopy(get_state(name, part)) for name, part in sound.items()}
    states = {name: decode(header["parts"][name], arrays) for name in parts}
    with deferred():
        replace_states(path, parts, states, before)
    return header["step"]


def replace_states(path, parts: dict, states: dict, before: dict) -> None:
    """Give every part its state; if one does not fit, all of them what they had before."""
    # Optimizers last: a scheduler sets learning rates too, and those that were in force count.
    order = sorted(parts, key=lambda name: hasattr(parts[name], "param_groups"))
    touched = []
    try:
        for name in order:
            touched.append(name)
            set_state(parts[name], states[name])
    except Exception as error:  # whatever a part stumbles over
        for other in order:
            if other in before and (other in touched or hasattr(parts[other], "param_groups")):
                with contextlib.suppress(Exception):  # what refuses every state has kept its own
                    set_state(parts[other], before[other])
        raise CheckpointError(f"{path}: {name} does not fit: {error}") from error


def get_state(name: str, part):
    if isinstance(part, np.random.Generator):
        return part.bit_generator.state
    if not (hasattr(part, "state_dict") and hasattr(part, "load_state_dict")):
        raise TypeError(f"{name} has no state_dict(): a {type(part).__name__} cannot be saved")
    if isinstance(part, Module):
        states = {at: rng.bit_generator.state for at, rng in generators(part)}
        return {"tensors": part.state_dict(), "generators": states}
    return part.state_dict()


def set_state(part, state) -> None:
    if isinstance(part, np.random.Generator):
        part.bit_generator.state = state
    elif isinstance(part, Module):
        ours = dict(generators(part))
        if set(ours) != set(state["generators"]):
            raise ValueError(
                f"its generators are {sorted(ours)}, those saved {sorted(state['generators'])}"
            )
        saved = state["tensors"]
        for at, tensor in part.named_tensors():
            if at in saved and saved[at].dtype != tensor.dtype:
                raise ValueError(f"{at} is {tensor.dtype}, but {saved[at].dtype} was saved")
        part.load_state_dict(saved)
        for at, rng in ours.items():
            rng.bit_generator.state = state["generators"][at]
    else:
        part.load_state_dict(state)


def generators(model: Module):
    """(name, generator) of every generator that the model or a module below it holds."""
    for at, module in walk(model):
        if isinstance(module, Module):
            for name, value in vars(module).items():
                if isinstance(value, np.random.Generator):
                    yield f"{at}.{name}" if at else name, value


# States as JSON: what JSON lacks becomes a dictionary with one key that starts with a dollar


def encode(value, name: str, arrays: dict[str, np.ndarray]):
    """`value` as JSON; its arrays go to `arrays`, under names that begin with `name`."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        if len(name) > 1000 or "\\" in name or not name.isprintable():  # no name in an archive
            name = f"array {len(arrays)}"
        while name in arrays:
            name += "'"
        arrays[name] = value
        return {"$array": name}
    if isinstance(value, (list, tuple)):
        items = [encode(item, f"{name}/{i}", arrays) for i, item in enumerate(value)]
        return items if isinstance(value, list) else {"$tuple": items}
    if isinstance(value, dict):
        items = {key: encode(item, f"{name}/{key}", arrays) for key, item in value.items()}
        if all(isinstance(key, str) and key[:1] != "$" for key in items):
            return items
        return {"$items": [[encode(key, name, arrays), item] for key, item in items.items()]}
    raise TypeError(f"{name}: a {type(value).__name__} cannot be saved in a checkpoint")


def decode(value, arrays: dict[str, np.ndarray]):
    if isinstance(value, list):
        return [decode(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if "$array" in value:
        return arrays[value["$array"]]
    if "$tuple" in value:
        return tuple(decode(value["$tuple"], arrays))
    if "$items" in value:
        return {decode(key, arrays): decode(item, arrays) for key, item in value["$items"]}
    return {key: decode(item, arrays) for key, item in value.items()}


def read(path) -> tuple[dict, dict[str, np.ndarray]]:
    """Header and arrays of a checkpoint, every byte of them compared with its checksum."""
    with open(path, "rb") as file:
        start = file.read(4)
        if start != b"PK\x03\x04":
            what = "is empty" if not start else "is no TinyTorch checkpoint"
            raise CheckpointError(f"{path}: {what}")
        try:
            with zipfile.ZipFile(file) as archive:
                require_stored(archive, os.fstat(file.fileno()).st_size)
                header = json.loads(archive.read(HEADER)) if HEADER in archive.namelist() else None
                foreign = not isinstance(header, dict) or header.get("format") != FORMAT
                readable = not foreign and header["version"] == VERSION
                if readable:
                    require("the header", "step", header["step"], COUNT)
                    if not isinstance(header["parts"], dict):
                        raise ValueError("the header's parts are no dictionary")
                arrays = read_arrays(archive) if readable else {}
        except Exception as error:  # whatever a reader stumbles over in a damaged file
            raise CheckpointError(f"{path}: truncated or damaged ({error})") from error
    if foreign:
        raise CheckpointError(f"{path}: is no TinyTorch checkpoint")
    if header["version"] != VERSION:
        raise CheckpointError(
            f"{path}: has format version {header['version']}, this TinyTorch reads {VERSION}"
        )
    return header, arrays


def require_stored(archive: zipfile.ZipFile, size: int) -> None:
    """Refuse members that were compressed or overlap: a small file would fill the memory."""
    members = archive.infolist()
    if any(m.compress_type != zipfile.ZIP_STORED for m in members):
        raise ValueError("a member is compressed, and a checkpoint's are not")
    if sum(m.file_size for m in members) > size:
        raise ValueError("its members are larger than the file")


def read_arrays(archive: zipfile.ZipFile) -> dict[str, np.ndarray]:
    """Every array, read from the file into its own memory and nowhere else."""
    arrays = {}
    for name in archive.namelist():
        if name != HEADER:
            with archive.open(name) as member:
                size = archive.getinfo(name).file_size
                arrays[name.removesuffix(".npy")] = read_array(member, size)
                if member.read(1):  # also makes zipfile compare the checksum
                    raise ValueError(f"{name} goes on after its array")
    return arrays


def read_array(member, size: int) -> np.ndarray:
    version = np.lib.format.read_magic(member)
    if version != (1, 0):
        raise ValueError(f"array format {version}")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(member)
    if dtype.hasobject:
        raise ValueError("an array of Python objects, for which allow_pickle would be needed")
    if math.prod(shape) * dtype.itemsize > size:
        raise ValueError(f"an array of shape {shape} in {size} bytes")
    array = np.empty(shape, dtype, order="F" if fortran else "C")
    flat = array.reshape(-1, order="A").view(np.uint8) if array.size else np.empty(0, np.uint8)
    done = 0
    while done < len(flat):
        count = member.readinto(flat[done : done + (1 << 20)])
        if not count:
            raise ValueError("an array ends too early")
        done += count
    return array
