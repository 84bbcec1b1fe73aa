package org.mobula.tune.sampler;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mobula.core.random.Pcg64;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;

/**
 * A search space as a cube: a number becomes a coordinate from 0 to 1, even in the logarithm where
 * the parameter says so, and a choice keeps its index. Numbers with a step own equal shares of
 * their side and lie in the middle of them.
 */
final class UnitCube {
  /** Where a parameter lies that is not there. */
  private static final double ABSENT = 0.5;

  private final SearchSpace space;
  private final Parameter[] parameters;
  private final double[] low;
  private final double[] width;

  UnitCube(SearchSpace space) {
    this(space, space.parameters());
  }

  /** Of some of the parameters of a space. */
  UnitCube(SearchSpace space, List<Parameter> parameters) {
    this.space = space;
    this.parameters = parameters.toArray(Parameter[]::new);
    low = new double[parameters.size()];
    width = new double[parameters.size()];
    for (int i = 0; i < low.length; i++) {
      double from = 0;
      double to = 1;
      if (this.parameters[i] instanceof FloatParameter number) {
        from = number.low() - number.step() / 2;
        to = number.high() + number.step() / 2;
      } else if (this.parameters[i] instanceof IntParameter integer) {
        from = integer.low() - integer.step() / 2.0;
        to = integer.high() + integer.step() / 2.0;
      }
      low[i] = isLog(i) ? Math.log(from) : from;
      width[i] = (isLog(i) ? Math.log(to) : to) - low[i];
    }
  }

  int dimensions() {
    return parameters.length;
  }

  boolean isCategorical(int i) {
    return parameters[i] instanceof CategoricalParameter;
  }

  /** How many values a coordinate has; {@link Long#MAX_VALUE} if it is continuous. */
  long cardinality(int i) {
    return parameters[i].cardinality();
  }

  private boolean isLog(int i) {
    return (parameters[i] instanceof FloatParameter number && number.log())
        || (parameters[i] instanceof IntParameter integer && integer.log());
  }

  /** The coordinate of a number. */
  double coordinate(int i, double internal) {
    if (isCategorical(i)) {
      return internal;
    } else if (width[i] == 0) {
      return ABSENT;
    }
    return clip(((isLog(i) ? Math.log(internal) : internal) - low[i]) / width[i], 0, 1);
  }

  /** The number at, or nearest to, a coordinate. */
  double internal(int i, double coordinate) {
    return isCategorical(i) ? coordinate : parameters[i].quantile(clip(coordinate, 0, 1));
  }

  /** The coordinate of the {@code index}-th value of a parameter that has finitely many. */
  double gridCoordinate(int i, long index) {
    return coordinate(i, parameters[i].at(index));
  }

  /** Takes a point to the nearest one that stands for values, in place. */
  void snap(double[] point) {
    for (int i = 0; i < point.length; i++) {
      if (cardinality(i) < Long.MAX_VALUE) {
        point[i] = coordinate(i, internal(i, point[i]));
      }
    }
    if (space.isConditional()) {
      values(point, true);
    }
  }

  /** A uniformly random coordinate. */
  double draw(int i, Pcg64 random) {
    return isCategorical(i) ? random.nextInt((int) cardinality(i)) : random.nextDouble();
  }

  /** The numbers of a point; without those whose condition is not met. */
  Map<String, Double> values(double[] point) {
    return values(point, false);
  }

  private Map<String, Double> values(double[] point, boolean settleAbsent) {
    Map<String, Double> values = new LinkedHashMap<>();
    for (int i = 0; i < point.length; i++) {
      if (space.isActive(parameters[i], values)) {
        values.put(parameters[i].name(), internal(i, point[i]));
      } else if (settleAbsent) {
        point[i] = absent(i);
      }
    }
    return values;
  }

  /** Whether a point keeps the constraints of the space. */
  boolean allows(double[] point) {
    return space.constraints().isEmpty() || space.broken(values(point)).isEmpty();
  }

  /** The point of a trial's numbers; empty if one is missing or is no value of its parameter. */
  Optional<double[]> point(Map<String, Double> values) {
    double[] point = new double[parameters.length];
    for (int i = 0; i < point.length; i++) {
      Parameter parameter = parameters[i];
      if (space.isActive(parameter, values)) {
        Double number = values.get(parameter.name());
        if (number == null || !parameter.contains(number)) {
          return Optional.empty();
        }
        point[i] = coordinate(i, number);
      } else {
        point[i] = absent(i);
      }
    }
    return Optional.of(point);
  }

  private double absent(int i) {
    return isCategorical(i) ? 0 : ABSENT;
  }

  static double clip(double value, double low, double high) {
    return Math.max(low, Math.min(high, value));
  }
}
