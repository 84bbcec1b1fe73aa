"""SBX (Stable-Baselines in JAX): DQN on CartPole-v1, SAC on Pendulum-v1, with rl-zoo3's settings.

    sbx_offpolicy.py dqn|sac [STEPS] [SEED]

The twin of sb3_offpolicy.py among the peers' scripts. SBX's DQN does not clip gradients.
"""

import sys
import time

import gymnasium as gym
import torch
from sbx import DQN, SAC
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor

name = sys.argv[1]
steps = int(sys.argv[2]) if len(sys.argv) > 2 else {"dqn": 50_000, "sac": 20_000}[name]
seed = int(sys.argv[3]) if len(sys.argv) > 3 else 0
torch.set_num_threads(1)
if name == "dqn":
    env = "CartPole-v1"
    model = DQN(
        "MlpPolicy", gym.make(env), learning_rate=2.3e-3, batch_size=64, buffer_size=100_000,
        learning_starts=1000, gamma=0.99, target_update_interval=10, train_freq=256,
        gradient_steps=128, exploration_fraction=0.16, exploration_final_eps=0.04,
        policy_kwargs={"net_arch": [256, 256]}, seed=seed)
else:
    env = "Pendulum-v1"
    model = SAC("MlpPolicy", gym.make(env), learning_rate=1e-3, seed=seed)
start = time.time()
model.learn(steps)
seconds = time.time() - start
mean, _ = evaluate_policy(model, Monitor(gym.make(env)), 20)
print(f'{{"peer": "sbx {name} (with its JIT time)", "steps": {steps}, "seconds": {seconds:.2f}, '
      f'"steps_per_second": {steps / seconds:.0f}, "return": {mean:.1f}}}')
