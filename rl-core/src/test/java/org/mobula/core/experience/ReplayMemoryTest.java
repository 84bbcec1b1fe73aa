package org.mobula.core.experience;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.experience.ReplayShape.Encoding;
import org.mobula.core.random.Pcg64;
import org.mobula.core.returns.NStep;

class ReplayMemoryTest {
  private static final ReplaySampling UNIFORM = new ReplaySampling.Uniform();
  private static final ReplaySampling PRIORITIZED = new ReplaySampling.Prioritized(0.6, 1e-6);

  private static ReplayShape numbers(int capacity) {
    return new ReplayShape(capacity, 1, 1, 1, Encoding.FLOAT, 1, 0);
  }

  /** Capacity, environments, frames, steps of a window. */
  static List<int[]> settings() {
    return List.of(
        new int[] {50, 1, 1, 1},
        new int[] {50, 1, 1, 3},
        new int[] {61, 3, 1, 5},
        new int[] {64, 2, 4, 1},
        new int[] {64, 2, 4, 3},
        new int[] {6, 2, 1, 2},
        new int[] {10, 2, 4, 7});
  }

  /**
   * Episodes of random lengths, ended in either way or broken off, held against a plain list of all
   * that happened. Each observation has a number of its own, by which a drawn transition is found.
   */
  @ParameterizedTest
  @MethodSource("settings")
  void drawsWhatHappened(int[] setting) {
    for (ReplaySampling sampling : List.of(UNIFORM, PRIORITIZED)) {
      for (Encoding encoding : Encoding.values()) {
        Past past = new Past(setting, encoding, 7);
        ReplayMemory memory = new ReplayMemory(past.shape, past.window, sampling);
        for (int step = 0; step < 400; step++) {
          past.step(memory);
          if (step % 37 == 12) {
            past.check(memory);
          }
        }
      }
    }
  }

  /** What happened, and what should be drawn. */
  private static final class Past {
    private static final int MASK = 3;
    // As many as a byte can tell apart; two numbers make an observation.
    private static final int BASE = 250;

    final ReplayShape shape;
    final NStep window;
    private final Pcg64 random;
    private final int frames;
    private final List<List<Row>> lanes = new ArrayList<>();
    private final float[][] stacks;
    private int named;

    /** An observation and the transition that started there. */
    private static final class Row {
      int name;
      float[] stack = {};
      boolean[] mask = {};
      float action;
      float reward;
      boolean acted;
      boolean terminated;
      boolean truncated;
      boolean complete;
    }

    Past(int[] setting, Encoding encoding, long seed) {
      frames = setting[2];
      shape = new ReplayShape(setting[0], setting[1], 2 * frames, frames, encoding, 1, MASK);
      window = new NStep(setting[3], 0.9f);
      random = new Pcg64(seed);
      stacks = new float[setting[1]][2 * frames];
      for (int i = 0; i < setting[1]; i++) {
        lanes.add(new ArrayList<>());
      }
    }

    /** A step of each environment, as a vector environment makes it. */
    void step(ReplayMemory memory) {
      for (int lane = 0; lane < lanes.size(); lane++) {
        List<Row> rows = lanes.get(lane);
        boolean brokenOff = !rows.isEmpty() && random.nextInt(20) == 0;
        if (rows.isEmpty() || brokenOff) {
          observe(memory, lane, true);
        }
        Row row = rows.get(rows.size() - 1);
        row.action = random.nextInt(MASK);
        row.reward = random.nextInt(10);
        row.acted = true;
        int end = random.nextInt(12);
        row.terminated = end == 0;
        row.truncated = end <= 1;
        float[] actions = new float[lanes.size()];
        float[] rewards = new float[lanes.size()];
        boolean[] terminated = new boolean[lanes.size()];
        boolean[] truncated = new boolean[lanes.size()];
        actions[lane] = row.action;
        rewards[lane] = row.reward;
        terminated[lane] = row.terminated;
        truncated[lane] = row.truncated;
        memory.act(lane, actions, rewards, terminated, truncated, lane);
        row.complete = true;
        observe(memory, lane, false);
        if (end <= 1) {
          observe(memory, lane, true);
        }
      }
    }

    private void observe(ReplayMemory memory, int lane, boolean first) {
      List<Row> rows = lanes.get(lane);
      if (first && !rows.isEmpty()) {
        Row last = rows.get(rows.size() - 1);
        if (!last.acted && rows.size() > 1 && rows.get(rows.size() - 2).complete) {
          // Broken off, unless this was the last observation of an episode, which changes nothing.
          Row before = rows.get(rows.size() - 2);
          before.truncated |= !before.terminated;
        }
      }
      Row row = new Row();
      row.name = named++;
      float[] stack = stacks[lane];
      int high = row.name / BASE;
      int low = row.name % BASE;
      System.arraycopy(stack, 2, stack, 0, stack.length - 2);
      for (int frame = first ? 0 : frames - 1; frame < frames; frame++) {
        stack[2 * frame] = high;
        stack[2 * frame + 1] = low;
      }
      row.stack = stack.clone();
      row.mask = new boolean[MASK];
      for (int i = 0; i < MASK; i++) {
        row.mask[i] = random.nextBoolean();
      }
      rows.add(row);
      float[] observations = new float[lanes.size() * stack.length];
      System.arraycopy(stack, 0, observations, lane * stack.length, stack.length);
      boolean[] masks = new boolean[lanes.size() * MASK];
      System.arraycopy(row.mask, 0, masks, lane * MASK, MASK);
      memory.observe(lane, observations, lane, masks);
    }

    void check(ReplayMemory memory) {
      Set<Integer> expected = new HashSet<>();
      for (List<Row> rows : lanes) {
        int kept = shape.rows();
        // A full ring gives up as many more rows as a stack has frames beside the newest.
        int from = rows.size() + frames - 1 > kept ? rows.size() - kept + frames - 1 : 0;
        for (Row row : rows.subList(from, rows.size())) {
          if (row.complete) {
            expected.add(row.name);
          }
        }
      }
      assertThat(memory.size()).isEqualTo(expected.size());
      if (expected.isEmpty()) {
        return;
      }
      Set<Integer> drawn = new HashSet<>();
      ReplayBatch batch = new ReplayBatch(shape, 20 * shape.capacity());
      memory.sample(batch.capacity, 0.5, random, batch);
      for (int i = 0; i < batch.count(); i++) {
        if (drawn.add(name(batch, i))) {
          checkRow(batch, i);
        }
      }
      assertThat(drawn).isEqualTo(expected);
    }

    private int name(ReplayBatch batch, int i) {
      int end = (i + 1) * 2 * frames;
      return (int) (batch.observations[end - 2] * BASE + batch.observations[end - 1]);
    }

    private void checkRow(ReplayBatch batch, int i) {
      int name = name(batch, i);
      for (List<Row> rows : lanes) {
        for (int at = 0; at < rows.size(); at++) {
          if (rows.get(at).name == name) {
            checkRow(rows, at, batch, i);
            return;
          }
        }
      }
      throw new AssertionError("an observation was drawn that never was: " + name);
    }

    private void checkRow(List<Row> rows, int at, ReplayBatch batch, int i) {
      int width = 2 * frames;
      Row row = rows.get(at);
      double sum = 0;
      double discount = 1;
      int next = at;
      do {
        sum += discount * rows.get(next).reward;
        discount *= 0.9;
        next++;
      } while (next - at < window.n()
          && rows.get(next).complete
          && !rows.get(next - 1).terminated
          && !rows.get(next - 1).truncated);
      Row end = rows.get(next);
      assertThat(Arrays.copyOfRange(batch.observations, i * width, (i + 1) * width))
          .isEqualTo(row.stack);
      assertThat(batch.actions[i]).isEqualTo(row.action);
      assertThat((double) batch.rewards[i]).isCloseTo(sum, within(1e-4));
      assertThat((double) batch.discounts[i])
          .isCloseTo(rows.get(next - 1).terminated ? 0 : discount, within(1e-6));
      assertThat(Arrays.copyOfRange(batch.nextObservations, i * width, (i + 1) * width))
          .isEqualTo(end.stack);
      assertThat(Arrays.copyOfRange(batch.masks, i * MASK, (i + 1) * MASK)).isEqualTo(row.mask);
      assertThat(Arrays.copyOfRange(batch.nextMasks, i * MASK, (i + 1) * MASK)).isEqualTo(end.mask);
    }
  }

  /**
   * Two environments over three calls of two steps: an episode goes on over a call's end, one is
   * cut off, and one breaks off since its environment started anew between two calls.
   */
  @Test
  void keepsExperienceAsItComes() {
    ReplayShape shape = new ReplayShape(40, 2, 1, 1, Encoding.FLOAT, 1, 0);
    ReplayMemory memory = new ReplayMemory(shape, new NStep(3, 0.5f), UNIFORM);
    ExperienceShape width = new ExperienceShape(1, 1, 0, List.of());
    Experience experience = new Experience(width, 2, 2);
    // Environment 0 shows 1, 2, …; environment 1 shows 101, 102, …, the reward is what it shows.
    fill(experience, 1, 101);
    memory.add(experience);
    fill(experience, 3, 103);
    experience.truncated[3] = true;
    experience.observations.set(5, new float[] {201}, 0);
    experience.addFinalObservation(3, new float[] {0, 105}, 1);
    memory.add(experience);
    fill(experience, 301, 201); // and environment 0 started anew
    memory.add(experience);

    assertThat(memory.size()).isEqualTo(12);
    ReplayBatch batch = new ReplayBatch(shape, 400);
    memory.sample(400, 1, new Pcg64(1), batch);
    Map<Float, List<Float>> drawn = new TreeMap<>();
    for (int row = 0; row < 400; row++) {
      drawn.put(
          batch.observations[row],
          List.of(batch.rewards[row], batch.nextObservations[row], batch.discounts[row]));
    }
    assertThat(drawn)
        .containsOnly(
            Map.entry(1f, List.of(1 + 0.5f * 2 + 0.25f * 3, 4f, 0.125f)),
            Map.entry(2f, List.of(2 + 0.5f * 3 + 0.25f * 4, 5f, 0.125f)),
            Map.entry(3f, List.of(3 + 0.5f * 4, 5f, 0.25f)),
            Map.entry(4f, List.of(4f, 5f, 0.5f)),
            Map.entry(101f, List.of(101 + 0.5f * 102 + 0.25f * 103, 104f, 0.125f)),
            Map.entry(102f, List.of(102 + 0.5f * 103 + 0.25f * 104, 105f, 0.125f)),
            Map.entry(103f, List.of(103 + 0.5f * 104, 105f, 0.25f)),
            Map.entry(104f, List.of(104f, 105f, 0.5f)),
            Map.entry(201f, List.of(201 + 0.5f * 202, 203f, 0.25f)),
            Map.entry(202f, List.of(202f, 203f, 0.5f)),
            Map.entry(301f, List.of(301 + 0.5f * 302, 303f, 0.25f)),
            Map.entry(302f, List.of(302f, 303f, 0.5f)));
  }

  /** The targets of a transition whose episode was cut off ask what is allowed there. */
  @Test
  void keepsTheMasksOfFinalObservations() {
    ReplayShape shape = new ReplayShape(40, 2, 1, 1, Encoding.FLOAT, 1, 2);
    ReplayMemory memory = new ReplayMemory(shape, new NStep(1, 0.5f), UNIFORM);
    Experience experience = new Experience(new ExperienceShape(1, 1, 2, List.of()), 2, 2);
    fill(experience, 1, 101);
    Arrays.fill(experience.masks, true);
    experience.truncated[3] = true;
    experience.addFinalObservation(
        3, new float[] {0, 103}, 1, new boolean[] {true, true, false, true}, 2);
    memory.add(experience);

    ReplayBatch batch = new ReplayBatch(shape, 100);
    memory.sample(100, 1, new Pcg64(1), batch);
    for (int row = 0; row < 100; row++) {
      boolean cutOff = batch.observations[row] == 102;
      assertThat(batch.nextObservations[row] == 103 && cutOff).isEqualTo(cutOff);
      assertThat(batch.nextMasks[2 * row]).isEqualTo(!cutOff);
      assertThat(batch.nextMasks[2 * row + 1]).isTrue();
    }
  }

  private static void fill(Experience experience, int first, int second) {
    experience.clear();
    Arrays.fill(experience.truncated, false);
    for (int step = 0; step <= experience.steps; step++) {
      float[] both = {first + step, second + step};
      experience.observations.set(2 * step, both, 0);
      experience.observations.set(2 * step + 1, both, 1);
      if (step < experience.steps) {
        experience.rewards[2 * step] = first + step;
        experience.rewards[2 * step + 1] = second + step;
      }
    }
  }

  /** RLlib's vector: rewards 10, 0, 100 … of one episode, three steps at 0.9. */
  @Test
  void agreesWithThePublishedReturnsOfThreeSteps() {
    ReplayMemory memory = new ReplayMemory(numbers(20), new NStep(3, 0.9f), UNIFORM);
    float[] rewards = {10, 0, 100, 100, 100, 100, 100};
    memory.observe(0, new float[] {1}, 0);
    for (int i = 0; i < rewards.length; i++) {
      act(memory, rewards[i], i == rewards.length - 1, false);
      memory.observe(0, new float[] {i + 2}, 0);
    }
    float[] sums = {91, 171, 271, 271, 271, 190, 100};
    float[] next = {4, 5, 6, 7, 8, 8, 8};
    float[] discounts = {0.729f, 0.729f, 0.729f, 0.729f, 0, 0, 0};
    ReplayBatch batch = new ReplayBatch(memory.shape(), 200);
    memory.sample(200, 1, new Pcg64(1), batch);
    for (int row = 0; row < 200; row++) {
      int i = (int) batch.observations[row] - 1;
      assertThat(batch.rewards[row]).isCloseTo(sums[i], within(1e-4f));
      assertThat(batch.nextObservations[row]).isEqualTo(next[i]);
      assertThat(batch.discounts[row]).isCloseTo(discounts[i], within(1e-6f));
      assertThat(batch.weights[row]).isEqualTo(1);
    }
  }

  /** Stable-Baselines3's vectors: a reward of 1 a step, windows of three. */
  @ParameterizedTest
  @CsvSource({
    "0.98, 2, terminated, 1.98,   0",
    "0.98, 2, truncated,  1.98,   0.9604",
    "0.99, 9, truncated,  2.9701, 0.970299",
    "0.99, 1, none,       1,      0.99"
  })
  void aWindowEndsWithItsEpisode(
      float discount, int steps, String end, float sum, float discountAfter) {
    ReplayMemory memory = new ReplayMemory(numbers(50), new NStep(3, discount), UNIFORM);
    memory.observe(0, new float[] {0}, 0);
    for (int i = 1; i <= steps; i++) {
      boolean last = i == steps;
      act(memory, 1, last && end.equals("terminated"), last && end.equals("truncated"));
      memory.observe(0, new float[] {i}, 0);
    }
    if (!end.equals("none")) {
      memory.observe(0, new float[] {100}, 0);
      act(memory, 1000, false, false);
      memory.observe(0, new float[] {101}, 0);
    }
    ReplayBatch batch = new ReplayBatch(memory.shape(), 100);
    memory.sample(100, 1, new Pcg64(1), batch);
    int found = 0;
    for (int row = 0; row < 100; row++) {
      if (batch.observations[row] == 0) {
        assertThat(batch.rewards[row]).isCloseTo(sum, within(1e-5f));
        assertThat(batch.discounts[row]).isCloseTo(discountAfter, within(1e-6f));
        assertThat(batch.nextObservations[row]).isEqualTo(Math.min(3, steps));
        found++;
      }
    }
    assertThat(found).isPositive();
  }

  private static void act(
      ReplayMemory memory, float reward, boolean terminated, boolean truncated) {
    memory.act(
        0,
        new float[1],
        new float[] {reward},
        new boolean[] {terminated},
        new boolean[] {truncated},
        0);
  }

  /** Counts what the thread allocates: with priorities, episodes of 20 steps, all rows filled. */
  @Test
  void holdsAMillionTransitionsOfCartPoleInSixtyMegabytes() {
    int transitions = 1_000_000;
    int steps = 20;
    float[] observation = new float[4];
    float[] action = new float[1];
    float[] reward = {1};
    boolean[] terminated = new boolean[1];
    boolean[] truncated = new boolean[1];
    ReplayShape shape =
        new ReplayShape(transitions + transitions / steps + 1, 1, 4, 1, Encoding.FLOAT, 1, 0);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    ReplayMemory memory = new ReplayMemory(shape, new NStep(1, 0.99f), PRIORITIZED);
    for (int i = 0; i < transitions; i++) {
      if (i % steps == 0) {
        memory.observe(0, observation, 0);
      }
      terminated[0] = i % steps == steps - 1;
      memory.act(0, action, reward, terminated, truncated, 0);
      memory.observe(0, observation, 0);
    }
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    assertThat(memory.size()).isEqualTo(transitions);
    assertThat(memory.bytes()).isLessThanOrEqualTo(60_000_000);
    assertThat(memory.allocatedBytes()).isEqualTo(memory.bytes());
    assertThat(allocated).isBetween(memory.bytes(), memory.bytes() + 100_000);
  }

  @Test
  void keepsAFrameOnceAndAPixelInAByte() {
    ReplayShape shape = new ReplayShape(1000, 1, 4 * 84 * 84, 4, Encoding.BYTE, 1, 0);
    assertThat(shape.bytes(UNIFORM)).isEqualTo(1000 * (84 * 84 + 4 + 4 + 4));
    ReplayShape floats = new ReplayShape(1000, 1, 4 * 84 * 84, 1, Encoding.FLOAT, 1, 0);
    assertThat(floats.bytes(UNIFORM)).isEqualTo(1000 * (4 * 4 * 84 * 84 + 4 + 4 + 4));
  }

  @Test
  void refusesWhatDoesNotFitIntoTheHeap() {
    long heap = 3L << 30;
    ReplayShape images = new ReplayShape(1_000_000, 1, 4 * 84 * 84, 4, Encoding.BYTE, 1, 0);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> images.requireRoom(UNIFORM, heap))
        .withMessage(
            "a replay memory of 1000000 rows takes 6741 MiB (7068 bytes a row), more than the"
                + " 2765 MiB that are nine tenths of the heap: make its capacity at most 410173, or start"
                + " Java with -Xmx7490m or more");
    new ReplayShape(410_173, 1, 4 * 84 * 84, 4, Encoding.BYTE, 1, 0).requireRoom(UNIFORM, heap);
    images.requireRoom(UNIFORM, 7490L << 20);
    ReplayShape floats = new ReplayShape(1_000_000, 1, 84 * 84, 1, Encoding.FLOAT, 1, 0);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> floats.requireRoom(UNIFORM, heap))
        .withMessageContaining("keep pixels as bytes");
    ReplayShape greatest = new ReplayShape(1 << 29, 1, 84 * 84, 1, Encoding.FLOAT, 1, 0);
    assertThatIllegalArgumentException()
        .as("before anything is allocated")
        .isThrownBy(() -> new ReplayMemory(greatest, new NStep(1, 0.99f), UNIFORM))
        .withMessageContaining("make its capacity at most");
  }

  @ParameterizedTest
  @MethodSource("settings")
  void aRestoredMemoryGoesOnBitForBit(int[] setting) throws IOException {
    for (ReplaySampling sampling : List.of(UNIFORM, PRIORITIZED)) {
      for (Encoding encoding : Encoding.values()) {
        for (int steps : new int[] {1, 9, 200}) {
          Past past = new Past(setting, encoding, steps);
          ReplayMemory memory = new ReplayMemory(past.shape, past.window, sampling);
          for (int step = 0; step < steps; step++) {
            past.step(memory);
            sample(memory, step);
          }
          byte[] saved = save(memory);
          ReplayMemory restored = new ReplayMemory(past.shape, past.window, sampling);
          // What was there before is forgotten.
          Past other = new Past(setting, encoding, 3);
          for (int step = 0; step < 50; step++) {
            other.step(restored);
            sample(restored, step);
          }
          restored.readState(new DataInputStream(new ByteArrayInputStream(saved)));
          assertThat(save(restored)).isEqualTo(saved);
          assertThat(restored.size()).isEqualTo(memory.size());
          for (int step = 0; step < 100; step++) {
            next(memory, step);
            next(restored, step);
            assertSame(sample(restored, step), sample(memory, step));
          }
          assertThat(save(restored)).isEqualTo(save(memory));
        }
      }
    }
  }

  /** An episode that starts anew in each environment and goes on without an end. */
  private static void next(ReplayMemory memory, int step) {
    ReplayShape shape = memory.shape();
    int frames = shape.frames();
    for (int environment = 0; environment < shape.environments(); environment++) {
      float[] observation = new float[shape.observationSize()];
      for (int i = 0; i < observation.length; i++) {
        observation[i] = Math.max(0, step - (frames - 1 - i / 2));
      }
      boolean[] mask = {true, step % 2 == 0, false};
      if (step > 0) {
        boolean[] no = {false};
        memory.act(environment, new float[1], new float[] {step}, no, no, 0);
      }
      memory.observe(environment, observation, 0, mask);
    }
  }

  private static ReplayBatch sample(ReplayMemory memory, int seed) {
    Pcg64 random = new Pcg64(seed);
    ReplayBatch batch = new ReplayBatch(memory.shape(), 16);
    if (memory.size() > 0) {
      memory.sample(16, 0.4, random, batch);
      float[] errors = new float[16];
      for (int i = 0; i < 16; i++) {
        errors[i] = (float) random.nextGaussian();
      }
      memory.prioritize(batch, errors);
    }
    return batch;
  }

  private static void assertSame(ReplayBatch actual, ReplayBatch expected) {
    assertThat(actual.cells).isEqualTo(expected.cells);
    assertThat(actual.observations).isEqualTo(expected.observations);
    assertThat(actual.actions).isEqualTo(expected.actions);
    assertThat(actual.rewards).isEqualTo(expected.rewards);
    assertThat(actual.discounts).isEqualTo(expected.discounts);
    assertThat(actual.nextObservations).isEqualTo(expected.nextObservations);
    assertThat(actual.masks).isEqualTo(expected.masks);
    assertThat(actual.nextMasks).isEqualTo(expected.nextMasks);
    assertThat(actual.weights).isEqualTo(expected.weights);
  }

  private static byte[] save(ReplayMemory memory) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    memory.writeState(new DataOutputStream(bytes));
    return bytes.toByteArray();
  }

  @Test
  void refusesWhatAnotherMemorySavedAndHalfOfOne() throws IOException {
    ReplayMemory memory = new ReplayMemory(numbers(10), new NStep(1, 0.99f), UNIFORM);
    memory.observe(0, new float[] {1}, 0);
    act(memory, 1, false, false);
    memory.observe(0, new float[] {2}, 0);
    byte[] saved = save(memory);
    ReplayMemory larger = new ReplayMemory(numbers(11), new NStep(1, 0.99f), UNIFORM);
    assertThatThrownBy(() -> larger.readState(new DataInputStream(new ByteArrayInputStream(saved))))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("was saved with capacity=10,")
        .hasMessageContaining("restored with capacity=11,")
        .hasMessageContaining("resume with the settings of the run that saved it");
    byte[] half = Arrays.copyOf(saved, saved.length - 1);
    assertThatThrownBy(() -> memory.readState(new DataInputStream(new ByteArrayInputStream(half))))
        .isInstanceOf(EOFException.class)
        .hasMessage("a saved replay memory ends before its last transition");
  }

  /** Errors 1 … 4 with α = 0.5: probabilities √p / Σ√p, weights (least p / p)^(αβ). */
  @Test
  void drawsByPriority() {
    double exponent = 0.5;
    double epsilon = 0.01;
    ReplayMemory memory = chain(4, new ReplaySampling.Prioritized(exponent, epsilon));
    ReplayBatch batch = new ReplayBatch(memory.shape(), 20_000);
    memory.sample(batch.capacity, 0.7, new Pcg64(1), batch);
    for (double share : frequencies(batch)) {
      assertThat(share).as("never drawn yet").isCloseTo(0.25, within(2.0 / batch.capacity));
    }

    float[] errors = new float[batch.capacity];
    for (int i = 0; i < errors.length; i++) {
      errors[i] = (batch.observations[i] + 1) * (i % 2 == 0 ? 1 : -1);
    }
    memory.prioritize(batch, errors);
    memory.sample(batch.capacity, 0.7, new Pcg64(2), batch);
    double[] shares = new double[4];
    double sum = 0;
    for (int i = 0; i < 4; i++) {
      shares[i] = Math.pow(i + 1 + epsilon, exponent);
      sum += shares[i];
    }
    double[] frequencies = frequencies(batch);
    for (int i = 0; i < 4; i++) {
      // Stratified: no further from the probability than two draws.
      assertThat(frequencies[i]).isCloseTo(shares[i] / sum, within(2.0 / batch.capacity));
    }
    for (int row = 0; row < 100; row++) {
      double weight = Math.pow(shares[0] / shares[(int) batch.observations[row]], 0.7);
      assertThat((double) batch.weights[row]).isCloseTo(weight, within(1e-6));
    }

    // A new transition is as likely as the likeliest so far, 3.
    act(memory, 1, false, false);
    memory.observe(0, new float[] {5}, 0);
    memory.sample(batch.capacity, 1, new Pcg64(3), batch);
    double newest = shares[3] / (sum + shares[3]);
    assertThat(frequencies(batch)[4]).isCloseTo(newest, within(2.0 / batch.capacity));
  }

  private static double[] frequencies(ReplayBatch batch) {
    int most = 0;
    for (int row = 0; row < batch.count(); row++) {
      most = Math.max(most, (int) batch.observations[row]);
    }
    double[] shares = new double[most + 1];
    for (int row = 0; row < batch.count(); row++) {
      shares[(int) batch.observations[row]] += 1.0 / batch.count();
    }
    return shares;
  }

  private static ReplayMemory chain(int transitions, ReplaySampling sampling) {
    ReplayMemory memory = new ReplayMemory(numbers(100), new NStep(1, 0.99f), sampling);
    memory.observe(0, new float[] {0}, 0);
    for (int i = 1; i <= transitions; i++) {
      act(memory, 1, false, false);
      memory.observe(0, new float[] {i}, 0);
    }
    return memory;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void allocatesNothingOnceItIsFull(boolean prioritized) {
    ReplayShape shape = new ReplayShape(64, 2, 8, 4, Encoding.BYTE, 1, 2);
    ReplayMemory memory =
        new ReplayMemory(shape, new NStep(3, 0.99f), prioritized ? PRIORITIZED : UNIFORM);
    ReplayBatch batch = new ReplayBatch(shape, 32);
    float[] observations = new float[16];
    float[] numbers = new float[2];
    boolean[] flags = new boolean[2];
    boolean[] masks = new boolean[4];
    float[] errors = new float[32];
    Pcg64 random = new Pcg64(1);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    memory.observe(0, observations, 0, masks);
    memory.observe(1, observations, 1, masks);
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 50 && least > 0; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int step = 0; step < 100; step++) {
        for (int environment = 0; environment < 2; environment++) {
          memory.act(environment, numbers, numbers, flags, flags, environment);
          memory.observe(environment, observations, environment, masks);
        }
        memory.sample(32, 0.5, random, batch);
        memory.prioritize(batch, errors);
      }
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    assertThat(least).isZero();
  }

  @Test
  void saysWhatIsWrongWithACall() {
    ReplayMemory memory = new ReplayMemory(numbers(10), new NStep(1, 0.99f), PRIORITIZED);
    ReplayBatch batch = new ReplayBatch(memory.shape(), 1);
    assertThatIllegalStateException()
        .isThrownBy(() -> memory.sample(1, 1, new Pcg64(1), batch))
        .withMessage("the replay memory holds no transition yet");
    assertThatIllegalStateException()
        .isThrownBy(() -> act(memory, 1, false, false))
        .withMessage("environment 0 acts but no observation waits for an action; observe first");
    memory.observe(0, new float[] {1}, 0);
    act(memory, 1, false, false);
    memory.observe(0, new float[] {1}, 0);
    memory.sample(1, 1, new Pcg64(1), batch);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> memory.prioritize(batch, new float[] {Float.NaN}))
        .withMessageContaining("error of row 0 is NaN");

    ReplayShape bytes = new ReplayShape(10, 1, 2, 1, Encoding.BYTE, 1, 1);
    ReplayMemory pixels = new ReplayMemory(bytes, new NStep(1, 0.99f), UNIFORM);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> pixels.observe(0, new float[] {3, 0.5f}, 0, new boolean[1]))
        .withMessage(
            "number 1 of an observation is 0.5 but must be a whole number from 0 to 255 to be kept"
                + " as a byte; keep observations as floats");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> pixels.observe(0, new float[2], 0))
        .withMessageContaining("masked with 1 flags");

    ReplayShape stacked = new ReplayShape(10, 1, 4, 2, Encoding.FLOAT, 1, 0);
    ReplayMemory stacks = new ReplayMemory(stacked, new NStep(1, 0.99f), UNIFORM);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> stacks.observe(0, new float[] {1, 2, 1, 3}, 0))
        .withMessage(
            "number 1 of the first observation of an episode is 2.0 and not 3.0: stacks of 2 frames"
                + " must start with copies of one frame; store them with 1 frame");

    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ReplayShape(3, 2, 1, 1, Encoding.FLOAT, 1, 0))
        .withMessage("capacity is 3 rows but must be >= 4, 2 for each of the 2 environments");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ReplayShape(100, 1, 3, 2, Encoding.FLOAT, 1, 0))
        .withMessageContaining("frames must divide them");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ReplaySampling.Prioritized(1.5, 1))
        .withMessage("exponent is 1.5 but must be in [0, 1]");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ReplaySampling.Prioritized(0.5, 0))
        .withMessage("epsilon is 0.0 but must be > 0 and finite");
  }
}
