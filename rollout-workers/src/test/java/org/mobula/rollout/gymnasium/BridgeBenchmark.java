package org.mobula.rollout.gymnasium;

import java.util.List;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.VectorEnvironment;
import org.mobula.core.environment.VectorStep;
import org.mobula.core.random.Pcg64;
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
      Pcg64 random = new Pcg64(1);
      float[][] actions = new float[ACTIONS][count * space.size()];
      for (float[] each : actions) {
        for (int i = 0; i < count; i++) {
          space.sample(random, each, i * space.size());
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

  private static void run(VectorEnvironment batch, float[][] actions, VectorStep step, int steps) {
    for (int t = 0; t < steps; t++) {
      batch.step(actions[t % ACTIONS], step);
    }
  }
}
