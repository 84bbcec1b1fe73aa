package consumer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.mobula.core.Mobula;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.TimeLimit;
import org.mobula.core.network.Activation;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.Policy;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

/** Trains on the Vector API alone, and hears what to add where PyTorch is needed. */
public final class Main {
  /** Ten steps to the door on the right. */
  static final class Corridor implements Environment {
    private int room;

    @Override
    public Space observationSpace() {
      return Box.of(0, 9, 1);
    }

    @Override
    public Space actionSpace() {
      return new Discrete(2);
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      room = 0;
      observation[0] = room;
    }

    @Override
    public void step(float[] action, Step step) {
      room = Math.max(0, room + (action[0] == 1 ? 1 : -1));
      step.observation[0] = room;
      step.terminated = room == 9;
      step.reward = step.terminated ? 1 : -0.1;
    }
  }

  public static void main(String[] arguments) throws Exception {
    expect("nothing", Mobula.loadVectorApi().orElse("nothing"));
    EnvironmentFactory corridor = () -> new TimeLimit(new Corridor(), 100);
    TrainingConfig config =
        TrainingConfig.defaults(
                EnvironmentConfig.defaults("Corridor").withCount(8),
                PpoConfig.defaults().withSteps(128))
            .withStop(StopConfig.defaults().withEnvironmentSteps(20_000));
    Path run = Files.createTempDirectory("consumer").resolve("run");
    Trainer.builder(config).environment(corridor).directory(run).build().train().policy().close();
    try (Policy policy = Policy.load(run)) {
      expect(1f, policy.act(new float[] {0})[0]);
    }
    try {
      NetworkEngine.DJL
          .create(
              new MlpSpec(
                  1,
                  List.of(3),
                  List.of(new MlpSpec.Head("out", List.of(), 1, 1)),
                  Activation.TANH,
                  Initialization.orthogonal()))
          .close();
      throw new AssertionError("PyTorch is here");
    } catch (IllegalStateException e) {
      expect(true, e.getMessage().contains("pytorch-native-cpu"));
    }
    System.out.println("train: passed");
  }

  private static void expect(Object expected, Object found) {
    if (!expected.equals(found)) {
      throw new AssertionError("expected " + expected + ", found " + found);
    }
  }
}
