package org.mobula.core.parameters;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.BlockNorm;
import org.mobula.core.optimizer.GradientClipping;
import org.mobula.core.optimizer.Optimizer;
import org.mobula.core.optimizer.OptimizerConfig;

/**
 * Parameters in this JVM's memory. Safe for several threads: pulls and pushes take turns, so a pull
 * sees whole steps only. Neither allocates.
 */
public final class LocalParameterStore implements ParameterStore {
  private final ParameterLayout layout;
  private final Map<String, Part> parts = new LinkedHashMap<>();
  private final double maxGradientNorm;
  private long version;
  private long steps;

  /** One network. */
  private static final class Part {
    final int number;
    final int from;
    final float[] values;
    final Optimizer optimizer;

    /** The blocks that hold the network's numbers, else zero; empty where it fills them. */
    final float[] blocks;

    Part(ParameterLayout layout, String network, int number, OptimizerConfig optimizer) {
      this.number = number;
      this.from = layout.from(network);
      int to = layout.to(network);
      this.values = new float[to - from];
      this.optimizer = optimizer.create(layout, from, to);
      int blocksEnd = Math.min(layout.size(), BlockNorm.blocks(to) * BlockNorm.BLOCK);
      int length = blocksEnd - (from - shift());
      this.blocks = new float[length == values.length ? 0 : length];
    }

    private int shift() {
      return from % BlockNorm.BLOCK;
    }

    /**
     * By the blocks of the whole vector, so that shards of all networks get the same bits. The
     * squares of floats cannot overflow a double, so the norm is finite if every number is.
     */
    double norm(float[] gradient) {
      if (blocks.length == 0) {
        return BlockNorm.norm(gradient, gradient.length);
      }
      System.arraycopy(gradient, 0, blocks, shift(), gradient.length);
      return BlockNorm.norm(blocks, blocks.length);
    }
  }

  /**
   * A store at version 0.
   *
   * @param initial the first parameters of all networks; copied
   * @param maxGradientNorm gradients are scaled down to this norm, network by network; 0 leaves
   *     them as they are
   */
  public LocalParameterStore(
      ParameterLayout layout, float[] initial, OptimizerConfig optimizer, double maxGradientNorm) {
    if (!(maxGradientNorm >= 0)) {
      throw new IllegalArgumentException(
          "max-gradient-norm is " + maxGradientNorm + " but must be ≥ 0, where 0 means no limit");
    }
    this.layout = layout;
    checkLength("the initial parameters have", initial);
    for (String network : layout.networks()) {
      Part part = new Part(layout, network, parts.size(), optimizer);
      System.arraycopy(initial, part.from, part.values, 0, part.values.length);
      parts.put(network, part);
    }
    this.maxGradientNorm = maxGradientNorm;
  }

  @Override
  public ParameterLayout layout() {
    return layout;
  }

  @Override
  public synchronized long pull(String network, float[] destination) {
    Part part = part(network);
    checkLength("the destination has", destination, part);
    System.arraycopy(part.values, 0, destination, 0, part.values.length);
    return version;
  }

  @Override
  public synchronized double push(String network, float[] gradient, double learningRate) {
    Part part = part(network);
    checkLength("the gradient has", gradient, part);
    double norm = part.norm(gradient);
    if (!Double.isFinite(norm)) {
      throw notFinite(gradient, part);
    }
    if (maxGradientNorm > 0) {
      GradientClipping.scale(gradient, GradientClipping.coefficient(norm, maxGradientNorm));
    }
    part.optimizer.step(
        part.number,
        part.values,
        gradient,
        1,
        learningRate,
        part.values.length,
        Optimizer.Stretches.UNHEARD);
    steps++;
    version++;
    return norm;
  }

  private Part part(String network) {
    Part part = parts.get(network);
    if (part == null) {
      throw new IllegalArgumentException(
          "no network is called " + network + "; there are " + parts.keySet());
    }
    return part;
  }

  private ArithmeticException notFinite(float[] gradient, Part part) {
    int index = 0;
    while (Float.isFinite(gradient[index])) {
      index++;
    }
    ParameterLayout.Entry entry = layout.entryAt(part.from + index);
    return new ArithmeticException(
        ("the gradient of %s (shape %s) is %s at number %s, pushed on version %s: lower the learning"
                + " rate, clip the gradient, or look for rewards and observations that are not finite")
            .formatted(
                entry.name(),
                entry.shape(),
                gradient[index],
                part.from + index - entry.offset(),
                version));
  }

  @Override
  public synchronized StoreState save() {
    float[] values = new float[layout.size()];
    Map<String, float[]> moments = new LinkedHashMap<>();
    for (Part part : parts.values()) {
      System.arraycopy(part.values, 0, values, part.from, part.values.length);
      part.optimizer
          .moments()
          .forEach(
              (name, vector) ->
                  System.arraycopy(
                      vector,
                      0,
                      moments.computeIfAbsent(name, key -> new float[values.length]),
                      part.from,
                      vector.length));
    }
    return new StoreState(new ParameterSnapshot(version, values), steps, moments);
  }

  @Override
  public synchronized void restore(StoreState state) {
    float[] values = state.parameters().values();
    checkLength("the saved state has", values);
    state.moments().forEach((name, moment) -> checkLength("the saved " + name + " has", moment));
    for (Part part : parts.values()) {
      int to = part.from + part.values.length;
      Map<String, float[]> moments = new LinkedHashMap<>();
      state
          .moments()
          .forEach((name, moment) -> moments.put(name, Arrays.copyOfRange(moment, part.from, to)));
      part.optimizer.restore(state.optimizerSteps(), moments);
      System.arraycopy(values, part.from, part.values, 0, part.values.length);
    }
    steps = state.optimizerSteps();
    version = state.parameters().version();
  }

  private void checkLength(String whatHas, float[] vector) {
    if (vector.length != layout.size()) {
      throw new IllegalArgumentException(
          "%s %s numbers but the layout has %s".formatted(whatHas, vector.length, layout.size()));
    }
  }

  private void checkLength(String whatHas, float[] vector, Part part) {
    if (vector.length != part.values.length) {
      throw new IllegalArgumentException(
          "%s %s numbers but the layout has %s"
              .formatted(whatHas, vector.length, part.values.length));
    }
  }

  /** Nothing is held that would need it. */
  @Override
  public void close() {}
}
