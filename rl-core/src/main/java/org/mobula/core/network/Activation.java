package org.mobula.core.network;

/** A function applied to each element of a hidden layer. */
public enum Activation {
  /** Nothing. */
  IDENTITY,
  /** Hyperbolic tangent. */
  TANH,
  /** max(0, x). */
  RELU,
  /** x where positive, else exp(x) − 1. */
  ELU,
  /** x · sigmoid(x). */
  SILU,
  /** x · Φ(x), with the exact Gaussian distribution function. */
  GELU
}
