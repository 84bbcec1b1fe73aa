class Wrapper:
    def __init__(self, env):
        self.env = env

    def __getattr__(self, name):
        return getattr(self.env, name)

    def reset(self, seed=None, options=None):
        return self.env.reset(seed=seed, options=options)


class TransformReward(Wrapper):
    def __init__(self, env, factor=2.0):
        super().__init__(env)
        self.factor = factor

    def step(self, action):
        observation, reward, terminated, truncated, info = self.env.step(action)
        return observation, reward * self.factor, terminated, truncated, info


class RightOnly(Wrapper):
    def step(self, action):
        return self.env.step(action)

    def action_masks(self):
        return [False, True]
