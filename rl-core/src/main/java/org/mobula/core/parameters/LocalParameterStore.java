package org.mobula.core.parameters;

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
  private final float[] values;
  private final Optimizer optimizer;
  private final double maxGradientNorm;
  private long version;

  /**
   * A store at version 0.
   *
   * @param initial the first parameters; copied
   * @param maxGradientNorm gradients are scaled down to this global norm; 0 leaves them as they are
   */
  public LocalParameterStore(
      ParameterLayout layout, float[] initial, OptimizerConfig optimizer, double maxGradientNorm) {
    if (!(maxGradientNorm >= 0)) {
      throw new IllegalArgumentException(
          "max-gradient-norm is " + maxGradientNorm + " but must be ≥ 0, where 0 means no limit");
    }
    this.layout = layout;
    checkLength("the initial parameters have", initial);
    this.values = initial.clone();
    this.optimizer = optimizer.create(layout);
    this.maxGradientNorm = maxGradientNorm;
  }

  @Override
  public ParameterLayout layout() {
    return layout;
  }

  @Override
  public synchronized long pull(float[] destination) {
    checkLength("the destination has", destination);
    System.arraycopy(values, 0, destination, 0, values.length);
    return version;
  }

  @Override
  public synchronized double push(float[] gradient, double learningRate) {
    checkLength("the gradient has", gradient);
    // The squares of floats cannot overflow a double, so the norm is finite if every number is.
    double norm = BlockNorm.norm(gradient, gradient.length);
    if (!Double.isFinite(norm)) {
      throw notFinite(gradient);
    }
    if (maxGradientNorm > 0) {
      GradientClipping.scale(gradient, GradientClipping.coefficient(norm, maxGradientNorm));
    }
    optimizer.step(values, gradient, learningRate);
    version++;
    return norm;
  }

  private ArithmeticException notFinite(float[] gradient) {
    int index = 0;
    while (Float.isFinite(gradient[index])) {
      index++;
    }
    ParameterLayout.Entry entry = layout.entryAt(index);
    return new ArithmeticException(
        ("the gradient of %s (shape %s) is %s at number %s, pushed on version %s: lower the learning"
                + " rate, clip the gradient, or look for rewards and observations that are not finite")
            .formatted(
                entry.name(), entry.shape(), gradient[index], index - entry.offset(), version));
  }

  @Override
  public synchronized StoreState save() {
    Map<String, float[]> moments = new LinkedHashMap<>();
    optimizer.moments().forEach((name, vector) -> moments.put(name, vector.clone()));
    return new StoreState(
        new ParameterSnapshot(version, values.clone()), optimizer.steps(), moments);
  }

  @Override
  public synchronized void restore(StoreState state) {
    checkLength("the saved state has", state.parameters().values());
    optimizer.restore(state.optimizerSteps(), state.moments());
    System.arraycopy(state.parameters().values(), 0, values, 0, values.length);
    version = state.parameters().version();
  }

  private void checkLength(String whatHas, float[] vector) {
    if (vector.length != layout.size()) {
      throw new IllegalArgumentException(
          "%s %s numbers but the layout has %s".formatted(whatHas, vector.length, layout.size()));
    }
  }

  /** Nothing is held that would need it. */
  @Override
  public void close() {}
}
