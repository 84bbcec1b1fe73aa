package example;

import java.nio.file.Path;
import java.util.function.Function;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.policy.Policy;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.config.TrainingConfig;

/**
 * Trains a policy by {@code dispatch.yaml} and compares it with rules of thumb on the same 300
 * episodes. The argument is the number of environment steps to train for.
 */
public final class Main {
  private static final int EPISODES = 300;

  private Main() {}

  public static void main(String[] arguments) throws Exception {
    TrainingConfig config = TrainingConfig.read(Path.of("dispatch.yaml"));
    config = config.withStop(config.stop().withEnvironmentSteps(Long.parseLong(arguments[0])));
    System.out.println("mean slowdown of a task, over " + EPISODES + " episodes");
    int[] turn = new int[1];
    print("in turn", slowdown(observation -> turn[0]++ % 4));
    print("shortest queue", slowdown(Main::leastWork));
    double earliest = slowdown(Main::earliestEnd);
    print("earliest end", earliest);
    print("fast machine for short tasks", slowdown(Main::reserve));
    try (Policy policy =
        Trainer.builder(config).environment(Dispatch::new).build().train().policy()) {
      double learnt = slowdown(observation -> (int) policy.act(observation)[0]);
      print("policy", learnt);
      if (learnt > earliest) {
        throw new AssertionError("the policy is worse than the earliest end");
      }
    }
  }

  private static void print(String name, double slowdown) {
    System.out.printf("%-30s %7.1f%n", name, slowdown);
  }

  private static int leastWork(float[] observation) {
    int least = 0;
    for (int i = 1; i < 4; i++) {
      least = observation[i] < observation[least] ? i : least;
    }
    return least;
  }

  private static int earliestEnd(float[] observation) {
    return earliest(Dispatch.ends(observation), 4);
  }

  /** Tasks of more than ten seconds stay off the fast machine, which is the last. */
  private static int reserve(float[] observation) {
    boolean isShort = observation[4] < Math.log1p(10);
    return earliest(Dispatch.ends(observation), isShort ? 4 : 3);
  }

  private static int earliest(double[] ends, int machines) {
    int earliest = 0;
    for (int i = 1; i < machines; i++) {
      earliest = ends[i] < ends[earliest] ? i : earliest;
    }
    return earliest;
  }

  private static double slowdown(Function<float[], Integer> rule) {
    try (Dispatch environment = new Dispatch()) {
      Step step = new Step(environment.observationSpace());
      float[] action = new float[1];
      double total = 0;
      for (int episode = 0; episode < EPISODES; episode++) {
        step.clear();
        environment.reset(Reset.seeded(1_000_000 + episode), step.observation);
        while (!step.terminated) {
          step.clear();
          action[0] = rule.apply(step.observation);
          environment.step(action, step);
          total -= step.reward;
        }
      }
      return total / EPISODES;
    }
  }
}
