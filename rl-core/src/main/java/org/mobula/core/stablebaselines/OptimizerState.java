package org.mobula.core.stablebaselines;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.stablebaselines.Pickled.Numbers;

/**
 * The state of one of PyTorch's optimizers: settings, and what it remembers of each parameter.
 *
 * @param settings of its only group
 * @param remembered by the parameters' names; empty before the first step
 */
record OptimizerState(Map<?, ?> settings, Map<String, Map<?, ?>> remembered) {
  private static final String STEP = "step";

  /**
   * Reads a state.
   *
   * @param what it is, for errors
   * @param value as it was saved
   * @param names of the parameters, in their order
   */
  static OptimizerState of(String what, Object value, List<String> names) throws IOException {
    Map<?, ?> whole = Pickled.as(Map.class, what, value);
    List<?> groups = Pickled.as(List.class, what + ": param_groups", whole.get("param_groups"));
    Map<?, ?> state = Pickled.as(Map.class, what + ": state", whole.get("state"));
    if (groups.size() != 1) {
      throw new IOException(
          "%s has %s groups of parameters but must have 1".formatted(what, groups.size()));
    }
    Map<?, ?> group = Pickled.as(Map.class, what + ": a group", groups.get(0));
    List<?> order = Pickled.as(List.class, what + ": params", group.get("params"));
    if (order.size() != names.size()) {
      throw new IOException(
          "%s is of %s parameters but the network has %s"
              .formatted(what, order.size(), names.size()));
    }
    Map<String, Map<?, ?>> remembered = new HashMap<>();
    for (int i = 0; i < names.size(); i++) {
      Object one = state.get(order.get(i));
      if (one != null) {
        remembered.put(names.get(i), Pickled.as(Map.class, what + ": a parameter's state", one));
      }
    }
    return new OptimizerState(group, remembered);
  }

  /** How many parameters it may be of. */
  static int parameters(Object value) {
    return value instanceof Map<?, ?> whole
            && whole.get("param_groups") instanceof List<?> groups
            && !groups.isEmpty()
            && groups.get(0) instanceof Map<?, ?> group
            && group.get("params") instanceof List<?> order
        ? order.size()
        : 0;
  }

  /** The step size that it took last; null if it is not said. */
  @Nullable Double learningRate() {
    return Settings.asNumber(settings.get("lr"));
  }

  /** The same optimizer here; null if none is like it. */
  @Nullable OptimizerConfig config() {
    double decay = number("weight_decay", 0);
    if (settings.get("betas") instanceof List<?> betas && betas.size() == 2) {
      Double beta1 = Settings.asNumber(betas.get(0));
      Double beta2 = Settings.asNumber(betas.get(1));
      boolean amsgrad = Boolean.TRUE.equals(settings.get("amsgrad"));
      if (beta1 == null || beta2 == null) {
        return null;
      }
      return Boolean.TRUE.equals(settings.get("decoupled_weight_decay"))
          ? new OptimizerConfig.AdamW(beta1, beta2, number("eps", 1e-8), decay, amsgrad, Map.of())
          : new OptimizerConfig.Adam(beta1, beta2, number("eps", 1e-8), decay, amsgrad, Map.of());
    } else if (settings.containsKey("alpha") && settings.containsKey("centered")) {
      return new OptimizerConfig.RmsProp(
          number("alpha", 0.99),
          number("eps", 1e-8),
          number("momentum", 0),
          Boolean.TRUE.equals(settings.get("centered")),
          decay,
          Map.of());
    } else if (settings.containsKey("nesterov")) {
      return new OptimizerConfig.Sgd(
          number("momentum", 0),
          number("dampening", 0),
          Boolean.TRUE.equals(settings.get("nesterov")),
          decay,
          Map.of());
    }
    return null;
  }

  private double number(String key, double usual) {
    Double number = Settings.asNumber(settings.get(key));
    return number == null ? usual : number;
  }

  /** Steps taken: those of any parameter. */
  long steps() {
    for (Map<?, ?> one : remembered.values()) {
      Object step = one.get(STEP);
      if (step instanceof Numbers numbers && numbers.values().length == 1) {
        return (long) numbers.values()[0];
      } else if (step instanceof Long whole) {
        return whole;
      }
    }
    return 0;
  }

  /** What is remembered of a parameter under some name; null for nothing. */
  @Nullable Numbers moment(String parameter, String name) {
    Map<?, ?> one = remembered.get(parameter);
    return one != null && one.get(name) instanceof Numbers numbers ? numbers : null;
  }
}
