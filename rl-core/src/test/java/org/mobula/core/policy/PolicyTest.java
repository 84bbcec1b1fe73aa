package org.mobula.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.mobula.core.experience.NonFiniteException;
import org.mobula.core.network.Activation;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.network.djl.BlockSpec;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiBinary;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;

@Timeout(300)
class PolicyTest {
  private static final boolean[] ALL = {true, true, true};

  /** Outputs that do not depend on the observation, beside whatever a weight of 0 makes of it. */
  private static Policy constant(Space actions, boolean masked, float... outputs) {
    return constant(spec -> spec.withMasksActions(masked), actions, outputs);
  }

  private static Policy constant(UnaryOperator<PolicySpec> form, Space actions, float... outputs) {
    MlpSpec network =
        new MlpSpec(
            2,
            List.of(),
            List.of(new MlpSpec.Head("out", List.of(), outputs.length, 1)),
            Activation.TANH,
            Initialization.orthogonal());
    float[] parameters = new float[network.layout().size()];
    network.layout().entries().stream()
        .filter(entry -> entry.size() == outputs.length)
        .forEach(entry -> System.arraycopy(outputs, 0, parameters, entry.offset(), outputs.length));
    return policy(
        form.apply(new PolicySpec(Box.unbounded(2), actions, network)),
        parameters,
        NetworkEngine.AUTO);
  }

  private static Policy policy(PolicySpec spec, float[] parameters, NetworkEngine engine) {
    return new Policy(spec, new PolicySnapshot(new ParameterSnapshot(0, parameters), null), engine);
  }

  private static Policy random(Space actions, int outputs, NetworkEngine engine, long seed) {
    NetworkSpec network =
        new MlpSpec(
            2,
            List.of(8),
            List.of(new MlpSpec.Head("out", List.of(), outputs, 1)),
            Activation.TANH,
            Initialization.orthogonal());
    return policy(
        new PolicySpec(Box.unbounded(2), actions, network),
        network.initialParameters(new Pcg64(seed)),
        engine);
  }

  private static float log(double probability) {
    return (float) Math.log(probability);
  }

  @Test
  void evaluatesAChoice() {
    try (Policy policy =
        constant(new Discrete(3), false, log(0.2), log(0.5), log(0.3), /* value */ 7)) {
      ActionEvaluation evaluation = policy.evaluate(new float[2]);
      assertThat(evaluation.action()).containsExactly(1);
      assertThat(evaluation.logProbability()).isCloseTo(log(0.5), within(1e-6f));
      assertThat(evaluation.value()).isEqualTo(7);
      assertThat(evaluation.distribution())
          .containsExactly(new float[] {0.2f, 0.5f, 0.3f}, within(1e-6f));
      ActionEvaluation masked = policy.evaluate(new float[2], new boolean[] {true, false, true});
      assertThat(masked.action()).containsExactly(2);
      assertThat(masked.logProbability()).isCloseTo(log(0.6), within(1e-6f));
      assertThat(masked.distribution()).containsExactly(new float[] {0.4f, 0, 0.6f}, within(1e-6f));
    }
  }

  @Test
  void evaluatesSeveralChoicesAndBits() {
    try (Policy policy =
        constant(
            new MultiDiscrete(new int[] {2, 3}),
            false,
            log(0.9),
            log(0.1),
            log(0.25),
            log(0.25),
            log(0.5))) {
      ActionEvaluation evaluation =
          policy.evaluate(new float[2], new boolean[] {true, true, true, true, false});
      assertThat(evaluation.action()).containsExactly(0, 0);
      assertThat(evaluation.logProbability()).isCloseTo(log(0.45), within(1e-5f));
      assertThat(evaluation.value()).isNull();
      assertThat(evaluation.distribution())
          .containsExactly(new float[] {0.9f, 0.1f, 0.5f, 0.5f, 0}, within(1e-6f));
    }
    try (Policy policy = constant(new MultiBinary(2), false, log(3), log(1 / 4.0))) {
      ActionEvaluation evaluation = policy.evaluate(new float[2]);
      assertThat(evaluation.action()).containsExactly(1, 0);
      assertThat(evaluation.logProbability()).isCloseTo(log(0.75 * 0.8), within(1e-5f));
      assertThat(evaluation.distribution())
          .containsExactly(new float[] {0.75f, 0.2f}, within(1e-6f));
    }
  }

  @Test
  void evaluatesNumbers() {
    try (Policy policy = constant(Box.unbounded(2), false, 0.5f, -3, log(2), log(0.1), 1)) {
      ActionEvaluation evaluation = policy.evaluate(new float[2]);
      assertThat(evaluation.action()).containsExactly(0.5f, -3);
      assertThat(evaluation.distribution())
          .containsExactly(new float[] {0.5f, -3, 2, 0.1f}, within(1e-6f));
      assertThat(evaluation.logProbability())
          .isCloseTo(log(1 / (2 * Math.PI * 2 * 0.1)), within(1e-5f));
    }
  }

  /** Mean −0.5 and deviation 2 of a distribution that means [0, 8] by [−1, 1]. */
  @Test
  void evaluatesScaledNumbersInTheEnvironmentsUnits() {
    Box actions = Box.of(new float[] {0, 3}, new float[] {8, 3});
    try (Policy policy =
        constant(
            spec -> spec.withScaledActions(true), actions, -0.5f, 0.25f, log(2), log(0.5), 1)) {
      ActionEvaluation evaluation = policy.evaluate(new float[2]);
      assertThat(evaluation.action()).containsExactly(2, 3);
      assertThat(evaluation.distribution())
          .containsExactly(new float[] {2, 3, 8, 0}, within(1e-6f));
      // the number that has one value only counts as the distribution has it
      assertThat(evaluation.logProbability())
          .isCloseTo(log(1 / (2 * Math.PI * 8 * 0.5)), within(1e-5f));
    }
  }

  @Test
  void evaluatesManyAsOneByOne() {
    try (Policy policy = random(new Discrete(3), 4, NetworkEngine.AUTO, 1)) {
      int count = 150; // more than are computed together
      float[][] observations = new float[count][2];
      boolean[][] masks = new boolean[count][];
      Pcg64 random = new Pcg64(2);
      for (int i = 0; i < count; i++) {
        observations[i] = new float[] {random.nextFloat() * 4 - 2, random.nextFloat()};
        masks[i] = new boolean[] {i % 3 != 0, i % 3 != 1, true};
      }
      List<ActionEvaluation> many = policy.evaluate(observations, masks, null);
      assertThat(many).hasSize(count);
      for (int i = 0; i < count; i++) {
        ActionEvaluation one = policy.evaluate(observations[i], masks[i]);
        assertThat(many.get(i).action())
            .isEqualTo(one.action())
            .isEqualTo(policy.act(observations[i], masks[i]));
        assertThat(many.get(i).logProbability()).isCloseTo(one.logProbability(), within(1e-5f));
        assertThat(many.get(i).value()).isCloseTo(one.value(), within(1e-5f));
        assertThat(many.get(i).distribution()).containsExactly(one.distribution(), within(1e-5f));
      }
      assertThat(policy.evaluate(new float[0][], null, null)).isEmpty();
      assertThatIllegalArgumentException()
          .isThrownBy(() -> policy.evaluate(observations, new boolean[1][3], null))
          .withMessage("there are 1 masks but 150 observations; give one for each");
    }
  }

  @Test
  void samplesWhatItEvaluates() {
    try (Policy policy = random(new Discrete(3), 4, NetworkEngine.AUTO, 1)) {
      Pcg64 random = new Pcg64(5);
      for (int i = 0; i < 20; i++) {
        ActionEvaluation evaluation = policy.evaluate(new float[2], ALL, random);
        assertThat(evaluation.logProbability())
            .isCloseTo(log(evaluation.distribution()[(int) evaluation.action()[0]]), within(1e-5f));
      }
      assertThat(policy.evaluate(new float[2], ALL, new Pcg64(9)).action())
          .isEqualTo(policy.act(new float[2], ALL, new Pcg64(9)));
    }
  }

  @Test
  void needsTheMaskThatItWasTrainedWith() {
    try (Policy policy = constant(new Discrete(3), true, 1, 2, 3)) {
      assertThat(policy.act(new float[2], new boolean[] {true, false, false})).containsExactly(0);
      String missing =
          "the policy was trained with action masks and may choose a forbidden action without one;"
              + " give it the environment's mask of 3 flags after the observation";
      assertThatIllegalArgumentException()
          .isThrownBy(() -> policy.act(new float[2]))
          .withMessage(missing);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> policy.evaluate(new float[1][2], null, new Pcg64(1)))
          .withMessage(missing);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> policy.act(new float[2], new boolean[] {true}))
          .withMessage(
              "the mask has 1 flags but actions in Discrete(3) have 3 choices; give a flag for each");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> policy.act(new float[2], new boolean[3]))
          .withMessageStartingWith(
              "the action mask [false, false, false] allows none of the 3 choices");
      assertThat(policy.act(new float[2], ALL)).containsExactly(2); // and works on
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> constant(Box.unbounded(1), true, 1, 1))
        .withMessageContaining("have no choices that could be forbidden");
  }

  @Test
  void refusesObservationsThatAreNone() {
    try (Policy policy = constant(new Discrete(3), false, 1, 2, 3)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> policy.act(new float[3]))
          .withMessageStartingWith("the observation has 3 numbers but the policy was trained on");
      for (float wrong : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
        assertThatIllegalArgumentException()
            .isThrownBy(() -> policy.act(new float[] {Float.MAX_VALUE, wrong}))
            .withMessage(
                "element 1 of the observation is "
                    + wrong
                    + " but must be a finite number; mend the place where the observation is made");
        assertThatIllegalArgumentException()
            .isThrownBy(() -> policy.evaluate(new float[] {wrong, 1}))
            .withMessageStartingWith("element 0 of the observation is " + wrong);
      }
    }
  }

  @Test
  void answersNothingWhereLearningHasDiverged() {
    Space[] spaces = {
      new Discrete(4), new MultiDiscrete(new int[] {2, 2}), new MultiBinary(4), Box.of(-1, 1, 2)
    };
    for (Space actions : spaces) {
      for (float number : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
        for (int bad = 0; bad < 5; bad++) { // the last is the value
          float[] outputs = {1, 2, 3, 4, 5};
          outputs[bad] = number;
          try (Policy policy = constant(actions, false, outputs)) {
            String message =
                "output "
                    + bad
                    + " of the policy's network for observation 0 is "
                    + number
                    + "; learning has diverged, or the observation is far beyond those of the"
                    + " training: take an earlier checkpoint, or mend the observation";
            assertThatExceptionOfType(NonFiniteException.class)
                .isThrownBy(() -> policy.act(new float[2]))
                .withMessage(message)
                .matches(NonFiniteException::isDivergence);
            assertThatExceptionOfType(NonFiniteException.class)
                .isThrownBy(() -> policy.act(new float[2], new Pcg64(1)))
                .withMessage(message);
            assertThatExceptionOfType(NonFiniteException.class)
                .isThrownBy(() -> policy.evaluate(new float[2]))
                .withMessage(message);
          }
        }
      }
    }
  }

  @Test
  void namesTheObservationThatTheNetworkOverflowsAt() {
    try (Policy policy = random(new Discrete(3), 3, NetworkEngine.AUTO, 1)) {
      float[] parameters = policy.snapshot().parameters().values().clone();
      for (int i = 0; i < parameters.length; i++) {
        parameters[i] = Float.MAX_VALUE;
      }
      try (Policy large = policy(policy.spec(), parameters, NetworkEngine.AUTO)) {
        float[][] observations = new float[101][];
        Arrays.fill(observations, new float[] {-1, 0}); // of which nothing remains
        observations[100] = new float[] {1, 1};
        assertThat(large.evaluate(Arrays.copyOf(observations, 100), null, null)).hasSize(100);
        assertThatExceptionOfType(NonFiniteException.class)
            .isThrownBy(() -> large.evaluate(observations, null, null))
            .withMessageStartingWith("output 0 of the policy's network for observation 100 is Inf");
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = NetworkEngine.class,
      names = {"AUTO", "DJL"})
  void isClosedWhileOthersAct(NetworkEngine engine) throws InterruptedException {
    int threads = 4;
    AtomicReference<Policy> current = new AtomicReference<>(random(new Discrete(2), 2, engine, 0));
    Semaphore acts = new Semaphore(0);
    Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    AtomicBoolean stop = new AtomicBoolean();
    Runnable actor =
        () -> {
          while (!stop.get()) {
            Policy policy = Objects.requireNonNull(current.get());
            try {
              policy.act(new float[2]);
              acts.release();
            } catch (IllegalStateException e) {
              if (policy == current.get()) { // nobody closed it
                failures.add(e);
              }
            } catch (RuntimeException | Error e) {
              failures.add(e);
            }
            if (!failures.isEmpty()) {
              acts.release(1 << 20); // nobody is to wait for more
              return;
            }
          }
        };
    List<Thread> actors = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      actors.add(new Thread(actor));
    }
    actors.forEach(Thread::start);
    for (int i = 1; i <= 30; i++) {
      Policy old = Objects.requireNonNull(current.getAndSet(random(new Discrete(2), 2, engine, i)));
      old.close();
      old.close();
      assertThatIllegalStateException()
          .isThrownBy(() -> old.act(new float[2]))
          .withMessage("the policy is closed; load it again to act with it");
      acts.drainPermits();
      acts.acquire(threads);
    }
    stop.set(true);
    for (Thread thread : actors) {
      thread.join();
    }
    Objects.requireNonNull(current.get()).close();
    assertThat(failures).isEmpty();
  }

  /** Counts the networks that are made. */
  public static final class Counted implements BlockSpec.BlockSupplier {
    private static final long serialVersionUID = 1L;
    private static final AtomicInteger MADE = new AtomicInteger();

    @Override
    public Block get() {
      MADE.incrementAndGet();
      return Linear.builder().setUnits(2).build();
    }
  }

  @Test
  void keepsNoMoreWorkspacesThanThreadsAct() throws InterruptedException {
    BlockSpec network = BlockSpec.named(Counted.class.getName(), List.of(2), 2);
    PolicySpec spec = new PolicySpec(Box.unbounded(2), new Discrete(2), network);
    float[] parameters = network.initialParameters(new Pcg64(1));
    int none = Counted.MADE.get();
    try (Policy policy = policy(spec, parameters, NetworkEngine.DJL)) {
      policy.act(new float[2]);
      int first = Counted.MADE.get();
      for (int i = 0; i < 100; i++) { // one after the other
        Thread thread = new Thread(() -> policy.act(new float[2]));
        thread.start();
        thread.join();
      }
      assertThat(Counted.MADE.get()).isEqualTo(first);
      List<Thread> threads = new ArrayList<>();
      CountDownLatch done = new CountDownLatch(200);
      for (int i = 0; i < 200; i++) { // at the same time
        threads.add(
            new Thread(
                () -> {
                  policy.act(new float[2]);
                  done.countDown();
                }));
      }
      threads.forEach(Thread::start);
      done.await();
      int workspace = first - none; // so many blocks are made for one
      assertThat((Counted.MADE.get() - none) / workspace)
          .isLessThanOrEqualTo(2 * Runtime.getRuntime().availableProcessors());
    }
  }
}
