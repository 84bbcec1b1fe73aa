"""Steps a batch of Gymnasium's or EnvPool's environments for a program that is not Python.

That program starts this script, sends what to make on standard input and reads the spaces from standard
output. From then on observations and actions lie in a file that both have mapped, and a step is one byte
there and one byte back over a Unix-domain socket. The process ends when standard input ends.
Nothing is imported but Gymnasium, EnvPool where it is asked for, and NumPy, which both bring.
"""

import faulthandler
import importlib
import mmap
import os
import signal
import socket
import struct
import sys
import threading
import time
import traceback

try:
    import numpy
except ModuleNotFoundError:  # environments that give lists do without
    numpy = None

PACKAGES = {  # by the module that is missing
    "gymnasium": "gymnasium",
    "numpy": "numpy",
    "envpool": "envpool",
    "pygame": "gymnasium[classic-control]",
    "Box2D": "gymnasium[box2d]",
    "mujoco": "gymnasium[mujoco]",
    "ale_py": "gymnasium[atari]",
    "cv2": "opencv-python-headless",
}
NO_LIVES = -1  # where no info says how many are left
WORDS = {  # in what Gymnasium says where it has caught the ModuleNotFoundError
    "box2d": "gymnasium[box2d]",
    "mujoco": "gymnasium[mujoco]",
    "namespace ale": "gymnasium[atari]",
    "pygame": "gymnasium[classic-control]",
    "opencv": "opencv-python-headless",
}


# Values with a tag each: what is said beside the steps.


def pack(value):
    if value is None:
        return b"n"
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, int):
        return b"i" + struct.pack(">q", value)
    if isinstance(value, float):
        return b"d" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode("utf-8", "replace")
        return b"s" + struct.pack(">i", len(text)) + text
    if isinstance(value, (bytes, bytearray)):
        return b"b" + struct.pack(">i", len(value)) + value
    if isinstance(value, dict):
        parts = [pack(key) + pack(part) for key, part in value.items()]
        return b"m" + struct.pack(">i", len(parts)) + b"".join(parts)
    parts = [pack(part) for part in value]
    return b"l" + struct.pack(">i", len(parts)) + b"".join(parts)


def unpack(data):
    at = 0

    def number(form):
        nonlocal at
        at += struct.calcsize(form)
        return struct.unpack_from(form, data, at - struct.calcsize(form))[0]

    def value():
        nonlocal at
        tag = data[at : at + 1]
        at += 1
        if tag in b"ntf":
            return {b"n": None, b"t": True, b"f": False}[tag]
        if tag in b"id":
            return number(">q" if tag == b"i" else ">d")
        count = number(">i")
        if tag in b"sb":
            at += count
            text = bytes(data[at - count : at])
            return text.decode("utf-8") if tag == b"s" else text
        if tag == b"l":
            return [value() for _ in range(count)]
        return {value(): value() for _ in range(count)}

    return value()


def framed(value):
    packed = pack(value)
    return struct.pack(">i", len(packed)) + packed


# Spaces. Each leaf knows where it lies in the numbers of one environment.


def plain(sequence):
    """The numbers of a nested sequence or an array, in row-major order."""
    if hasattr(sequence, "tolist"):
        sequence = sequence.tolist()
    if isinstance(sequence, (list, tuple)):
        return [number for part in sequence for number in plain(part)]
    return [sequence]


class Leaf:
    def __init__(self, kind, space, size, choices, form):
        self.kind, self.space, self.size, self.choices, self.form = kind, space, size, choices, form
        self.offset = self.choice_offset = 0
        self.shape = tuple(getattr(space, "shape", None) or ())
        self.dtype = getattr(space, "dtype", None)
        start = getattr(space, "start", 0)
        self.start = (
            int(start) if kind == "Discrete" else plain(start) if kind == "MultiDiscrete" else 0)
        self.shifted = any(plain(self.start))


class Tree:
    """A space as leaves: what lies where."""

    def __init__(self, space, path):
        self.leaves = []
        self.root = self._node(space, path)
        self.size = self.choices = 0
        for leaf in self.leaves:
            leaf.offset, leaf.choice_offset = self.size, self.choices
            self.size += leaf.size
            self.choices += leaf.choices
        boxes = [leaf for leaf in self.leaves if leaf.kind == "Box"]
        self.bytes = len(boxes) == len(self.leaves) and all(
            str(leaf.dtype) == "uint8" for leaf in boxes)

    def form(self):
        def of(node):
            if isinstance(node, Leaf):
                return node.form
            keys, parts = node
            if keys is None:
                return {"kind": "Tuple", "parts": [of(part) for part in parts]}
            return {"kind": "Dict", "names": [str(key) for key in keys],
                    "parts": [of(part) for part in parts]}

        return of(self.root)

    def _node(self, space, path):
        names = [base.__name__ for base in type(space).__mro__]
        if "Dict" in names:
            keys = list(space.spaces.keys())
            return keys, [self._node(space.spaces[key], f"{path}[{key!r}]") for key in keys]
        if "Tuple" in names:
            return None, [self._node(part, f"{path}[{i}]") for i, part in enumerate(space.spaces)]
        if "Discrete" in names:
            n = int(space.n)
            leaf = Leaf("Discrete", space, 1, n,
                        {"kind": "Discrete", "n": n, "start": int(getattr(space, "start", 0))})
        elif "MultiDiscrete" in names:
            nvec = [int(n) for n in plain(space.nvec)]
            leaf = Leaf("MultiDiscrete", space, len(nvec), sum(nvec),
                        {"kind": "MultiDiscrete", "nvec": nvec})
        elif "MultiBinary" in names:
            size = 1
            for length in space.shape:
                size *= int(length)
            leaf = Leaf("MultiBinary", space, size, 0, {"kind": "MultiBinary", "n": size})
        elif "Box" in names:
            low, high = [[float(x) for x in plain(bound)] for bound in (space.low, space.high)]
            leaf = Leaf("Box", space, len(low), 0, {
                "kind": "Box", "shape": [int(length) for length in space.shape],
                "low": low[:1] if len(set(low)) == 1 else low,
                "high": high[:1] if len(set(high)) == 1 else high,
                "bytes": str(space.dtype) == "uint8",
            })
        else:
            raise TypeError(
                f"{path} is {space}, which is none of Box, Discrete, MultiDiscrete, MultiBinary, Tuple"
                " and Dict: a wrapper has to make one of these of it")
        self.leaves.append(leaf)
        return leaf


class Block:
    """Numbers [environment][number] in the mapped file, of one space: written and read leaf by leaf."""

    def __init__(self, tree, memory, offset, count, form):
        self.tree, self.count = tree, count
        width = 1 if form == "B" else 4
        self.numbers = memoryview(memory)[offset : offset + count * tree.size * width].cast(form)
        self.matrix = None
        if numpy is not None:
            dtype = numpy.uint8 if form == "B" else numpy.float32
            self.matrix = numpy.frombuffer(
                memory, dtype, count * tree.size, offset).reshape(count, tree.size)
        self.write = self._combined(tree.root, self._writer, self._write_parts)
        self.read = self._combined(tree.root, self._reader, self._read_parts)

    def _combined(self, node, leaf, parts):
        if isinstance(node, Leaf):
            return leaf(node)
        keys, nodes = node
        return parts(keys, [self._combined(part, leaf, parts) for part in nodes])

    @staticmethod
    def _write_parts(keys, writers):
        pairs = list(zip(range(len(writers)) if keys is None else keys, writers))

        def write(i, value):
            for key, writer in pairs:
                writer(i, value[key])

        return write

    @staticmethod
    def _read_parts(keys, readers):
        if keys is None:
            return lambda i: tuple(reader(i) for reader in readers)
        pairs = list(zip(keys, readers))
        return lambda i: {key: reader(i) for key, reader in pairs}

    def _rows(self, leaf):
        columns = self.matrix[:, leaf.offset : leaf.offset + leaf.size]
        return [columns[i].reshape(leaf.shape) for i in range(self.count)]

    def _writer(self, leaf):
        numbers, stride, offset = self.numbers, self.tree.size, leaf.offset
        if leaf.kind == "Discrete":
            start = leaf.start

            def write(i, value):
                numbers[i * stride + offset] = int(value) - start

        elif self.matrix is not None:
            rows, shape = self._rows(leaf), leaf.shape
            start = numpy.reshape(leaf.start, shape) if leaf.shifted else None

            def write(i, value):
                try:
                    given = value.shape
                except AttributeError:
                    value = numpy.asarray(value)
                    given = value.shape
                if given != shape:
                    raise ValueError(
                        f"an observation has the shape {given} where its space has {shape}")
                rows[i][...] = value if start is None else value - start

        else:
            start = leaf.start if leaf.shifted else [0] * leaf.size

            def write(i, value):
                given = plain(value)
                if len(given) != leaf.size:
                    raise ValueError(
                        f"an observation has {len(given)} numbers where its space has {leaf.size}")
                for j in range(leaf.size):
                    numbers[i * stride + offset + j] = given[j] - start[j]

        return write

    def _reader(self, leaf):
        numbers, stride, offset = self.numbers, self.tree.size, leaf.offset
        if leaf.kind == "Discrete":
            start, whole = leaf.start, int if numpy is None else numpy.int64
            return lambda i: whole(int(numbers[i * stride + offset]) + start)
        if self.matrix is not None:
            rows, dtype = self._rows(leaf), leaf.dtype
            if leaf.shifted:
                start = numpy.reshape(leaf.start, leaf.shape)
                return lambda i: rows[i].astype(dtype) + start.astype(dtype)
            if leaf.kind == "Box" and numpy.issubdtype(dtype, numpy.integer):
                return lambda i: numpy.rint(rows[i]).astype(dtype)
            return lambda i: rows[i].astype(dtype)
        start = leaf.start if leaf.shifted else [0] * leaf.size
        whole = leaf.kind != "Box"

        def read(i):
            given = numbers[i * stride + offset : i * stride + offset + leaf.size].tolist()
            return [int(x) + s for x, s in zip(given, start)] if whole else given

        return read

    # Of all environments at once, for those that are batches already.

    def write_all(self, value, lanes=None, only=None):
        """Writes a batch's value: rows of `value`, all or those in `only`, to these lanes."""

        def of(node, value):
            if not isinstance(node, Leaf):
                keys, parts = node
                for key, part in zip(range(len(parts)) if keys is None else keys, parts):
                    of(part, value[key])
                return
            flat = numpy.asarray(value)
            flat = flat.reshape(flat.shape[0], -1)
            if only is not None:
                flat = flat[only]
            columns = slice(node.offset, node.offset + node.size)
            if node.shifted:
                flat = flat - numpy.asarray(node.start)
            self.matrix[slice(None) if lanes is None else lanes, columns] = flat

        of(self.tree.root, value)

    def read_all(self):
        def of(node):
            if not isinstance(node, Leaf):
                keys, parts = node
                values = [of(part) for part in parts]
                return tuple(values) if keys is None else dict(zip(keys, values))
            columns = self.matrix[:, node.offset : node.offset + node.size]
            dtype = node.dtype or numpy.int64
            if node.kind == "Box" and numpy.issubdtype(dtype, numpy.integer):
                columns = numpy.rint(columns)
            values = columns.astype(dtype)
            if node.shifted:
                values = values + numpy.asarray(node.start, dtype)
            return values.reshape((self.count,) + (() if node.kind == "Discrete" else node.shape))

        return of(self.tree.root)


def write_mask(node, mask, flags, base):
    """The flags of one environment's mask, in the form that Gymnasium's `sample(mask)` takes."""
    if mask is None:
        return
    if not isinstance(node, Leaf):
        keys, parts = node
        if hasattr(mask, "shape") or (
                isinstance(mask, list) and all(isinstance(x, (bool, int)) for x in mask)):
            write_flags(plain(mask), sum(leaf.choices for leaf in leaves(node)), flags,
                        base + leaves(node)[0].choice_offset)
            return
        for key, part in zip(range(len(parts)) if keys is None else keys, parts):
            if any(leaf.choices for leaf in leaves(part)):
                write_mask(part, mask[key], flags, base)
    elif node.choices > 0:
        given = [x for part in mask for x in plain(part)] if isinstance(mask, tuple) else plain(mask)
        write_flags(given, node.choices, flags, base + node.choice_offset)


def write_flags(given, count, flags, at):
    if len(given) != count:
        raise ValueError(f"an action mask has {len(given)} flags where the actions have {count} choices")
    flags[at : at + count] = bytes(1 if flag else 0 for flag in given)


def leaves(node):
    return [node] if isinstance(node, Leaf) else [leaf for part in node[1] for leaf in leaves(part)]


# What was made: k environments of Gymnasium, or a batch that steps itself.


def facts(info, name=""):
    """The numbers and truths of an info, by name; those of a dictionary within by name/name."""
    found = {}
    for key, value in info.items():
        if isinstance(value, dict):
            found.update(facts(value, f"{name}{key}/"))
        elif isinstance(value, (bool, float)) or (isinstance(value, int) and abs(value) < 2**63):
            found[f"{name}{key}"] = value
        elif numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
            if value.size == 1 and value.dtype.kind in "biuf":
                found[f"{name}{key}"] = value.item()
    return found


def lives_of(info):
    found = info.get("lives", NO_LIVES)
    return found if type(found) is int else NO_LIVES


def resolve(name, place):
    """Something by `module:name`, or by its name alone in a module of Gymnasium's."""
    module, _, member = name.rpartition(":")
    return getattr(importlib.import_module(module or place), member)


def wrapped(env, wrappers):
    for wrapper in wrappers:
        ((name, arguments),) = (
            wrapper.items() if isinstance(wrapper, dict) else [(wrapper, None)])
        made = resolve(name, "gymnasium.wrappers")
        if isinstance(arguments, dict):
            env = made(env, **arguments)
        else:
            env = made(env) if arguments is None else made(env, arguments)
    return env


class Lanes:
    """k environments of Gymnasium, one after the other."""

    def __init__(self, wanted):
        import gymnasium

        self.count, self.names = wanted["count"], wanted["id"]
        options = dict(wanted["options"])
        self.rendered = "render_mode" in options
        if wanted["rendered"] and not self.rendered:
            if "rgb_array" in render_modes(self.names):
                options["render_mode"] = "rgb_array"
                self.rendered = True
        self.envs = []
        for _ in range(self.count):
            self.envs.append(wrapped(gymnasium.make(self.names, **options), wanted["wrappers"]))
        self.observation_space = self.envs[0].observation_space
        self.action_space = self.envs[0].action_space
        self.steps = [env.step for env in self.envs]
        self.mask_methods = [mask_method(env) for env in self.envs]
        self.masks = self.mask_methods[0] is not None
        if not self.masks:
            try:
                self.masks = "action_mask" in self.envs[0].reset()[1]
            except Exception:  # said by the first reset that is asked for, with its seed
                pass
        self.over = [True] * self.count
        self.options = None
        self.watched, self.picture_before = False, None

    def mask(self, i, info):
        method = self.mask_methods[i]
        return info.get("action_mask") if method is None else method()

    def reset(self, board, seed, chosen, options):
        failures = []
        for i in range(self.count):
            if chosen is None or chosen[i]:
                board.lane[0] = i
                try:
                    self.start(board, i, None if seed is None else seed + i, options or self.options)
                except BaseException as error:
                    failures.append(failed(i, error))
        return failures, {}

    def start(self, board, i, seed, options):
        self.over[i] = True
        self.picture_before = None
        observation, info = self.envs[i].reset(seed=seed, options=options)
        board.observations.write(i, observation)
        board.lives[i] = lives_of(info)
        if self.masks:
            board.mask(i, self.mask(i, info))
        self.over[i] = False

    def step(self, board):
        failures, infos = [], {}
        steps, over, lane = self.steps, self.over, board.lane
        read, write = board.actions.read, board.observations.write
        rewards, terminations, truncations = board.rewards, board.terminated, board.truncated
        lives = board.lives
        for i in range(self.count):
            lane[0] = i
            try:
                if over[i]:
                    raise RuntimeError("no episode is running: reset before the next step")
                observation, reward, terminated, truncated, info = steps[i](read(i))
                rewards[i] = reward
                terminations[i] = 1 if terminated else 0
                truncations[i] = 1 if truncated else 0
                if terminated or truncated:
                    over[i] = True
                    board.finals.write(i, observation)
                    told = facts(info)
                    if told:
                        infos[i] = told
                    if self.masks and truncated:
                        board.final_mask(i, self.mask(i, info))
                    picture = self.envs[i].render() if self.watched and self.count == 1 else None
                    self.start(board, i, None, self.options)
                    self.picture_before = picture
                else:
                    write(i, observation)
                    lives[i] = lives_of(info)
                    if self.masks:
                        board.mask(i, self.mask(i, info))
                    self.picture_before = None
            except BaseException as error:
                over[i] = True
                failures.append(failed(i, error))
        return failures, infos

    def picture(self, i):
        """What the environment shows; after the last step of an episode that step's picture."""
        self.watched = True
        return self.envs[i].render() if self.picture_before is None else self.picture_before

    def fps(self):
        return self.envs[0].metadata.get("render_fps") or 30

    def close(self):
        for env in self.envs:
            env.close()


def render_modes(name):
    """Those of the class that an id stands for."""
    import gymnasium

    try:
        point = gymnasium.spec(name).entry_point
        made = resolve(point, "") if isinstance(point, str) else point
    except Exception:  # said better by making one
        return []
    return getattr(made, "metadata", {}).get("render_modes", [])


def mask_method(env):
    """An environment's or a wrapper's `action_masks()`, from the outermost to the innermost."""
    while env is not None:
        method = getattr(type(env), "action_masks", None)
        if method is not None:
            return method.__get__(env)
        env = env.__dict__.get("env")
    return None


class Pool:
    """A vector environment of Gymnasium's interface, or EnvPool's, which comes as a batch."""

    def __init__(self, wanted):
        self.count, self.wanted = wanted["count"], wanted
        self.names = wanted["id"]
        self.rendered, self.options, self.picture_before = False, None, None
        self.make(None)
        self.over = numpy.ones(self.count, bool)
        self.masks = False

    def reset(self, board, seed, chosen, options):
        board.lane[0] = 0
        try:
            self.start(board, seed, chosen, options or self.options)
            return [], {}
        except BaseException as error:
            self.over[:] = True
            return [failed(0, error)], {}

    def step(self, board):
        board.lane[0] = 0
        try:
            if self.over.any():
                raise RuntimeError("no episode is running: reset before the next step")
            return [], self.advance(board)
        except BaseException as error:
            self.over[:] = True
            return [failed(0, error)], {}

    def masks_of(self, board, info, write, lanes):
        if not self.masks:
            return
        masks = info["action_mask"]
        for i in lanes:
            write(i, masks[i] if not isinstance(masks, dict) else {k: m[i] for k, m in masks.items()})

    def told(self, info, lanes):
        infos = {}
        for key, values in info.items():
            if isinstance(values, dict):
                for i, more in self.told(values, lanes).items():
                    infos.setdefault(i, {}).update(
                        {f"{key}/{name}": value for name, value in more.items()})
            elif (not key.startswith("_") and isinstance(values, numpy.ndarray)
                  and values.shape == (self.count,) and values.dtype.kind in "biuf"):
                for i in lanes:
                    infos.setdefault(i, {})[key] = values[i].item()
        return infos

    def results(self, board, reward, terminated, truncated):
        numpy.copyto(board.rewards_array, reward, casting="unsafe")
        numpy.copyto(board.terminated_array, terminated, casting="unsafe")
        numpy.copyto(board.truncated_array, truncated, casting="unsafe")
        return numpy.flatnonzero(numpy.logical_or(terminated, truncated))

    def picture(self, i):
        pictures = self.env.render()
        return pictures[i] if isinstance(pictures, (tuple, list)) else pictures

    def fps(self):
        return (getattr(self.env, "metadata", None) or {}).get("render_fps") or 30

    def close(self):
        self.env.close()


class Vectors(Pool):
    """Gymnasium's `make_vec`: the user's own vector environments, or its processes."""

    def make(self, seed):
        import gymnasium
        from gymnasium.vector import AutoresetMode

        options = dict(self.wanted["options"])
        mode = options.pop("vectorization_mode", None)
        if mode in ("sync", "async"):
            given = dict(options.pop("vector_kwargs", {}))
            given.setdefault("autoreset_mode", AutoresetMode.SAME_STEP)
            options["vector_kwargs"] = given
        self.env = gymnasium.make_vec(
            self.names, num_envs=self.count, vectorization_mode=mode, **options)
        self.env = wrapped(self.env, self.wanted["wrappers"])
        self.mode = (getattr(self.env, "metadata", None) or {}).get("autoreset_mode")
        if self.mode not in (AutoresetMode.SAME_STEP, AutoresetMode.DISABLED):
            self.env.close()
            raise ValueError(
                f"{self.names} resets in the mode {self.mode}, but must in AutoresetMode.SAME_STEP, or"
                " in DISABLED with reset(options={'reset_mask': …}): set it in the environment's"
                " metadata, under autoreset_mode, and keep to it")
        self.same_step = self.mode == AutoresetMode.SAME_STEP
        self.observation_space = self.env.single_observation_space
        self.action_space = self.env.single_action_space

    def probe(self):
        self.masks = "action_mask" in self.env.reset()[1]

    def start(self, board, seed, chosen, options):
        seeds = None if seed is None else [seed + i for i in range(self.count)]
        if chosen is not None and not all(chosen):
            options = {**(options or {}), "reset_mask": numpy.array(chosen, bool)}
            lanes = [i for i in range(self.count) if chosen[i]]
        else:
            lanes = list(range(self.count))
        observations, info = self.env.reset(seed=seeds, options=options)
        board.observations.write_all(observations, lanes, lanes)
        self.masks_of(board, info, board.mask, lanes)
        self.over[lanes] = False

    def advance(self, board):
        observations, reward, terminated, truncated, info = self.env.step(board.actions.read_all())
        ended = self.results(board, reward, terminated, truncated)
        infos = {}
        if len(ended) and self.same_step:
            for i in ended:
                board.finals.write(i, info["final_obs"][i])
            infos = self.told(info.get("final_info", {}), ended.tolist())
            if self.masks:
                last = info.get("final_info", {})
                self.masks_of(board, last, board.final_mask,
                              [i for i in ended if truncated[i] and "action_mask" in last])
        elif len(ended):
            board.finals.write_all(observations, ended, ended)
            infos = self.told(info, ended.tolist())
            self.masks_of(board, info, board.final_mask, [i for i in ended if truncated[i]])
        board.observations.write_all(observations)
        self.masks_of(board, info, board.mask, range(self.count))
        if len(ended) and not self.same_step:
            chosen = numpy.zeros(self.count, bool)
            chosen[ended] = True
            self.start(board, None, chosen.tolist() if not chosen.all() else None, self.options)
        return infos


class EnvPool(Pool):
    """EnvPool's batch, whose seeds are given when it is made."""

    def make(self, seed):
        import envpool

        options = dict(self.wanted["options"])
        if seed is not None:
            options["seed"] = seed
        self.env = envpool.make(
            self.names, env_type="gymnasium", num_envs=self.count, **options)
        self.observation_space = self.env.observation_space
        self.action_space = self.env.action_space

    def probe(self):
        self.masks = "action_mask" in self.env.reset()[1]

    def start(self, board, seed, chosen, options):
        if options:
            raise ValueError(f"EnvPool takes no reset options but was given {options}")
        whole = chosen is None or all(chosen)
        if seed is not None:
            if not whole:
                raise ValueError("EnvPool seeds all environments of a batch or none")
            self.env.close()
            self.make(seed)
        self.restart(board, numpy.arange(self.count) if whole else numpy.flatnonzero(chosen))

    def restart(self, board, lanes):
        observations, info = self.env.reset(lanes.astype(numpy.int32))
        board.observations.write_all(observations, lanes)
        if self.masks:
            for row, i in enumerate(lanes):
                board.mask(i, info["action_mask"][row])
        self.over[lanes] = False

    def advance(self, board):
        observations, reward, terminated, truncated, info = self.env.step(board.actions.read_all())
        ended = self.results(board, reward, terminated, truncated)
        board.observations.write_all(observations)
        self.masks_of(board, info, board.mask, range(self.count))
        if not len(ended):
            return {}
        board.finals.write_all(observations, ended, ended)
        self.masks_of(board, info, board.final_mask, [i for i in ended if truncated[i]])
        infos = self.told(info, ended.tolist())
        self.restart(board, ended)
        return infos


def make(wanted):
    if wanted["kind"] == "envpool":
        made = EnvPool(wanted)
        made.probe()
        return made
    name = wanted["id"]
    if name.startswith("ALE/"):
        importlib.import_module("ale_py")
    import gymnasium

    module, _, bare = name.partition(":")
    if bare:
        importlib.import_module(module)
    try:
        spec = gymnasium.spec(bare or name)
    except Exception:  # said better by making one
        spec = None
    if "vectorization_mode" in wanted["options"] or (
            spec is not None and spec.entry_point is None):
        made = Vectors({**wanted, "id": bare or name})
        made.probe()
        return made
    return Lanes({**wanted, "id": bare or name})


# What went wrong.


def failed(lane, error):
    """An exception as the other side reads it, without the frames of this script."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    text = "" if trace is None and error.__cause__ is None else "".join(
        traceback.format_exception(type(error), error, trace))
    return {"lane": lane, "type": type(error).__name__, "message": str(error),
            "traceback": text.rstrip(), "remedy": remedy(error)}


def remedy(error):
    package = None
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = PACKAGES.get(error.name.partition(".")[0])
    if package is None and isinstance(error, Exception):
        if type(error).__name__ in ("DependencyNotInstalled", "NamespaceNotFound"):
            text = str(error).lower()
            package = next((found for word, found in WORDS.items() if word in text), None)
    if package is None:
        return None
    if sys.prefix != sys.base_prefix:
        return f"{sys.executable} -m pip install '{package}'"
    return (f"python3 -m venv .venv && .venv/bin/pip install '{package}', then python: .venv in the"
            " file's environment")


# The file, the socket, the end.


class Board:
    """The mapped file: who lies where is decided here, and said to the other side."""

    def __init__(self, made, count):
        self.count = count
        self.tree = Tree(made.observation_space, "the observation space")
        self.action_tree = Tree(made.action_space, "the action space")
        self.form = "B" if self.tree.bytes and numpy is not None else "f"
        self.layout, self.size = {}, 0
        observed = count * self.tree.size * (1 if self.form == "B" else 4)
        flags = count * self.action_tree.choices
        for name, size in (
                ("lane", 4), ("lives", 4 * count), ("actions", 4 * count * self.action_tree.size),
                ("rewards", 4 * count),
                ("terminated", count), ("truncated", count), ("masks", flags),
                ("final_masks", flags), ("observations", observed), ("finals", observed)):
            self.layout[name] = self.size
            self.size += (size + 63) // 64 * 64  # one cache line is never two parts'

    def map(self, file):
        memory = mmap.mmap(file, self.size)
        at, count = self.layout, self.count
        whole = memoryview(memory)

        def part(name, size, form):
            return whole[at[name] : at[name] + size].cast(form)

        self.lane = part("lane", 4, "i")
        self.lives = part("lives", 4 * count, "i")
        for i in range(count):
            self.lives[i] = NO_LIVES
        self.rewards = part("rewards", 4 * count, "f")
        self.terminated = part("terminated", count, "B")
        self.truncated = part("truncated", count, "B")
        flags = count * self.action_tree.choices
        self.flags = part("masks", flags, "B") if flags else None
        self.final_flags = part("final_masks", flags, "B") if flags else None
        self.actions = Block(self.action_tree, memory, at["actions"], count, "f")
        self.observations = Block(self.tree, memory, at["observations"], count, self.form)
        self.finals = Block(self.tree, memory, at["finals"], count, self.form)
        if numpy is not None:
            self.rewards_array = numpy.frombuffer(memory, numpy.float32, count, at["rewards"])
            self.terminated_array = numpy.frombuffer(memory, numpy.uint8, count, at["terminated"])
            self.truncated_array = numpy.frombuffer(memory, numpy.uint8, count, at["truncated"])
        for flags in (self.flags, self.final_flags):
            if flags is not None:
                flags[:] = b"\1" * len(flags)

    def mask(self, i, mask):
        write_mask(self.action_tree.root, mask, self.flags, int(i) * self.action_tree.choices)

    def final_mask(self, i, mask):
        write_mask(self.action_tree.root, mask, self.final_flags, int(i) * self.action_tree.choices)


class Files:
    """The socket and the mapped file, for as long as they have names."""

    def __init__(self):
        self.lock = threading.Lock()
        self.folder = None

    def create(self, folders, size):
        """Both in the first folder that has room."""
        with self.lock:
            for folder in folders:
                self.folder = folder
                try:
                    os.mkdir(folder, 0o700)
                    file = os.open(f"{folder}/memory", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
                    if hasattr(os, "posix_fallocate"):
                        os.posix_fallocate(file, 0, size)  # else a full memory shows in a step
                    else:
                        os.ftruncate(file, size)
                    server = socket.socket(socket.AF_UNIX)
                    server.bind(f"{folder}/socket")
                    server.listen(1)
                    return folder, file, server
                except OSError:
                    self._unlink()
                    if folder == folders[-1]:
                        raise

    def unlink(self):
        with self.lock:
            self._unlink()

    def _unlink(self):
        if self.folder is not None:
            for remove, name in ((os.unlink, "/memory"), (os.unlink, "/socket"), (os.rmdir, "")):
                try:
                    remove(self.folder + name)
                except FileNotFoundError:
                    pass
            self.folder = None


def end_with_input(files):
    """Ends this process when the other one is gone, however it went."""

    def wait():
        while os.read(0, 4096):
            pass
        files.lock.acquire()  # kept: no file is made from now on
        files._unlink()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def end_with_input_in_any_state():
    """Where the system can: also while a step holds the interpreter, by the system's own signal."""
    try:
        import fcntl

        signal.signal(signal.SIGIO, signal.SIG_DFL)
        fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
    except (ImportError, AttributeError, OSError):
        pass


def receive(connection, count):
    data = bytearray()
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return bytes(data)


def asked(connection):
    return unpack(receive(connection, struct.unpack(">i", receive(connection, 4))[0]))


def picture_of(made, i):
    picture = made.picture(i) if made.rendered else None
    if picture is None:
        return None
    if numpy is None:
        return {"height": len(picture), "width": len(picture[0]), "pixels": bytes(plain(picture))}
    picture = numpy.ascontiguousarray(picture, numpy.uint8)
    if picture.ndim != 3 or picture.shape[2] < 3:
        raise ValueError(f"render() gave an array of shape {picture.shape}, no picture in colours")
    height, width = picture.shape[:2]
    return {"height": height, "width": width,
            "pixels": numpy.ascontiguousarray(picture[:, :, :3]).tobytes()}


class Commands:
    """Looks for a command for a while before it sleeps, for the reason that PythonProcess.poll has."""

    SECONDS, CROWDED_SECONDS, CROWDED_COMMANDS = 100e-6, 500e-6, 100

    def __init__(self, connection):
        self.connection, self.crowded = connection, 0

    def next(self, command):
        if self.crowded > 0:
            self.crowded -= 1
            return self.connection.recv_into(command)
        begin = last = time.perf_counter()
        while last - begin < self.SECONDS:
            try:
                return self.connection.recv_into(command, 1, socket.MSG_DONTWAIT)
            except BlockingIOError:
                now = time.perf_counter()
                if now - last > self.CROWDED_SECONDS:
                    self.crowded = self.CROWDED_COMMANDS
                    break
                last = now
        return self.connection.recv_into(command)


def serve(made, board, connection):
    command = bytearray(1)
    commands = Commands(connection)
    while commands.next(command):
        answer = None
        if command == b"s":
            failures, infos = made.step(board)
            if failures or infos:
                answer = {"failures": failures, "infos": infos}
        elif command == b"r":
            wanted = asked(connection)
            failures, _ = made.reset(
                board, wanted["seed"], wanted["chosen"], wanted["options"] or None)
            if failures:
                answer = {"failures": failures, "infos": {}}
        elif command == b"o":
            made.options = asked(connection) or None
        elif command == b"p":
            i = asked(connection)
            try:
                answer = {"failures": [], "picture": picture_of(made, i)}
            except BaseException as error:
                answer = {"failures": [failed(i, error)]}
        else:
            made.close()
            return
        connection.sendall(b"\0" if answer is None else b"\1" + framed(answer))


def main():
    # Whatever environments print goes to standard error; standard output is for the first answer.
    wire = os.dup(1)
    os.dup2(2, 1)
    if os.getpid() != os.getsid(0):
        os.setsid()  # a Ctrl-C is for the program that started this one
    faulthandler.enable()
    faulthandler.register(signal.SIGTERM, all_threads=True, chain=True)
    files = Files()
    source = sys.stdin.buffer
    wanted = unpack(source.read(struct.unpack(">i", source.read(4))[0]))
    end_with_input(files)
    try:
        made = make(wanted)
        board = Board(made, wanted["count"])
        folder, file, server = files.create(wanted["folders"], board.size)
        board.map(file)
        answer = {
            "observations": board.tree.form(), "actions": board.action_tree.form(),
            "masks": bool(made.masks and board.action_tree.choices), "bytes": board.form == "B",
            "fps": float(made.fps()), "folder": folder, "size": board.size, "layout": board.layout}
    except BaseException as error:
        answer = {"failure": failed(0, error)}
    with os.fdopen(wire, "wb") as out:
        out.write(framed(answer))
    if "failure" in answer:
        return
    connection, _ = server.accept()
    server.close()
    receive(connection, 1)  # it is mapped there too
    files.unlink()
    end_with_input_in_any_state()
    connection.sendall(b"\0")
    serve(made, board, connection)


main()
