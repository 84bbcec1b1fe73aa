package org.mobula.rollout.gymnasium;

import java.util.List;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.VectorEnvironment;
import org.mobula.core.environment.VectorStep;
import org.mobula.core.space.Box;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.EnvironmentConfig;

/**
 * Steps Python's environments over the bridge for {@code .ci/bench}, which does the same in Python
 * beside it; prints microseconds a step of the batch.
 */
final class BridgeBenchmark {
  private static final int ACTIONS = 64;

  private BridgeBenchmark() {}

  /** Takes the Python, a folder of modules, the id, how many environments and how many steps. */
  public static void main(String[] arguments) {
    EnvironmentConfig config =
        EnvironmentConfig.defaults(arguments[2])
            .withPython(arguments[0])
            .withPythonPath(List.of(arguments[1]));
    int count = Integer.parseInt(arguments[3]);
    int steps = Integer.parseInt(arguments[4]);
    try (VectorEnvironment batch = PythonEnvironments.of(config).create(count)) {
      Space space = batch.actionSpace();
      float[][] actions = new float[ACTIONS][count * space.size()];
      for (int t = 0; t < ACTIONS; t++) {
        for (int i = 0; i < count * space.size(); i++) {
          actions[t][i] = action(space, t, i / space.size(), i % space.size());
        }
      }
      VectorStep step = new VectorStep(count, batch.observationSpace());
      batch.reset(Reset.seeded(1), step.observations);
      run(batch, actions, step, steps / 5); // warm
      long begin = System.nanoTime();
      run(batch, actions, step, steps);
      System.out.println((System.nanoTime() - begin) / 1e3 / steps);
    }
  }

  /** Spread over the space: those that the script in Python takes, for the same trajectories. */
  private static float action(Space space, int t, int environment, int j) {
    double product = 0.6180339887498949 * (31 * t + 7 * environment + 3 * j + 1);
    double part = product - Math.floor(product);
    return space instanceof Box box
        ? (float) (box.low(j) + part * (box.high(j) - box.low(j)))
        : (float) Math.floor(part * space.maskSize());
  }

  private static void run(VectorEnvironment batch, float[][] actions, VectorStep step, int steps) {
    for (int t = 0; t < steps; t++) {
      batch.step(actions[t % ACTIONS], step);
    }
  }
}
