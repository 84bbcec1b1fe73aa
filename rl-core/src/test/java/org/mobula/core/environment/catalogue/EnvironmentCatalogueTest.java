package org.mobula.core.environment.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.TimeLimit;
import org.mobula.core.environment.VectorEnvironment;
import org.mobula.core.environment.VectorEnvironmentFactory;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

class EnvironmentCatalogueTest {
  private static final EnvironmentCatalogue STANDARD = EnvironmentCatalogue.standard();

  @Test
  void knowsTheBuiltInProblems() {
    assertThat(STANDARD.names())
        .containsExactly(
            "CartPole-v1",
            "Acrobot-v1",
            "MountainCar-v0",
            "MountainCarContinuous-v0",
            "Pendulum-v1",
            "FrozenLake-v1",
            "FrozenLake8x8-v1",
            "CliffWalking-v0",
            "CliffWalking-v1",
            "Blackjack-v1",
            "Taxi-v3",
            "Taxi-v4",
            "GridWorld-v0",
            "PositionOnlyCartPole-v1",
            "TMaze-v0",
            "RepeatPrevious-v0",
            "MinAtar/Breakout-v1",
            "MinAtar/Asterix-v1",
            "MinAtar/Freeway-v1",
            "MinAtar/Seaquest-v1",
            "MinAtar/SpaceInvaders-v1",
            "LunarLander-v3",
            "LunarLanderContinuous-v3",
            "BipedalWalker-v3",
            "BipedalWalkerHardcore-v3");
    assertThat(STANDARD.describe("Pendulum-v1").maxEpisodeSteps()).isEqualTo(200);
    assertThat(STANDARD.describe("Pendulum-v1").options()).isEqualTo(Map.of("g", 10.0));
  }

  @Test
  void limitsTheEpisodes() {
    assertThat(lengthOfEpisode(Map.of())).isEqualTo(200);
    assertThat(lengthOfEpisode(Map.of("max-episode-steps", 7))).isEqualTo(7);
  }

  private static int lengthOfEpisode(Map<String, Object> options) {
    Environment environment = STANDARD.factory("Pendulum-v1", options).create();
    Step step = new Step(environment.observationSpace());
    environment.reset(Reset.seeded(1), step.observation);
    int length = 0;
    while (!step.truncated) {
      step.clear();
      environment.step(new float[] {0}, step);
      length++;
    }
    return length;
  }

  @Test
  void optionsReachThePhysics() {
    Environment floating = STANDARD.factory("Pendulum-v1", Map.of("g", 0)).create();
    Step step = new Step(floating.observationSpace());
    floating.reset(Reset.seeded(1), step.observation);
    float velocity = step.observation[2];
    floating.step(new float[] {0}, step);
    assertThat(step.observation[2]).isEqualTo(velocity);

    Environment cart =
        STANDARD.factory("CartPole-v1", Map.of("sutton-barto-reward", true)).create();
    cart.reset(Reset.seeded(1), new float[4]);
    Step cartStep = new Step(cart.observationSpace());
    double sum = 0;
    while (!cartStep.terminated) {
      cart.step(new float[] {1}, cartStep);
      sum += cartStep.reward;
    }
    assertThat(sum).isEqualTo(-1);
  }

  @Test
  void factoriesTravel() throws Exception {
    EnvironmentFactory read =
        travelled(STANDARD.factory("MountainCar-v0", Map.of("goal-velocity", 0.01)));
    assertThat(read.create()).isInstanceOf(TimeLimit.class);
    assertThat(read).hasToString("MountainCar-v0{goal-velocity=0.01} for 200 steps");
  }

  private static EnvironmentFactory travelled(EnvironmentFactory factory) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(factory);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (EnvironmentFactory) in.readObject();
    }
  }

  @Test
  void takesAUsersClassByItsName() {
    EnvironmentFactory factory = STANDARD.factory(Own.class.getName());
    assertThat(factory.create()).isInstanceOf(Own.class);
    assertThat(STANDARD.factory(Own.class.getName(), Map.of("max-episode-steps", 5)).create())
        .isInstanceOf(TimeLimit.class);
  }

  /** The innermost first, outside of the time limit; and wherever the factory travels to. */
  @Test
  void wrapsByName() throws Exception {
    EnvironmentFactory factory =
        STANDARD.factory(
            "MinAtar/Breakout-v1",
            Map.of("max-episode-steps", 9),
            List.of(
                "ClipReward",
                Map.of("MaxAndSkip", Map.of("skip", 2)),
                Map.of("FrameStack", Map.of()),
                OwnWrapper.class.getName()));
    try (Environment environment = travelled(factory).create()) {
      assertThat(environment)
          .hasToString("OwnWrapper(FrameStack(MaxAndSkip(ClipReward(TimeLimit(Breakout)))))");
      assertThat(environment.observationSpace()).isEqualTo(Box.bits(16, 10, 10));
    }
    assertThat(factory.toString())
        .endsWith(
            " for 9 steps in [ClipReward{}, MaxAndSkip{skip=2}, FrameStack{frames=4}, "
                + OwnWrapper.class.getName()
                + "{}]");
  }

  @Test
  void mistakesInWrappersAreExplained() {
    assertWrong(
        "ClipRewards", "no wrapper is called \"ClipRewards\"; did you mean \"ClipReward\"?");
    assertWrong(
        Map.of("MaxAndSkip", Map.of("skip", 2.5)),
        "MaxAndSkip: skip is 2.5 but must be a Long such as 4");
    assertWrong(
        Map.of("MaxAndSkip", 4),
        "a wrapper is {MaxAndSkip=4} but must be a name, alone or with its options, such as"
            + " {MaxAndSkip: {skip: 4}}");
    assertWrong(
        Own.class.getName(),
        "the wrapper "
            + Own.class.getName()
            + " cannot be made: it must be a class on the class path that extends"
            + " org.mobula.core.environment.EnvironmentWrapper and has a public constructor that"
            + " takes an Environment");
    assertWrong(
        Map.of(OwnWrapper.class.getName(), Map.of("a", 1)),
        OwnWrapper.class.getName() + " has no option \"a\"");
    assertThatThrownBy(
            () -> STANDARD.factory(Batches.class.getName(), Map.of(), List.of("ClipReward")))
        .hasMessage(
            Batches.class.getName()
                + ": wrappers are [ClipReward], but they take one environment each and this one"
                + " comes in batches; leave them out, and let the batch do it");
  }

  private static void assertWrong(Object wrapper, String message) {
    assertThatThrownBy(() -> STANDARD.factory("CartPole-v1", Map.of(), List.of(wrapper)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(message);
  }

  /** A user's wrapper. */
  public static final class OwnWrapper extends EnvironmentWrapper {
    /** Wraps it. */
    public OwnWrapper(Environment inner) {
      super(inner);
    }
  }

  /** A user's batches. */
  public static final class Batches implements VectorEnvironmentFactory {
    @Override
    public VectorEnvironment create(int count) {
      throw new IllegalStateException("never made");
    }
  }

  @Test
  void growsByOwnEntries() {
    EnvironmentCatalogue larger =
        STANDARD.with(
            new EnvironmentCatalogue.Entry("Own-v0", "Nothing.", 0, Map.of(), o -> new Own()));
    assertThat(larger.names()).contains("Own-v0").containsAll(STANDARD.names());
    assertThat(STANDARD.names()).doesNotContain("Own-v0");
    assertThat(larger.factory("Own-v0", Map.of()).create()).isInstanceOf(Own.class);
  }

  @Test
  void mistakesAreExplained() {
    assertThatThrownBy(() -> STANDARD.describe("CartPol-v1"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(
            "no environment is called \"CartPol-v1\"; did you mean \"CartPole-v1\"?"
                + " EnvironmentCatalogue.names() lists them: [CartPole-v1, ");
    assertThatThrownBy(() -> STANDARD.factory("CartPole-v1", Map.of("sutton-reward", true)))
        .hasMessageStartingWith("CartPole-v1 has no option \"sutton-reward\"");
    assertThatThrownBy(() -> STANDARD.factory("Pendulum-v1", Map.of("g", "high")))
        .hasMessage("Pendulum-v1: g is high but must be a Double such as 10.0");
    assertThatThrownBy(() -> STANDARD.factory("Pendulum-v1", Map.of("max-episode-steps", 0)))
        .hasMessage("Pendulum-v1: max-episode-steps is 0 but must be a whole number >= 1");
    assertThatThrownBy(() -> STANDARD.describe("com.example.Missing"))
        .hasMessage(
            "no class com.example.Missing can be loaded; is its jar or folder on the class path?");
    assertThatThrownBy(() -> STANDARD.describe("java.lang.String"))
        .hasMessage(
            "java.lang.String is no environment: it must implement"
                + " org.mobula.core.environment.Environment, or"
                + " org.mobula.core.environment.VectorEnvironmentFactory where environments come in"
                + " batches");
    assertThatThrownBy(() -> STANDARD.describe(TimeLimit.class.getName()))
        .hasMessageEndingWith("needs a public constructor without parameters");
  }

  /** A user's environment. */
  public static final class Own implements Environment {
    @Override
    public Space observationSpace() {
      return new Discrete(1);
    }

    @Override
    public Space actionSpace() {
      return new Discrete(1);
    }

    @Override
    public void reset(Reset reset, float[] observation) {}

    @Override
    public void step(float[] action, Step step) {}
  }
}
