package org.mobula.core.optimizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig.Adam;
import org.mobula.core.optimizer.OptimizerConfig.AdamW;
import org.mobula.core.optimizer.OptimizerConfig.Group;
import org.mobula.core.optimizer.OptimizerConfig.RmsProp;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;

/**
 * Takes the steps of one slice of the flat parameter vector and keeps what it must remember between
 * them. Each number's step depends on that number's own history alone, so any cut into slices gives
 * the same bits. A step is one of the numbers of one network; those of the others, and what is
 * remembered of them, stay as they are. Not safe for several threads at once.
 */
public final class Optimizer {
  /** PyTorch's name for the steps that a parameter has taken. */
  private static final String STEP = "step";

  private final int size;
  private final List<Range> ranges;
  private final Rule rule;
  private final Map<String, float[]> moments = new LinkedHashMap<>();
  private long steps;

  /** Steps of each network, in the order of the layout. */
  private final long[] networkSteps;

  /** Of each number the steps of its network, as it is saved; empty where there is one network. */
  private final float[] savedSteps;

  /**
   * Numbers {@code [start, end)} of the slice, which share their settings.
   *
   * @param network its place among the layout's
   */
  private record Range(int start, int end, Group settings, int network) {}

  /** One step of the numbers {@code [start, end)} with the gradient times the scale. */
  @FunctionalInterface
  interface Rule {
    void step(
        float[] parameters,
        float[] gradient,
        int start,
        int end,
        float scale,
        double learningRate,
        double weightDecay,
        long step);
  }

  /** Hears which parameters have taken a step. */
  @FunctionalInterface
  public interface Stretches {
    /** For whom it is enough that all have. */
    Stretches UNHEARD = (from, to) -> {};

    /** The parameters {@code [from, to)} of the slice are those after the step. */
    void stepped(int from, int to);
  }

  Optimizer(OptimizerConfig config, ParameterLayout layout, int from, int to) {
    if (from < 0 || to < from || to > layout.size()) {
      throw new IllegalArgumentException(
          "the slice is [%s, %s) but the flat vector has %s numbers"
              .formatted(from, to, layout.size()));
    }
    size = to - from;
    ranges = ranges(config, layout, from, to);
    rule = rule(config);
    networkSteps = new long[Math.max(1, layout.networks().size())];
    savedSteps = networkSteps.length == 1 ? new float[0] : moment(STEP);
  }

  private static List<Range> ranges(
      OptimizerConfig config, ParameterLayout layout, int from, int to) {
    Group rest = new Group(1, config.weightDecay());
    List<Range> ranges = new ArrayList<>();
    Set<String> known = new TreeSet<>();
    List<String> networks = layout.networks();
    for (ParameterLayout.Entry entry : layout.entries()) {
      known.add(entry.group());
      Group settings = config.groups().getOrDefault(entry.group(), rest);
      int network = networks.indexOf(entry.network());
      int start = Math.max(entry.offset(), from) - from;
      int end = Math.min(entry.offset() + entry.size(), to) - from;
      Range last = ranges.isEmpty() ? null : ranges.get(ranges.size() - 1);
      if (last != null
          && last.settings.equals(settings)
          && last.network == network
          && start < end) {
        ranges.set(ranges.size() - 1, new Range(last.start, end, settings, network));
      } else if (start < end) {
        ranges.add(new Range(start, end, settings, network));
      }
    }
    Set<String> unknown = new TreeSet<>(config.groups().keySet());
    unknown.removeAll(known);
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          "the optimizer has settings for the groups "
              + unknown
              + " but the network's groups are "
              + known);
    }
    return ranges;
  }

  private Rule rule(OptimizerConfig config) {
    if (config instanceof Sgd sgd) {
      return sgd.momentum() == 0
          ? Rules::gradientDescent
          : Rules.momentum(sgd, moment("momentum_buffer"));
    } else if (config instanceof RmsProp rmsProp) {
      return Rules.rmsProp(
          rmsProp,
          moment("square_avg"),
          rmsProp.centered() ? moment("grad_avg") : new float[0],
          rmsProp.momentum() > 0 ? moment("momentum_buffer") : new float[0]);
    } else if (config instanceof Adam adam) {
      return adam(
          new Rules.AdamSettings(adam.beta1(), adam.beta2(), adam.epsilon(), false),
          adam.amsgrad());
    }
    AdamW adam = (AdamW) config;
    return adam(
        new Rules.AdamSettings(adam.beta1(), adam.beta2(), adam.epsilon(), true), adam.amsgrad());
  }

  private Rule adam(Rules.AdamSettings settings, boolean amsgrad) {
    return Rules.adam(
        settings,
        moment("exp_avg"),
        moment("exp_avg_sq"),
        amsgrad ? moment("max_exp_avg_sq") : new float[0]);
  }

  private float[] moment(String name) {
    float[] values = new float[size];
    moments.put(name, values);
    return values;
  }

  /**
   * Takes one step.
   *
   * @param parameters the slice, changed in place
   * @param gradient of the slice; left as it is
   * @param learningRate before the groups' own factors
   */
  public void step(float[] parameters, float[] gradient, double learningRate) {
    step(parameters, gradient, 1, learningRate);
  }

  /**
   * Takes one step with a gradient that is scaled, as clipping by norm does: the same bits as if it
   * had been scaled before, without another pass over it.
   *
   * @param parameters the slice, changed in place
   * @param gradient of the slice; left as it is
   * @param scale of each number of the gradient
   * @param learningRate before the groups' own factors
   */
  public void step(float[] parameters, float[] gradient, float scale, double learningRate) {
    step(0, parameters, gradient, scale, learningRate, Math.max(1, size), Stretches.UNHEARD);
  }

  /**
   * Takes one step of a network, so many parameters at a time, with the same bits.
   *
   * @param network its place among {@link ParameterLayout#networks}
   * @param parameters the slice, changed in place
   * @param gradient of the slice; left as it is
   * @param scale of each number of the gradient
   * @param learningRate before the groups' own factors
   * @param stretch how many parameters at a time
   * @param done hears of each stretch in turn, of whatever networks, while the processor still has
   *     it in its cache
   */
  public void step(
      int network,
      float[] parameters,
      float[] gradient,
      float scale,
      double learningRate,
      int stretch,
      Stretches done) {
    if (!(learningRate >= 0 && learningRate < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "learning rate is " + learningRate + " but must be ≥ 0 and finite");
    }
    steps++;
    long step = ++networkSteps[network];
    int from = 0;
    while (from < size) {
      int to = (int) Math.min(size, (long) from + stretch);
      for (int i = 0; i < ranges.size(); i++) { // No iterator: a step allocates nothing.
        Range range = ranges.get(i);
        int start = Math.max(range.start, from);
        int end = Math.min(range.end, to);
        if (start < end && range.network == network) {
          rule.step(
              parameters,
              gradient,
              start,
              end,
              scale,
              learningRate * range.settings.learningRateFactor(),
              range.settings.weightDecay(),
              step);
        }
      }
      done.stepped(from, to);
      from = to;
    }
  }

  /** Steps taken, of all networks. */
  public long steps() {
    return steps;
  }

  /**
   * Steps of one network.
   *
   * @param network its place among {@link ParameterLayout#networks}
   */
  public long steps(int network) {
    return networkSteps[network];
  }

  /**
   * The vectors that it remembers, each as long as the slice, under PyTorch's names: {@code
   * exp_avg}, {@code exp_avg_sq}, …. They are the optimizer's own; copy what is to be kept. Where
   * there are several networks, {@code step} holds the steps of each number's network.
   */
  public Map<String, float[]> moments() {
    if (savedSteps.length > 0) {
      for (Range range : ranges) {
        Arrays.fill(savedSteps, range.start, range.end, (float) networkSteps[range.network]);
      }
    }
    return Collections.unmodifiableMap(moments);
  }

  /**
   * Goes on from what another optimizer of the same kind remembered.
   *
   * @throws IllegalArgumentException if the names or lengths are not this optimizer's
   */
  public void restore(long steps, Map<String, float[]> saved) {
    if (!saved.keySet().equals(moments.keySet())) {
      throw new IllegalArgumentException(
          "the saved optimizer remembers %s but this one remembers %s: was it saved with other settings?"
              .formatted(new TreeSet<>(saved.keySet()), new TreeSet<>(moments.keySet())));
    }
    saved.forEach(
        (name, values) -> {
          if (values.length != size) {
            throw new IllegalArgumentException(
                "the saved %s has %s numbers but the slice has %s"
                    .formatted(name, values.length, size));
          }
        });
    moments.forEach((name, values) -> System.arraycopy(saved(saved, name), 0, values, 0, size));
    this.steps = steps;
    networkSteps[0] = steps;
    if (networkSteps.length > 1) {
      Arrays.fill(networkSteps, 0);
      for (Range range : ranges) {
        networkSteps[range.network] = (long) savedSteps[range.start];
      }
    }
  }

  private static float[] saved(Map<String, float[]> saved, String name) {
    float[] values = saved.get(name);
    if (values == null) {
      throw new IllegalArgumentException("the saved optimizer has no " + name);
    }
    return values;
  }
}
