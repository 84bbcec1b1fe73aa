package org.mobula.tune.report;

import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;

/** A parameter's range as it is searched: choices by their index. */
record ParameterScale(double low, double high, boolean log) {
  static ParameterScale of(Parameter parameter) {
    if (parameter instanceof FloatParameter number) {
      return new ParameterScale(number.low(), number.high(), number.log());
    } else if (parameter instanceof IntParameter integer) {
      return new ParameterScale(integer.low(), integer.high(), integer.log());
    }
    return new ParameterScale(0, ((CategoricalParameter) parameter).choices().size() - 1, false);
  }

  /** Where a number lies, from 0 at the low end to 1 at the high one. */
  double share(double number) {
    double from = scaled(low);
    double to = scaled(high);
    return to > from ? (scaled(number) - from) / (to - from) : 0.5;
  }

  /** The number, or its logarithm where the range is logarithmic. */
  double scaled(double number) {
    return log ? Math.log(number) : number;
  }
}
