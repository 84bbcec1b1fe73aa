package org.mobula.tune.space;

import java.io.Serializable;
import org.mobula.core.random.Pcg64;

/**
 * One thing that is searched. Samplers and the journal know a value by one number, as Optuna does:
 * a float or an integer by itself, a choice by its index.
 */
public sealed interface Parameter extends Serializable
    permits FloatParameter, IntParameter, CategoricalParameter {
  /** Unique in its space; a dotted key where a training file is searched. */
  String name();

  /** What an objective sees: a {@link Double}, a {@link Long}, or the choice. */
  Object value(double internal);

  /**
   * The number of a value.
   *
   * @throws IllegalArgumentException if the value is not one of this parameter's
   */
  double internal(Object value);

  /** Whether the number stands for a value of this parameter. */
  boolean contains(double internal);

  /**
   * The number below which a share of all values lies, where all are equally likely, in the
   * logarithm if the parameter says so.
   *
   * @param share in [0, 1]
   */
  double quantile(double share);

  /** The number of the value with this index, of a parameter that has finitely many. */
  double at(long index);

  /** The number of a value by chance, all equally likely as in {@link #quantile}. */
  default double draw(Pcg64 random) {
    return quantile(random.nextDouble());
  }

  /** How many values there are; {@link Long#MAX_VALUE} for a float without a step. */
  long cardinality();
}
