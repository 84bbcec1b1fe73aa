package org.mobula.tune;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;
import org.mobula.core.config.Shorthand;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;

/** What one key may be, in a search file. */
public record ParameterConfig(
    @Doc("from and to of a number that is searched evenly") @Nullable List<Double> uniform,
    @Doc("from and to of a number that is searched evenly in the logarithm")
        @Nullable List<Double> log,
    @Doc("from and to of an integer that is searched evenly") @Nullable List<Long> integer,
    @Doc("from and to of an integer that is searched evenly in the logarithm")
        @Nullable List<Long> integerLog,
    @Doc("texts, numbers, booleans or lists, one of which is chosen") @Nullable List<Object> choice,
    @Doc("distance of neighbours from the lower end on, for uniform and integer; 0 for none")
        @Range(min = 0)
        double step,
    @Doc("other keys of the space with the values under which this one is there at all")
        Map<String, List<Object>> when)
    implements Serializable {

  /** Checks the values. */
  public ParameterConfig {
    Constraints.check(ParameterConfig.class, uniform, log, integer, integerLog, choice, step, when);
    int kinds = 0;
    for (Object kind : new @Nullable Object[] {uniform, log, integer, integerLog, choice}) {
      kinds += kind == null ? 0 : 1;
    }
    if (kinds != 1) {
      throw new IllegalArgumentException(
          "takes exactly one of uniform, log, integer, integer-log and choice");
    }
    ends("uniform", uniform);
    ends("log", log);
    ends("integer", integer);
    ends("integer-log", integerLog);
    Constraints.require(
        step == 0 || uniform != null || integer != null,
        "step",
        step,
        "must be left out unless uniform or integer is given");
    Constraints.require(
        integer == null || step == Math.rint(step), "step", step, "must be whole for integer");
    Constraints.require(when.size() < 2, "when", when.keySet(), "must name one key");
  }

  private static void ends(String key, @Nullable List<?> ends) {
    Constraints.require(
        ends == null || ends.size() == 2, key, ends, "must be a list of two numbers, from and to");
  }

  /** Nothing yet. */
  public static ParameterConfig defaults(
      @Nullable List<Double> uniform,
      @Nullable List<Double> log,
      @Nullable List<Long> integer,
      @Nullable List<Long> integerLog,
      @Nullable List<Object> choice) {
    return new ParameterConfig(uniform, log, integer, integerLog, choice, 0, Map.of());
  }

  /** Always this value, as {@code gamma: 0.99}. */
  @Shorthand
  static ParameterConfig fixed(Object value) {
    return new ParameterConfig(null, null, null, null, List.of(value), 0, Map.of());
  }

  /** A list, such as the widths of layers, goes by what is written for it. */
  static Object choice(Object written) {
    return written instanceof List<?> ? written.toString() : written;
  }

  /**
   * The parameter of that name.
   *
   * @throws IllegalArgumentException if its range is wrong
   */
  public Parameter parameter(String name) {
    if (uniform != null) {
      return new FloatParameter(name, uniform.get(0), uniform.get(1), false, step);
    } else if (log != null) {
      return new FloatParameter(name, log.get(0), log.get(1), true, step);
    } else if (integer != null) {
      long distance = Math.max(1, (long) step);
      return new IntParameter(name, integer.get(0), integer.get(1), false, distance);
    } else if (integerLog != null) {
      return IntParameter.log(name, integerLog.get(0), integerLog.get(1));
    }
    List<Object> choices = new ArrayList<>(choice == null ? List.of() : choice);
    choices.replaceAll(ParameterConfig::choice);
    return new CategoricalParameter(name, choices);
  }
}
