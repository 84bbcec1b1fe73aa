package org.mobula.core.environment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInput;
import java.io.DataOutput;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.environment.classic.ContinuousMountainCar;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

class EnvironmentCheckerTest {
  /** A flawless environment for each test to break in one way. */
  private static class Flawless implements Environment {
    int count;

    @Override
    public Space observationSpace() {
      return Box.of(0, 10, 2);
    }

    @Override
    public Space actionSpace() {
      return new Discrete(3);
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      count = 0;
      observation[0] = 0;
      observation[1] = 1;
    }

    @Override
    public void step(float[] action, Step step) {
      count++;
      step.observation[0] = count;
      step.observation[1] = action[0];
      step.reward = 1;
      step.terminated = count == 10;
    }
  }

  @Test
  void findsNothingWrongWithTheFlawless() {
    assertThat(EnvironmentChecker.check(Flawless::new)).isEmpty();
    EnvironmentChecker.Report report = EnvironmentChecker.inspect(Flawless::new);
    assertThat(report.warnings())
        .containsExactly("the state is not saved: a resumed run starts a new episode");
    assertThat(EnvironmentChecker.inspect(CartPole::new))
        .isEqualTo(
            EnvironmentChecker.inspect(() -> new TimeLimit(new ContinuousMountainCar(), 999)));
  }

  @Test
  void findsEpisodesWithoutAnEnd() {
    class Continuing extends Flawless {
      private final int last;

      Continuing(int last) {
        this.last = last;
      }

      @Override
      public void step(float[] action, Step step) {
        super.step(action, step);
        step.observation[0] = Math.min(count, 10);
        step.terminated = false;
        step.truncated = count == last;
      }
    }

    String unsaved = "the state is not saved: a resumed run starts a new episode";
    EnvironmentChecker.Report report = EnvironmentChecker.inspect(() -> new Continuing(0));
    assertThat(report.warnings())
        .containsExactly(
            "an episode of random actions was neither terminated nor truncated within 100000"
                + " steps: training reports the returns of whole episodes alone, and evaluation"
                + " cuts each off at evaluation.max-episode-steps; if none ends, wrap the"
                + " environment in TimeLimit, or set evaluation.max-episode-steps to the length to"
                + " judge by",
            unsaved);
    assertThat(EnvironmentChecker.inspect(() -> new TimeLimit(new Continuing(0), 500)).warnings())
        .containsExactly(unsaved);
    assertThat(EnvironmentChecker.inspect(() -> new Continuing(100_000)).warnings())
        .as("long, but an end")
        .containsExactly(unsaved);
    assertThat(EnvironmentChecker.inspect(() -> new Continuing(100_001)).warnings()).hasSize(2);
  }

  @Test
  void findsAnEndInTheNamedEnvironments() {
    EnvironmentCatalogue catalogue = EnvironmentCatalogue.standard();
    assertThat(catalogue.names()).isNotEmpty();
    for (String name : catalogue.names()) {
      List<String> expected =
          name.startsWith("Blackjack") // a hand may be over with its first card
              ? List.of("an episode was over after its first step")
              : List.of();
      assertThat(EnvironmentChecker.inspect(catalogue.factory(name, Map.of())))
          .as(name)
          .isEqualTo(new EnvironmentChecker.Report(List.of(), expected));
    }
  }

  @Test
  void tellsAllBrokenPromisesAtOnce() {
    class Broken extends Flawless {
      @Override
      public void step(float[] action, Step step) {
        super.step(action, step);
        step.observation[0] = 11;
        step.reward = Double.NaN;
        action[0] = 0;
      }

      @Override
      public void reset(Reset reset, float[] observation) {
        count = 0;
        observation[0] = 0;
      }

      @Override
      public void close() {
        throw new IllegalStateException("stuck");
      }
    }

    assertThat(EnvironmentChecker.check(() -> new Broken()))
        .contains(
            "reset left element 1 of the observation unwritten",
            "step 1 after seed 123 observed what is not in Box(2): element 0 is 11.0 but must be"
                + " in [0.0, 10.0] (and 399 more like this)",
            "step 1 after seed 123 was rewarded with NaN (and 399 more like this)")
        .anyMatch(found -> found.contains("changed the caller's action array"))
        .anyMatch(found -> found.startsWith("close threw java.lang.IllegalStateException: stuck"));
  }

  @Test
  void findsRandomnessWithoutASeed() {
    AtomicInteger clock = new AtomicInteger();
    class Unseeded extends Flawless {
      @Override
      public void reset(Reset reset, float[] observation) {
        super.reset(reset, observation);
        observation[1] = clock.incrementAndGet() % 7;
      }
    }

    assertThat(EnvironmentChecker.check(() -> new Unseeded()))
        .contains("two resets with seed 123 give different observations");
  }

  @Test
  void findsSpacesThatChange() {
    class Growing extends Flawless {
      private int choices = 3;

      @Override
      public Space actionSpace() {
        return new Discrete(choices);
      }

      @Override
      public void reset(Reset reset, float[] observation) {
        super.reset(reset, observation);
        choices = 4;
      }
    }

    assertThat(EnvironmentChecker.check(() -> new Growing()))
        .contains("the spaces changed with a reset");
  }

  @Test
  void findsSharedState() {
    int[] shared = new int[1];
    class Shared extends Flawless {
      @Override
      public void reset(Reset reset, float[] observation) {
        super.reset(reset, observation);
        shared[0] = 0;
      }

      @Override
      public void step(float[] action, Step step) {
        super.step(action, step);
        step.observation[1] = ++shared[0] % 10;
      }
    }

    assertThat(EnvironmentChecker.check(() -> new Shared()))
        .contains("stepping another environment changes this one: do they share static state?");
  }

  /** Draws where it begins, from random numbers that a seed starts anew, but always the same. */
  private static class Deaf extends Flawless {
    private Pcg64 random = new Pcg64(0);

    @Override
    public void reset(Reset reset, float[] observation) {
      super.reset(reset, observation);
      random = reset.seed() == null ? random : new Pcg64(0);
      observation[1] = random.nextInt(10);
    }
  }

  @Test
  void findsSeedsThatDoNothing() {
    String finding =
        "seeds 123 and 456 lead to the same episodes, but episodes without a seed differ: the seed"
            + " does nothing, so that environments side by side all live through the same";
    assertThat(EnvironmentChecker.check(Deaf::new)).isEmpty();
    assertThat(EnvironmentChecker.inspect(Deaf::new).warnings()).contains(finding);
    class Hearing extends Deaf {
      @Override
      public void reset(Reset reset, float[] observation) {
        super.reset(reset, observation);
        observation[1] = reset.random(new Pcg64(count)).nextInt(10);
      }
    }

    assertThat(EnvironmentChecker.inspect(Hearing::new).warnings())
        .noneMatch(warning -> warning.contains("does nothing"));
    assertThat(EnvironmentChecker.inspect(Flawless::new).warnings())
        .as("where nothing is random no seed can do anything")
        .noneMatch(warning -> warning.contains("does nothing"));
  }

  /** As written in a hurry. */
  private static final class Counted extends Flawless {
    private static int steps;
    private static final int[] LIMITS = {10};

    @Override
    public void reset(Reset reset, float[] observation) {
      super.reset(reset, observation);
      steps = 0;
    }

    @Override
    public void step(float[] action, Step step) {
      super.step(action, step);
      steps++;
      step.observation[1] = steps % LIMITS[0];
    }
  }

  @Test
  void namesFieldsThatAllInstancesShare() {
    EnvironmentChecker.Report report =
        EnvironmentChecker.inspect(() -> new TimeLimit(new Counted(), 100));
    assertThat(report.errors())
        .contains("stepping another environment changes this one: do they share static state?");
    assertThat(report.warnings())
        .contains(
            "Counted.steps is static but not final: all environments of a process share it, those"
                + " of other threads, too")
        .noneMatch(warning -> warning.contains("LIMITS"));
  }

  @Test
  void findsWhatThrowsOrIsNull() {
    assertThat(
            EnvironmentChecker.check(
                () -> {
                  throw new IllegalStateException("no licence");
                }))
        .anyMatch(f -> f.startsWith("the factory threw java.lang.IllegalStateException: no"));
    class Crashing extends Flawless {
      @Override
      public void step(float[] action, Step step) {
        throw new UnsupportedOperationException("later");
      }
    }

    assertThat(EnvironmentChecker.check(() -> new Crashing()))
        .anyMatch(
            f -> f.startsWith("stepping threw java.lang.UnsupportedOperationException: later"));
    Environment only = new Flawless();
    assertThat(EnvironmentChecker.check(() -> only))
        .contains("the factory hands out the same environment twice; it must make new ones")
        .anyMatch(f -> f.startsWith("serializing the factory, which workers need, threw"));
  }

  @Test
  void findsStateThatIsNotSaved() {
    class Forgetful extends Flawless {
      @Override
      public boolean savesState() {
        return true;
      }

      @Override
      public void writeState(DataOutput out) {}

      @Override
      public void readState(DataInput in) {}
    }

    assertThat(EnvironmentChecker.check(() -> new Forgetful()))
        .anyMatch(f -> f.startsWith("step 1 after restoring the state differs: [4.0, "));
  }

  @Test
  void hintsAtTheOrderOfAnImagesAxes() {
    assertThat(EnvironmentChecker.inspect(() -> new Camera(84, 96, 3)).warnings())
        .contains(
            "observation space Box(84, 96, 3) looks like [height, width, channels], but"
                + " convolutions take [channels, height, width]: an environment wrapper must put"
                + " the channels first, as Box(3, 84, 96)");
    for (Camera fine :
        new Camera[] {new Camera(3, 84, 96), new Camera(4, 4, 4), new Camera(5, 4, 4)}) {
      assertThat(EnvironmentChecker.inspect(() -> fine.again()).warnings())
          .noneMatch(warning -> warning.contains("looks like"));
    }
  }

  @Test
  void warnsOfObservationsThatNoNetworkLearnsFrom() {
    class Account extends Flawless {
      @Override
      public Space observationSpace() {
        return Box.unbounded(2);
      }

      @Override
      public void step(float[] action, Step step) {
        super.step(action, step);
        step.observation[1] = -1e7f;
      }
    }

    EnvironmentChecker.Report report = EnvironmentChecker.inspect(() -> new Account());

    assertThat(report.errors()).noneMatch(error -> error.contains("1.0e+07"));
    assertThat(report.warnings())
        .contains(
            "observations reach 1.0e+07, in element 1: too large for a network to learn from as"
                + " they are; scale them in the environment, or train with normalization:"
                + " {observations: true}");
  }

  /** Black pictures. */
  private static final class Camera extends Flawless {
    private final int[] shape;

    Camera(int... shape) {
      this.shape = shape;
    }

    Camera again() {
      return new Camera(shape);
    }

    @Override
    public Space observationSpace() {
      return Box.of(0, 255, shape);
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      count = 0;
      Arrays.fill(observation, 0);
    }

    @Override
    public void step(float[] action, Step step) {
      Arrays.fill(step.observation, 0);
      step.terminated = ++count == 10;
    }
  }

  @Test
  void findsMasksWithoutAChoice() {
    class Masked extends Flawless {
      @Override
      public boolean masksActions() {
        return true;
      }

      @Override
      public void actionMask(boolean[] mask) {
        Arrays.fill(mask, false);
      }
    }

    assertThat(EnvironmentChecker.check(() -> new Masked()))
        .contains("actionMask forbids every choice while the episode goes on");
  }
}
