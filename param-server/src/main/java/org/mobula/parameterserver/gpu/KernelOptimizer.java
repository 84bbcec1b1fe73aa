package org.mobula.parameterserver.gpu;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.Optimizer;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.OptimizerConfig.Adam;
import org.mobula.core.optimizer.OptimizerConfig.AdamW;
import org.mobula.core.optimizer.OptimizerConfig.Group;
import org.mobula.core.optimizer.OptimizerConfig.RmsProp;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;
import org.mobula.parameterserver.gpu.KernelArithmetic.DeviceVector;
import org.mobula.parameterserver.gpu.ShardArithmetic.Vector;

/**
 * The core's optimizer by kernels. Scalars are prepared here as the core prepares them: in double,
 * rounded to float once.
 */
final class KernelOptimizer implements ShardOptimizer {
  private static final String STEP = "step";

  private final KernelArithmetic arithmetic;
  private final OptimizerConfig config;
  private final ParameterLayout layout;
  private final int from;
  private final int to;
  private final List<Range> ranges;

  /** An optimizer of no numbers, which checks what it is given and counts the steps. */
  private final Optimizer host;

  private final Map<String, DeviceVector> moments = new LinkedHashMap<>();

  /** Steps of each network; the host's own are of none of the numbers. */
  private final long[] steps;

  /**
   * Numbers {@code [start, end)} of the slice, which share their settings.
   *
   * @param network its place among the layout's
   */
  private record Range(int start, int end, Group settings, int network) {}

  KernelOptimizer(
      KernelArithmetic arithmetic,
      OptimizerConfig config,
      ParameterLayout layout,
      int from,
      int to) {
    if (from < 0 || to < from || to > layout.size()) {
      throw new IllegalArgumentException(
          "the slice is [%s, %s) but the flat vector has %s numbers"
              .formatted(from, to, layout.size()));
    }
    this.arithmetic = arithmetic;
    this.config = config;
    this.layout = layout;
    this.from = from;
    this.to = to;
    host = config.create(layout, from, from);
    ranges = ranges(config, layout, from, to);
    steps = new long[layout.networks().size()];
    for (String name : host.moments().keySet()) {
      if (!name.equals(STEP)) {
        moments.put(name, (DeviceVector) arithmetic.vector(to - from));
      }
    }
  }

  private static List<Range> ranges(
      OptimizerConfig config, ParameterLayout layout, int from, int to) {
    Group rest = new Group(1, config.weightDecay());
    List<Range> ranges = new ArrayList<>();
    List<String> networks = layout.networks();
    for (ParameterLayout.Entry entry : layout.entries()) {
      Group settings = config.groups().getOrDefault(entry.group(), rest);
      int start = Math.max(entry.offset(), from) - from;
      int end = Math.min(entry.offset() + entry.size(), to) - from;
      int network = networks.indexOf(entry.network());
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
    return ranges;
  }

  @Override
  public void step(
      int network,
      Vector parameters,
      Vector gradient,
      double learningRate,
      double clipCoefficient) {
    DeviceVector values = arithmetic.writable(parameters);
    DeviceVector slope = arithmetic.readable(gradient);
    Check.sameSize("the vector of parameters", values.size(), "the optimizer's slice", to - from);
    Check.sameSize("the gradient", slope.size(), "the optimizer's slice", to - from);
    host.step(new float[0], new float[0], learningRate);
    steps[network]++;
    for (Range range : ranges) {
      if (range.network == network) {
        step(
            range,
            values.address(),
            slope.address(),
            (float) clipCoefficient,
            learningRate * range.settings.learningRateFactor());
      }
    }
  }

  private void step(Range range, long parameters, long gradient, float clip, double learningRate) {
    double weightDecay = range.settings.weightDecay();
    if (config instanceof Sgd sgd && sgd.momentum() == 0) {
      launch(
          Kernel.GRADIENT_DESCENT,
          range,
          parameters,
          gradient,
          range.start,
          range.end,
          clip,
          (float) learningRate,
          (float) weightDecay);
    } else if (config instanceof Sgd sgd) {
      launch(
          Kernel.MOMENTUM,
          range,
          parameters,
          gradient,
          moment("momentum_buffer"),
          range.start,
          range.end,
          clip,
          (float) learningRate,
          (float) weightDecay,
          (float) sgd.momentum(),
          // The first gradient enters whole.
          steps[range.network] == 1 ? 1f : (float) (1 - sgd.dampening()),
          flag(sgd.nesterov()));
    } else if (config instanceof RmsProp rmsProp) {
      launch(
          Kernel.RMS_PROP,
          range,
          parameters,
          gradient,
          moment("square_avg"),
          moment("grad_avg"),
          moment("momentum_buffer"),
          range.start,
          range.end,
          clip,
          (float) learningRate,
          (float) weightDecay,
          (float) rmsProp.alpha(),
          (float) (1 - rmsProp.alpha()),
          (float) rmsProp.epsilon(),
          (float) rmsProp.momentum(),
          flag(rmsProp.centered()));
    } else if (config instanceof Adam adam) {
      adam(
          range,
          parameters,
          gradient,
          clip,
          learningRate,
          new AdamSettings(adam.beta1(), adam.beta2(), adam.epsilon(), adam.amsgrad()),
          (float) weightDecay,
          1);
    } else {
      AdamW adam = (AdamW) config;
      adam(
          range,
          parameters,
          gradient,
          clip,
          learningRate,
          new AdamSettings(adam.beta1(), adam.beta2(), adam.epsilon(), adam.amsgrad()),
          0,
          (float) (1 - learningRate * weightDecay));
    }
  }

  /** What Adam and AdamW have in common. */
  private record AdamSettings(double beta1, double beta2, double epsilon, boolean amsgrad) {}

  private void adam(
      Range range,
      long parameters,
      long gradient,
      float clip,
      double learningRate,
      AdamSettings adam,
      float decay,
      float kept) {
    double step = (double) steps[range.network];
    launch(
        Kernel.ADAM,
        range,
        parameters,
        gradient,
        moment("exp_avg"),
        moment("exp_avg_sq"),
        moment("max_exp_avg_sq"),
        range.start,
        range.end,
        clip,
        (float) (learningRate / (1 - Math.pow(adam.beta1, step))),
        decay,
        kept,
        (float) (1 - adam.beta1),
        (float) adam.beta2,
        (float) (1 - adam.beta2),
        (float) adam.epsilon,
        (float) Math.sqrt(1 - Math.pow(adam.beta2, step)),
        flag(adam.amsgrad));
  }

  private void launch(Kernel kernel, Range range, Object... arguments) {
    arithmetic.launchByFours(kernel, range.end - range.start, arguments);
  }

  /** Where a moment lies; 0, which the kernels do not follow, if this optimizer has no such one. */
  private long moment(String name) {
    DeviceVector moment = moments.get(name);
    return moment == null ? 0 : moment.address();
  }

  private static int flag(boolean value) {
    return value ? 1 : 0;
  }

  @Override
  public long steps() {
    return host.steps();
  }

  @Override
  public Map<String, float[]> moments() {
    Map<String, float[]> copies = new LinkedHashMap<>();
    moments.forEach(
        (name, moment) -> {
          float[] values = new float[moment.size()];
          moment.read(0, FloatBuffer.wrap(values));
          copies.put(name, values);
        });
    if (steps.length > 1) {
      float[] each = new float[to - from];
      for (Range range : ranges) {
        Arrays.fill(each, range.start, range.end, (float) steps[range.network]);
      }
      copies.put(STEP, each);
    }
    return copies;
  }

  @Override
  public void restore(long allSteps, Map<String, float[]> saved) {
    // A whole optimizer of the core refuses what is wrong, before anything changes.
    Optimizer restored = config.create(layout, from, to);
    restored.restore(allSteps, saved);
    Arrays.setAll(steps, restored::steps);
    Map<String, float[]> empty = new LinkedHashMap<>();
    saved.forEach(
        (name, values) -> {
          DeviceVector moment = moments.get(name);
          if (moment != null) {
            moment.write(0, FloatBuffer.wrap(values));
          }
          empty.put(name, new float[0]);
        });
    host.restore(allSteps, empty);
  }

  @Override
  public void close() {
    moments.values().forEach(DeviceVector::close);
  }
}
