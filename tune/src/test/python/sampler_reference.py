"""Writes sampler-reference.json: what cmaes 0.13.1 and Optuna 5.0.0's Gaussian process compute, and
values of the expected improvement to fifty digits.

usage (with cmaes, optuna, torch, scipy and mpmath):
    python sampler_reference.py > tune/src/test/resources/org/mobula/tune/sampler/sampler-reference.json
"""
import json

import cmaes
import mpmath
import numpy as np
import optuna
import torch
from optuna._gp import gp, prior
from scipy.stats import yeojohnson

mpmath.mp.dps = 50


def cma_point(generation, k, i):
    return 0.5 + ((37 * generation + 17 * k + 29 * i * i + 11 * k * i) % 101 - 50) / 300


def evolution(dimensions, population_size):
    cma = cmaes.CMA(
        mean=np.full(dimensions, 0.5), sigma=1 / 6, seed=1, population_size=population_size
    )
    constants = {
        "weights": cma._weights.tolist(),
        "mu-effective": cma._mu_eff,
        "c1": cma._c1,
        "c-mu": cma._cmu,
        "c-sigma": cma._c_sigma,
        "d-sigma": cma._d_sigma,
        "c-c": cma._cc,
        "chi": cma._chi_n,
    }
    generations = []
    for generation in range(12):
        cma.tell(
            [
                (np.array([cma_point(generation, k, i) for i in range(dimensions)]), float(k))
                for k in range(population_size)
            ]
        )
        generations.append(
            {
                "mean": cma._mean.tolist(),
                "sigma": cma._sigma,
                "covariance": cma._C.tolist(),
                "sigma-path": cma._p_sigma.tolist(),
                "covariance-path": cma._pc.tolist(),
            }
        )
    return {
        "dimensions": dimensions,
        "population-size": population_size,
        "constants": constants,
        "generations": generations,
    }


def gaussian_process():
    random = np.random.default_rng(1)
    points = random.random((14, 4))
    points[:, 3] = random.integers(0, 3, 14)
    values = np.sin(5 * points[:, 0]) + points[:, 1] ** 2 - 0.3 * points[:, 3]
    values = (values - values.mean()) / values.std()
    asked = random.random((6, 4))
    asked[:, 3] = random.integers(0, 3, 6)
    raw = torch.tensor([0.7, -0.4, -1.5, 0.2, 0.3, -4.0], dtype=torch.float64, requires_grad=True)
    least_noise = 1e-8

    def regressor(raw):
        return gp.GPRegressor(
            torch.tensor([False, False, False, True]),
            torch.from_numpy(points),
            torch.from_numpy(values),
            torch.exp(raw[:4]),
            torch.exp(raw[4]),
            torch.exp(raw[5]) + least_noise,
        )

    model = regressor(raw)
    loss = -model.marginal_log_likelihood() - prior.default_log_prior(model)
    loss.backward()
    model = regressor(raw.detach())
    model._cache_matrix()
    asked_points = torch.from_numpy(asked).requires_grad_(True)
    mean, variance = model.posterior(asked_points)
    deviation = torch.sqrt(variance + 1e-12)
    mean_gradient = torch.autograd.grad(mean.sum(), asked_points, retain_graph=True)[0].numpy()
    deviation_gradient = torch.autograd.grad(deviation.sum(), asked_points)[0].numpy()
    mean_gradient[:, 3] = 0
    deviation_gradient[:, 3] = 0
    return {
        "points": points.tolist(),
        "values": values.tolist(),
        "kernel": raw.tolist(),
        "loss": loss.item(),
        "loss-gradient": raw.grad.tolist(),
        "asked": asked.tolist(),
        "mean": mean.tolist(),
        "deviation": deviation.tolist(),
        "mean-gradient": mean_gradient.tolist(),
        "deviation-gradient": deviation_gradient.tolist(),
    }


def log_expected_improvement(z):
    z = mpmath.mpf(z)
    density = mpmath.npdf(z)
    cumulative = mpmath.erfc(-z / mpmath.sqrt(2)) / 2
    improvement = density + z * cumulative
    return {
        "z": float(z),
        "log": float(mpmath.log(improvement)),
        "slope": float(cumulative / improvement),
        "log-cumulative": float(mpmath.log(cumulative)),
        "log-cumulative-slope": float(density / cumulative),
    }


def power_transform():
    values = (np.arange(1, 21) ** 3).astype(float)
    standardized = (values - values.mean()) / values.std()
    transformed, power = yeojohnson(standardized)
    normalized = (transformed - transformed.mean()) / transformed.std()
    return {"values": values.tolist(), "power": power, "normalized": normalized.tolist()}


reference = {
    "cmaes": cmaes.__version__,
    "optuna": optuna.__version__,
    "torch": torch.__version__,
    "evolutions": [evolution(2, 6), evolution(5, 8), evolution(5, 16), evolution(10, 10)],
    "gaussian-process": gaussian_process(),
    "expected-improvement": [
        log_expected_improvement(z)
        for z in (6, 2, 0.5, 0, -0.5, -0.999, -1.001, -3, -10, -30, -99, -101, -1000, -1e5)
    ],
    "power-transform": power_transform(),
}
print(json.dumps(reference))
