package org.mobula.core.environment.box2d;

import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;

/**
 * Steps an environment on one thread for {@code .ci/bench}, which has Gymnasium do the same; prints
 * microseconds a step, resets and the choice of actions among them.
 */
final class Box2dBenchmark {
  private Box2dBenchmark() {}

  /** Takes the environment's name, a policy of {@link FixedPolicy} and the number of steps. */
  public static void main(String[] arguments) {
    int steps = Integer.parseInt(arguments[2]);
    try (Environment environment = EnvironmentCatalogue.standard().factory(arguments[0]).create()) {
      FixedPolicy policy =
          FixedPolicy.of(
              arguments[1], arguments[0], environment.actionSpace(), new float[] {2, 0, 0, 0}, 1);
      run(environment, policy, steps / 5); // warm
      long begin = System.nanoTime();
      run(environment, policy, steps);
      System.out.println((System.nanoTime() - begin) / 1e3 / steps);
    }
  }

  private static void run(Environment environment, FixedPolicy policy, int steps) {
    Step step = new Step(environment.observationSpace());
    float[] action = new float[environment.actionSpace().size()];
    environment.reset(Reset.seeded(1), step.observation);
    for (int i = 0; i < steps; i++) {
      policy.act(step.observation, action);
      step.clear();
      environment.step(action, step);
      if (step.done()) {
        environment.reset(Reset.unseeded(), step.observation);
      }
    }
  }
}
