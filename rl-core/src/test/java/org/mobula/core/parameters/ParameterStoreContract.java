package org.mobula.core.parameters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.OptimizerConfig.Adam;
import org.mobula.core.optimizer.OptimizerConfig.AdamW;
import org.mobula.core.optimizer.OptimizerConfig.Group;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;

/**
 * What every parameter store must do for one learner. Extend it, say how a store is made, and the
 * tests run.
 */
public abstract class ParameterStoreContract {
  private static final ParameterLayout LAYOUT =
      new ParameterLayout.Builder()
          .group("policy")
          .add("policy.0.weight", 70, 100)
          .add("policy.0.bias", 70)
          .group("log_std")
          .add("log_std", 3)
          .build();

  private static final OptimizerConfig PLAIN = Sgd.defaults();
  private static final OptimizerConfig ADAM =
      new AdamW(0.9, 0.999, 1e-5, 0.01, true, Map.of("log_std", new Group(0.5, 0)));

  /** A store at version 0; {@code maxGradientNorm} 0 means no limit. */
  protected abstract ParameterStore create(
      ParameterLayout layout, float[] initial, OptimizerConfig optimizer, double maxGradientNorm);

  private static float[] vector(double scale) {
    float[] values = new float[LAYOUT.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (scale * Math.sin(0.7 * i + 1));
    }
    return values;
  }

  @Test
  void startsAtVersionZeroWithACopyOfTheInitialParameters() {
    float[] initial = vector(1);
    try (ParameterStore store = create(LAYOUT, initial, PLAIN, 0)) {
      initial[0] = 99;
      assertThat(store.layout()).isEqualTo(LAYOUT);
      assertThat(store.snapshot().version()).isZero();
      assertThat(store.snapshot().values()).isEqualTo(vector(1));
    }
  }

  @Test
  void aPushIsOneStepAndOneVersion() {
    try (ParameterStore store = create(LAYOUT, new float[LAYOUT.size()], PLAIN, 0)) {
      float[] gradient = vector(1);
      double squares = 0;
      for (float value : gradient) {
        squares += (double) value * value;
      }
      assertThat(store.push(gradient, 0.5)).isCloseTo(Math.sqrt(squares), within(1e-9));
      float[] pulled = new float[LAYOUT.size()];
      assertThat(store.pull(pulled)).isEqualTo(1);
      assertThat(pulled).containsExactly(vector(-0.5), within(1e-7f));
      store.push(vector(1), 0.25);
      assertThat(store.pull(pulled)).isEqualTo(2);
      assertThat(pulled).containsExactly(vector(-0.75), within(1e-6f));
    }
  }

  /** The policy ends within a block of the norm, and the critics begin within one. */
  private static final ParameterLayout CRITIC =
      new ParameterLayout.Builder().group("q").add("0.weight", 90, 100).add("0.bias", 90).build();

  private static final ParameterLayout MODEL = LAYOUT.with("critics", CRITIC);

  private static float[] critic(double scale) {
    float[] values = new float[CRITIC.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (scale * Math.cos(0.3 * i));
    }
    return values;
  }

  private static float[] model() {
    float[] values = new float[MODEL.size()];
    System.arraycopy(vector(1), 0, values, 0, LAYOUT.size());
    System.arraycopy(critic(1), 0, values, LAYOUT.size(), CRITIC.size());
    return values;
  }

  /** Each network has the bits that it has alone: its moments, its steps and its norm. */
  @Test
  void aPushIsAStepOfItsNetworkAlone() throws Exception {
    OptimizerConfig adam = Adam.defaults();
    float[] policy = new float[LAYOUT.size()];
    float[] critics = new float[CRITIC.size()];
    try (ParameterStore store = create(MODEL, model(), adam, 0.5);
        ParameterStore other = create(MODEL, new float[MODEL.size()], adam, 0.5);
        LocalParameterStore one = new LocalParameterStore(LAYOUT, vector(1), adam, 0.5);
        LocalParameterStore two = new LocalParameterStore(CRITIC, critic(1), adam, 0.5)) {
      assertThat(store.layout()).isEqualTo(MODEL);
      for (int i = 1; i <= 4; i++) {
        assertThat(store.pushPull("critics", critic(0.1 * i), 0.01, critics))
            .isCloseTo(two.push(critic(0.1 * i), 0.01), within(1e-9));
        assertThat(critics).containsExactly(two.snapshot().values(), within(1e-6f));
        if (i % 2 == 0) {
          store.push(vector(0.1 * i), 0.02);
          one.push(vector(0.1 * i), 0.02);
        }
        store.pull(policy);
        assertThat(policy).containsExactly(one.snapshot().values(), within(1e-6f));
        assertThat(store.snapshot().values()).isEqualTo(policy);
      }
      assertThat(store.pull("critics", critics)).isEqualTo(6);
      assertThat(critics).containsExactly(two.snapshot().values(), within(1e-6f));

      StoreState saved = serialized(store.save());
      assertThat(saved.optimizerSteps()).isEqualTo(6);
      float[] steps = Objects.requireNonNull(saved.moments().get("step"));
      assertThat(steps[0]).isEqualTo(2);
      assertThat(steps[LAYOUT.size()]).isEqualTo(4);
      other.restore(saved);
      other.push("critics", critic(3), 0.01);
      store.push("critics", critic(3), 0.01);
      other.push(vector(3), 0.01);
      store.push(vector(3), 0.01);
      assertSame(other.save(), store.save());
    }
  }

  @Test
  void refusesNetworksThatAreNotThere() {
    try (ParameterStore store = create(MODEL, model(), PLAIN, 0)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> store.push("critic", critic(1), 1))
          .withMessage("no network is called critic; there are [policy, critics]");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> store.push("critics", vector(1), 1))
          .withMessage(
              "the gradient has " + LAYOUT.size() + " numbers but the layout has " + CRITIC.size());
      float[] bad = critic(1);
      bad[9000 + 3] = Float.NaN;
      assertThatExceptionOfType(ArithmeticException.class)
          .isThrownBy(() -> store.push("critics", bad, 1))
          .withMessageContaining("critics.0.bias")
          .withMessageContaining("number 3");
      assertThat(store.pull(new float[LAYOUT.size()])).isZero();
    }
  }

  @Test
  void aSnapshotIsNotTouchedByLaterSteps() {
    try (ParameterStore store = create(LAYOUT, vector(1), PLAIN, 0)) {
      ParameterSnapshot snapshot = store.snapshot();
      StoreState state = store.save();
      store.push(vector(1), 1);
      assertThat(snapshot.values()).isEqualTo(vector(1));
      assertThat(state.parameters().values()).isEqualTo(vector(1));
    }
  }

  @Test
  void clipsByTheGlobalNormAndReturnsTheNormBefore() {
    try (ParameterStore store = create(LAYOUT, new float[LAYOUT.size()], PLAIN, 0.5)) {
      double norm = store.push(vector(1), 1);
      assertThat(norm).isGreaterThan(50);
      double stepped = 0;
      for (float value : store.snapshot().values()) {
        stepped += (double) value * value;
      }
      assertThat(Math.sqrt(stepped)).isCloseTo(0.5, within(1e-6));

      float[] before = store.snapshot().values();
      float[] small = new float[LAYOUT.size()];
      small[3] = 0.25f;
      assertThat(store.push(small, 1)).isEqualTo(0.25);
      assertThat(store.snapshot().values()[3]).isEqualTo(before[3] - 0.25f);
    }
  }

  @Test
  void refusesGradientsThatAreNotFiniteAndChangesNothing() {
    try (ParameterStore store = create(LAYOUT, vector(1), ADAM, 0.5)) {
      store.push(vector(0.1), 0.01);
      StoreState before = store.save();
      float[] gradient = vector(1);
      gradient[7000 + 12] = Float.NaN;
      assertThatExceptionOfType(ArithmeticException.class)
          .isThrownBy(() -> store.push(gradient, 0.01))
          .withMessageContaining("policy.0.bias")
          .withMessageContaining("NaN")
          .withMessageContaining("number 12");
      float[] infinite = vector(1);
      infinite[LAYOUT.size() - 1] = Float.NEGATIVE_INFINITY;
      assertThatExceptionOfType(ArithmeticException.class)
          .isThrownBy(() -> store.push(infinite, 0.01))
          .withMessageContaining("log_std")
          .withMessageContaining("-Infinity");
      assertSame(store.save(), before);
    }
  }

  @Test
  void aRestoredStoreGoesOnBitForBit() throws Exception {
    try (ParameterStore store = create(LAYOUT, vector(1), ADAM, 2);
        ParameterStore other = create(LAYOUT, new float[LAYOUT.size()], ADAM, 2)) {
      for (int i = 0; i < 5; i++) {
        store.push(vector(0.1 * i), 0.01);
      }
      other.push(vector(3), 1);
      other.restore(serialized(store.save()));
      assertSame(other.save(), store.save());
      for (int i = 0; i < 5; i++) {
        assertThat(other.push(vector(0.2 * i), 0.01)).isEqualTo(store.push(vector(0.2 * i), 0.01));
      }
      assertSame(other.save(), store.save());
      assertThat(store.save().optimizerSteps()).isEqualTo(10);
      assertThat(store.snapshot().version()).isEqualTo(10);
    }
  }

  private static StoreState serialized(StoreState state)
      throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(state);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (StoreState) in.readObject();
    }
  }

  private static void assertSame(StoreState actual, StoreState expected) {
    assertThat(actual.parameters().version()).isEqualTo(expected.parameters().version());
    assertThat(actual.parameters().values()).isEqualTo(expected.parameters().values());
    assertThat(actual.optimizerSteps()).isEqualTo(expected.optimizerSteps());
    assertThat(actual.moments()).containsOnlyKeys(expected.moments().keySet());
    expected
        .moments()
        .forEach((name, values) -> assertThat(actual.moments().get(name)).isEqualTo(values));
  }

  @Test
  void refusesAStateOfAnotherNetworkOrOptimizer() {
    ParameterLayout other = new ParameterLayout.Builder().add("weight", 4).build();
    try (ParameterStore store = create(LAYOUT, vector(1), ADAM, 0);
        ParameterStore otherNetwork = create(other, new float[4], PLAIN, 0);
        ParameterStore otherOptimizer = create(LAYOUT, vector(2), PLAIN, 0)) {
      StoreState before = store.save();
      assertThatIllegalArgumentException()
          .isThrownBy(() -> store.restore(otherNetwork.save()))
          .withMessageContaining("4")
          .withMessageContaining("" + LAYOUT.size());
      assertThatIllegalArgumentException()
          .isThrownBy(() -> store.restore(otherOptimizer.save()))
          .withMessageContaining("exp_avg");
      assertSame(store.save(), before);
    }
  }

  @Test
  void refusesVectorsOfAnotherLength() {
    try (ParameterStore store = create(LAYOUT, vector(1), PLAIN, 0)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> store.push(new float[3], 1))
          .withMessageContaining("3")
          .withMessageContaining("" + LAYOUT.size());
      assertThatIllegalArgumentException().isThrownBy(() -> store.pull(new float[3]));
    }
  }

  @Test
  void pullsSeeWholeStepsWhileOthersPush() throws Exception {
    int pushes = 200;
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try (ParameterStore store = create(LAYOUT, new float[LAYOUT.size()], PLAIN, 0)) {
      List<Future<?>> done = new ArrayList<>();
      for (int thread = 0; thread < 2; thread++) {
        done.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < pushes; i++) {
                    float[] gradient = new float[LAYOUT.size()];
                    Arrays.fill(gradient, -1);
                    store.push(gradient, 1);
                  }
                }));
      }
      done.add(
          threads.submit(
              () -> {
                float[] pulled = new float[LAYOUT.size()];
                long version = 0;
                while (version < 2L * pushes) {
                  long now = store.pull(pulled);
                  assertThat(now).isGreaterThanOrEqualTo(version);
                  version = now;
                  for (float value : pulled) {
                    if (value != version) {
                      throw new AssertionError("a torn pull: " + value + " at version " + version);
                    }
                  }
                }
              }));
      for (Future<?> each : done) {
        each.get();
      }
      assertThat(store.snapshot().version()).isEqualTo(2L * pushes);
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void closesTwice() {
    ParameterStore store = create(LAYOUT, vector(1), PLAIN, 0);
    store.close();
    store.close();
  }
}
