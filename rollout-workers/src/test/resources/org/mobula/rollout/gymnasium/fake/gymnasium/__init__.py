"""As much of Gymnasium's interface as the bridge's tests need, for an interpreter without packages."""

import os
import random
import signal
import sys
import time


class Space:
    shape, dtype = (), None


class Box(Space):
    def __init__(self, low, high, shape, dtype="float32"):
        size = 1
        for length in shape:
            size *= length
        self.shape, self.dtype = shape, dtype
        self.low = low if isinstance(low, list) else [low] * size
        self.high = high if isinstance(high, list) else [high] * size


class Discrete(Space):
    def __init__(self, n, start=0):
        self.n, self.start, self.dtype = n, start, "int64"


class MultiDiscrete(Space):
    def __init__(self, nvec, start=None):
        self.nvec, self.shape, self.dtype = nvec, (len(nvec),), "int64"
        self.start = start or [0] * len(nvec)


class MultiBinary(Space):
    def __init__(self, n):
        self.n, self.shape, self.dtype = n, (n,), "int8"


class Tuple(Space):
    def __init__(self, *parts):
        self.spaces = parts


class Dict(Space):
    def __init__(self, **parts):
        self.spaces = parts


class Text(Space):
    def __repr__(self):
        return "Text(1, 8)"


class Spec:
    def __init__(self, entry_point):
        self.entry_point = entry_point


class Corridor:
    """From a random place to an end; the way right is forbidden in the first place."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}

    def __init__(self, length=6, limit=12, render_mode=None):
        self.length, self.limit, self.render_mode = length, limit, render_mode
        self.observation_space = Box([0.0, -0.0], [float(length), 1.0], (2,))
        self.action_space = Discrete(2)
        self.random = random.Random(0)

    def reset(self, seed=None, options=None):
        if seed is not None:
            self.random = random.Random(seed)
        self.place = (options or {}).get("place", self.random.randrange(self.length))
        self.steps = 0
        return self._observed(), self._info()

    def step(self, action):
        self.steps += 1
        self.place = max(0, self.place + (1 if action == 1 else -1))
        ended = self.place >= self.length
        return (self._observed(), 1.0 if ended else -0.125, ended, self.steps >= self.limit,
                {**self._info(), "place": self.place, "way": {"steps": self.steps}, "word": "no number"})

    def _observed(self):
        return [float(self.place), self.random.random()]

    def _info(self):
        return {}

    def render(self):
        if self.render_mode != "rgb_array":
            return None
        print("drawn at", self.place)
        return [[[255 if x == self.place else 0, 0, 10] for x in range(self.length + 1)]] * 3

    def close(self):
        pass


class Living(Corridor):
    """Each step costs a life, which is said in every info."""

    def _info(self):
        return {"lives": self.length - self.steps}


class Masked(Corridor):
    def _info(self):
        return {"action_mask": [self.place > 0, True]}


class Zoo(Corridor):
    """All kinds of spaces, here and there; says what it was given by what is observed next."""

    def __init__(self):
        super().__init__()
        self.action_space = Dict(
            push=Box([-1.0, -2.0], [1.0, 2.0], (2,)), gear=Discrete(3, start=-1),
            levers=MultiDiscrete([2, 3], start=[5, 0]), lamps=MultiBinary(2),
            pair=Tuple(Discrete(2), Box(-9.0, 9.0, ())))
        self.observation_space = Tuple(self.action_space, Discrete(20, start=-10))
        self.given = {"push": [0.5, -1.5], "gear": 1, "levers": [6, 2], "lamps": [1, 0],
                      "pair": (1, 4.25)}

    def action_masks(self):
        return {"gear": [1, 0, 1], "levers": ([1, 0], [0, 1, 1]), "pair": ([1, 1], None)}

    def step(self, action):
        self.given = action
        return super().step(1)

    def _observed(self):
        return self.given, self.place - 10


class Troubled(Corridor):
    def __init__(self, trouble="raise", at=3, only=None, flag=None, render_mode=None):
        super().__init__(length=100, limit=1000, render_mode=render_mode)
        self.trouble, self.at, self.only, self.flag = trouble, at, only, flag
        if trouble == "make":
            raise ValueError("cannot be made of " + str(only))
        if trouble == "start":
            self._wait()

    def reset(self, seed=None, options=None):
        self.mine = self.only is None or self.only == seed
        if self.trouble == "reset":
            raise KeyError("no level")
        return super().reset(seed, options)

    def step(self, action):
        if self.steps + 1 == self.at and self.mine and not (self.flag and os.path.exists(self.flag)):
            if self.flag:
                open(self.flag, "w").close()
            self._fail()
        return super().step(action)

    def _wait(self):
        while True:
            time.sleep(60)

    def _fail(self):
        if self.trouble == "raise":
            raise ValueError("lost the way at " + str(self.place))
        if self.trouble == "exit":
            print("leaving", file=sys.stderr)
            os._exit(3)
        if self.trouble == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.trouble == "hang":
            self._wait()
        if self.trouble == "hold":
            sum(iter(int, 1))  # never gives the interpreter back


class Unreadable(Corridor):
    def __init__(self):
        super().__init__()
        self.observation_space = Dict(name=Text())


class Packed(Corridor):
    def __init__(self):
        raise ModuleNotFoundError("No module named 'Box2D'", name="Box2D")


class Pictured(Corridor):
    """The corridor as a row of pixels."""

    def __init__(self, dtype="uint8", **arguments):
        super().__init__(**arguments)
        self.observation_space = Box(0.0, 255.0, (1, 1, self.length + 1), dtype)

    def _observed(self):
        return [[[255 if x == self.place else x for x in range(self.length + 1)]]]


class Shapeless(Corridor):
    def _observed(self):
        return [1.0, 2.0, 3.0]


WORLDS = {"Corridor-v0": Corridor, "Living-v0": Living, "Masked-v0": Masked, "Zoo-v0": Zoo, "Troubled-v0": Troubled,
          "Unreadable-v0": Unreadable, "Shapeless-v0": Shapeless, "Packed-v0": Packed,
          "Pictured-v0": Pictured}


def spec(name):
    return Spec(WORLDS[name])


def make(name, **arguments):
    if name not in WORLDS:
        raise LookupError(f"Environment `{name}` doesn't exist.")
    return WORLDS[name](**arguments)
