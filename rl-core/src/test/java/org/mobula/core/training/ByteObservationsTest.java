package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.ReplayConfig;
import org.mobula.core.algorithm.a2c.A2cConfig;
import org.mobula.core.algorithm.dqn.DqnConfig;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.algorithm.pqn.PqnConfig;
import org.mobula.core.algorithm.sac.SacConfig;
import org.mobula.core.collection.ExperienceSource;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentChecker;
import org.mobula.core.environment.EnvironmentException;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.FrameStack;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.ExperienceShape;
import org.mobula.core.experience.ReplayShape.Encoding;
import org.mobula.core.experience.RowColumn;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

/** Images are kept as bytes, and what is learnt from them is the same. */
class ByteObservationsTest {
  private static final int SIDE = 5;

  private static final TrainingConfig COLLECTION =
      TrainingConfig.defaults(
          EnvironmentConfig.defaults("given in Java").withCount(2),
          PpoConfig.defaults().withSteps(40));

  /** A bright spot among random grey, which is to be followed to the left or the right. */
  private static final class Spot implements Environment {
    private final Box space;
    private final float blemish;
    private Pcg64 random = new Pcg64(0);
    private int column;
    private int steps;

    Spot(Box space, float blemish) {
      this.space = space;
      this.blemish = blemish;
    }

    @Override
    public Space observationSpace() {
      return space;
    }

    @Override
    public Space actionSpace() {
      return new Discrete(2);
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      Long seed = reset.seed();
      if (seed != null) {
        random = new Pcg64(seed);
      }
      steps = 0;
      draw(observation);
    }

    private void draw(float[] observation) {
      for (int i = 0; i < observation.length; i++) {
        observation[i] = random.nextInt(100);
      }
      column = random.nextInt(SIDE);
      observation[SIDE + column] = 255 + blemish;
    }

    @Override
    public void step(float[] action, Step step) {
      step.reward = action[0] == (column > SIDE / 2 ? 1 : 0) ? 1 : 0;
      steps++;
      step.terminated = step.reward == 0 && steps % 3 == 0;
      step.truncated = steps == 20;
      draw(step.observation);
    }
  }

  private static Environment environment(boolean bytes) {
    Box box = bytes ? Box.bytes(1, SIDE, SIDE) : Box.of(0, 255, 1, SIDE, SIDE);
    return new FrameStack(new Spot(box, 0), 3);
  }

  static Stream<AlgorithmConfig> algorithms() {
    ReplayConfig replay = ReplayConfig.defaults().withCapacity(300).withFrames(3);
    return Stream.of(
        PpoConfig.defaults().withSteps(64),
        A2cConfig.defaults(),
        PqnConfig.defaults().withSteps(16),
        DqnConfig.defaults().withWarmUpSteps(64).withReplay(replay),
        SacConfig.defaults().withMinibatchSize(16).withReplay(replay));
  }

  @ParameterizedTest
  @MethodSource("algorithms")
  void learnTheSameBits(AlgorithmConfig algorithm) {
    TrainingConfig config =
        TrainingConfig.defaults(EnvironmentConfig.defaults("given in Java").withCount(2), algorithm)
            .withNetwork(NetworkConfig.defaults().withHidden(List.of(8)))
            .withStop(StopConfig.defaults().withEnvironmentSteps(512))
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(2));
    assertThat(parameters(config, true)).isEqualTo(parameters(config, false));
  }

  private static float[] parameters(TrainingConfig config, boolean bytes) {
    try (Policy policy =
        Trainer.builder(config).environment(() -> environment(bytes)).build().train().policy()) {
      return policy.snapshot().parameters().values();
    }
  }

  private static ExperienceSource source(EnvironmentFactory factory) {
    return new ExperienceSetup(COLLECTION, ExperienceSetup.policy(COLLECTION, factory), factory)
        .inProcess();
  }

  private static PolicySnapshot snapshot(EnvironmentFactory factory) {
    PolicySpec policy = ExperienceSetup.policy(COLLECTION, factory);
    float[] parameters = policy.network().initialParameters(new Pcg64(1));
    return new PolicySnapshot(new ParameterSnapshot(0, parameters), null);
  }

  private static byte[] state(Experience experience) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    experience.writeState(new DataOutputStream(bytes));
    return bytes.toByteArray();
  }

  /** In memory, in a checkpoint, and where a worker's part is placed in the whole. */
  @Test
  void takeAQuarterOfTheMemory() throws IOException {
    EnvironmentFactory factory = () -> environment(true);
    EnvironmentFactory other = () -> environment(false);
    try (ExperienceSource bytes = source(factory);
        ExperienceSource floats = source(other)) {
      Experience small = bytes.collect(snapshot(factory), 0);
      Experience large = floats.collect(snapshot(other), 0);
      int numbers = 41 * 2 * 3 * SIDE * SIDE;
      assertThat(small.observations.allocatedBytes()).isEqualTo(numbers);
      assertThat(large.observations.allocatedBytes()).isEqualTo(4L * numbers);
      int ends = small.episodes.count();
      assertThat(ends).isGreaterThan(3).isEqualTo(large.episodes.count());
      byte[] state = state(small);
      assertThat(state(large).length - state.length)
          .isEqualTo(3 * (numbers + ends * 3 * SIDE * SIDE));

      Experience read = new Experience(small.shape, 40, 2);
      read.readState(new DataInputStream(new ByteArrayInputStream(state)));
      assertThat(state(read)).isEqualTo(state);
      Experience whole = new Experience(small.shape, 40, 4);
      whole.place(small, 0);
      whole.place(read, 2);
      for (int row = 0; row < large.rows(); row++) {
        int placed = row / 2 * 4 + 2 + row % 2;
        assertThat(row(whole.observations, placed)).isEqualTo(row(large.observations, row));
        int last = large.finalObservation(row);
        if (last >= 0) {
          assertThat(row(whole.finalObservations(), whole.finalObservation(placed)))
              .isEqualTo(row(large.finalObservations(), last));
        }
      }
    }
  }

  private static float[] row(RowColumn column, int row) {
    float[] numbers = new float[column.width()];
    column.get(row, numbers, 0);
    return numbers;
  }

  @Test
  void travelWithTheirShape() throws IOException {
    ExperienceShape shape = new ExperienceShape(75, Encoding.BYTE, 1, 0, List.of());
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    shape.write(new DataOutputStream(bytes));
    assertThat(
            ExperienceShape.read(
                new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()))))
        .isEqualTo(shape);
  }

  @Test
  void mustBeWholeNumbersFrom0To255() {
    EnvironmentFactory factory = () -> new Spot(Box.bytes(1, SIDE, SIDE), 0.5f);
    try (ExperienceSource source = source(factory)) {
      assertThatThrownBy(() -> source.collect(snapshot(factory), 0))
          .isInstanceOf(EnvironmentException.class)
          .hasMessageContaining("is 255.5 but must be a whole number from 0 to 255");
    }
    assertThat(EnvironmentChecker.check(factory))
        .anyMatch(error -> error.contains("is 255.5 but must be in [0.0, 255.0] and whole"));
  }

  @Test
  void spaceOfBytesHoldsWholeNumbers() {
    Box space = Box.bytes(2, 2);
    assertThat(space).isEqualTo(Box.of(0, 255, 2, 2)).hasToString("Box(2, 2) of bytes");
    assertThat(space.contains(new float[] {0, 1, 254, 255}, 0)).isTrue();
    assertThat(space.contains(new float[] {0, 1, 2.5f, 255}, 0)).isFalse();
    assertThat(space.contains(new float[] {0, 1, 256, 255}, 0)).isFalse();
    float[] drawn = new float[4];
    float greatest = 0;
    for (int i = 0; i < 1000; i++) {
      space.sample(new Pcg64(i), drawn, 0);
      assertThat(space.contains(drawn, 0)).isTrue();
      greatest = Math.max(greatest, drawn[0]);
    }
    assertThat(greatest).isEqualTo(255);
  }
}
