package org.mobula.core.experience;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;
import org.mobula.core.experience.ReplayShape.Encoding;
import org.mobula.core.random.Pcg64;
import org.mobula.core.returns.NStep;

/**
 * Transitions of the past, from which off-policy algorithms learn again and again: a storage, a
 * sampling, and the returns over n steps that are put together when a transition is drawn. The
 * oldest are forgotten when it is full.
 *
 * <p>It is told what happened in the order in which it happened, environment by environment:
 *
 * <pre>{@code
 * memory.observe(environment, observations, row, masks);     // an episode starts
 * memory.act(environment, actions, rewards, terminated, truncated, row);
 * memory.observe(environment, nextObservations, row, masks); // the final one where it ended
 * }</pre>
 *
 * <p>After an episode's final observation the next one starts another. An observation where an
 * action was due starts another episode, too: the former was broken off (its worker was lost, say),
 * and counts as truncated where it was. Windows of n steps never reach into another episode.
 *
 * <p>The same calls and random numbers give the same bits, also of a memory that was saved and
 * restored in between. Once it is full, nothing is allocated. One thread at a time.
 */
public final class ReplayMemory {
  private static final int BUFFER = 1 << 16;
  private static final boolean[] NO_MASKS = {};

  private final ReplayShape shape;
  private final NStep window;
  private final ReplaySampling sampling;
  private final ReplayLane[] lanes;
  private final int rows;
  private final RowColumn given;
  private int transitions;

  // Of prioritised sampling; a tree of one weight where it is uniform.
  private final boolean prioritized;
  private final double exponent;
  private final double epsilon;
  private final SumTree priorities;
  private double greatestPriority = 1;

  /**
   * An empty memory. Observations take up heap as they come; everything is checked now.
   *
   * @param window n and γ of the returns
   * @throws IllegalArgumentException if it would not fit into the heap
   */
  public ReplayMemory(ReplayShape shape, NStep window, ReplaySampling sampling) {
    shape.requireRoom(sampling, Runtime.getRuntime().maxMemory());
    this.shape = shape;
    this.window = window;
    this.sampling = sampling;
    rows = shape.rows();
    given = new RowColumn(1, shape.observationSize(), Encoding.FLOAT);
    lanes = new ReplayLane[shape.environments()];
    Arrays.setAll(lanes, i -> new ReplayLane(shape));
    if (sampling instanceof ReplaySampling.Prioritized settings) {
      prioritized = true;
      exponent = settings.exponent();
      epsilon = settings.epsilon();
      priorities = new SumTree(shape.cells());
    } else {
      prioritized = false;
      exponent = 0;
      epsilon = 0;
      priorities = new SumTree(1);
    }
  }

  /** Its dimensions. */
  public ReplayShape shape() {
    return shape;
  }

  /** Transitions that can be drawn now. */
  public int size() {
    return transitions;
  }

  /** Bytes of the heap that it takes when full. */
  public long bytes() {
    return shape.bytes(sampling);
  }

  /** Bytes of its arrays as they are now. */
  long allocatedBytes() {
    long sum = sampling.bytes(shape.cells());
    for (ReplayLane lane : lanes) {
      sum += lane.allocatedBytes();
    }
    return sum;
  }

  /** {@link #observe(int, float[], int, boolean[])} where actions are not masked. */
  public void observe(int environment, float[] observations, int row) {
    if (shape.maskSize() > 0) {
      throw new IllegalArgumentException(
          "actions are masked with " + shape.maskSize() + " flags but an observation came without");
    }
    observe(environment, observations, row, NO_MASKS);
  }

  /**
   * An environment shows an observation: the first of an episode, the one that the last action led
   * to, or the final one.
   *
   * @param observations {@code [rows][observation]}
   * @param row that is read
   * @param masks {@code [rows][mask]}: what is allowed then; not read beyond the mask's size
   * @throws IllegalArgumentException if a number cannot be kept as a byte, or the first stack of an
   *     episode is not of one frame
   */
  public void observe(int environment, float[] observations, int row, boolean[] masks) {
    given.set(0, observations, row * shape.observationSize());
    observe(environment, given, 0, masks, row * shape.maskSize());
  }

  private void observe(
      int environment, RowColumn observations, int row, boolean[] masks, int maskOffset) {
    ReplayLane lane = lanes[environment];
    int lost = lane.lostNext();
    boolean loses = lost >= 0 && lane.isComplete(lost);
    int former = lane.newest();
    lane.observe(observations, row, masks, maskOffset);
    if (loses) {
      transitions--;
      weigh(environment, lost, 0);
    }
    if (former >= 0 && lane.isComplete(former)) {
      transitions++;
      weigh(environment, former, greatestPriority);
    }
  }

  /**
   * The action that answered the last observation of an environment, and what came of it.
   *
   * @param actions {@code [rows][action]}
   * @param rewards {@code [rows]}
   * @param terminated {@code [rows]}: the episode came to an end of its own
   * @param truncated {@code [rows]}: it was cut off
   * @param row that is read
   * @throws IllegalStateException if no observation waits for an action
   */
  public void act(
      int environment,
      float[] actions,
      float[] rewards,
      boolean[] terminated,
      boolean[] truncated,
      int row) {
    ReplayLane lane = lanes[environment];
    if (!lane.waitsForAction()) {
      throw new IllegalStateException(
          "environment "
              + environment
              + " acts but no observation waits for an action; observe first");
    }
    lane.act(actions, row * shape.actionSize(), rewards[row], terminated[row], truncated[row]);
  }

  private void observe(int environment, Experience experience, int row) {
    observe(environment, experience.observations, row, experience.masks, row * shape.maskSize());
  }

  /**
   * Keeps all of this experience, which continues that of the calls before. Where it does not,
   * since an environment started anew in between, the episode there was broken off.
   */
  public void add(Experience experience) {
    int environments = experience.environments;
    for (int step = 0; step < experience.steps; step++) {
      for (int environment = 0; environment < environments; environment++) {
        int row = step * environments + environment;
        if (!lanes[environment].waitsFor(experience.observations, row)) {
          observe(environment, experience, row);
        }
        act(
            environment,
            experience.actions,
            experience.rewards,
            experience.terminated,
            experience.truncated,
            row);
        int last = experience.finalObservation(row);
        if (last >= 0) {
          observe(
              environment,
              experience.finalObservations(),
              last,
              experience.finalMasks(),
              experience.finalMask(row));
        }
        observe(environment, experience, row + environments);
      }
    }
  }

  private void weigh(int environment, int row, double weight) {
    if (prioritized) {
      priorities.set(environment * rows + row, weight);
    }
  }

  /**
   * Draws transitions, each independently of the others.
   *
   * @param count rows of the minibatch to fill
   * @param importanceExponent β: 0 leaves the weights 1, and 1 makes up for the sampling; of no
   *     account where it is uniform
   * @throws IllegalStateException if there is none
   */
  public void sample(int count, double importanceExponent, Pcg64 random, ReplayBatch batch) {
    Objects.checkFromIndexSize(0, count, batch.capacity);
    if (transitions == 0) {
      throw new IllegalStateException("the replay memory holds no transition yet");
    }
    batch.count = count;
    if (prioritized) {
      drawPrioritized(count, importanceExponent, random, batch);
    } else {
      for (int i = 0; i < count; i++) {
        batch.cells[i] = drawUniform(random);
        batch.weights[i] = 1;
      }
    }
    for (int i = 0; i < count; i++) {
      int cell = batch.cells[i];
      lanes[cell / rows].copy(cell % rows, window, batch, i);
    }
  }

  /** Draws cells until one holds a transition: few do not. */
  private int drawUniform(Pcg64 random) {
    int most = 0;
    for (ReplayLane lane : lanes) {
      most = Math.max(most, lane.used());
    }
    while (true) {
      int lane = lanes.length == 1 ? 0 : random.nextInt(lanes.length);
      int row = random.nextInt(most);
      if (lanes[lane].isComplete(row)) {
        return lane * rows + row;
      }
    }
  }

  private void drawPrioritized(
      int count, double importanceExponent, Pcg64 random, ReplayBatch batch) {
    double total = priorities.total();
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      batch.cells[i] = priorities.find(total * ((i + random.nextDouble()) / count));
      least = Math.min(least, priorities.get(batch.cells[i]));
    }
    // (N·P)^−β over the greatest of them: N and the sum cancel.
    for (int i = 0; i < count; i++) {
      double share = least / priorities.get(batch.cells[i]);
      batch.weights[i] = (float) Math.pow(share, importanceExponent);
    }
  }

  /**
   * Reports how large the errors of a minibatch were, before the memory changes again. Where a
   * transition is in it twice, its last error counts; where sampling is uniform, none does.
   *
   * @param errors temporal-difference errors of its rows, of any sign
   * @throws IllegalArgumentException if one is NaN or infinite
   */
  public void prioritize(ReplayBatch batch, float[] errors) {
    if (!prioritized) {
      return;
    }
    for (int i = 0; i < batch.count; i++) {
      if (!Float.isFinite(errors[i])) {
        throw new IllegalArgumentException(
            "the temporal-difference error of row "
                + i
                + " is "
                + errors[i]
                + ", so it has no"
                + " priority; the values of the network are not finite");
      }
      int cell = batch.cells[i];
      if (lanes[cell / rows].isComplete(cell % rows)) {
        double weight = Math.pow(Math.abs(errors[i]) + epsilon, exponent);
        greatestPriority = Math.max(greatestPriority, weight);
        priorities.set(cell, weight);
      }
    }
  }

  /** Writes what is stored, by and by: nothing is held twice. */
  public void writeState(DataOutput out) throws IOException {
    byte[] buffer = new byte[BUFFER];
    out.writeUTF(identity());
    out.writeInt(transitions);
    for (ReplayLane lane : lanes) {
      lane.writeState(out, buffer);
    }
    if (prioritized) {
      out.writeDouble(greatestPriority);
      for (int lane = 0; lane < lanes.length; lane++) {
        for (int row = 0; row < lanes[lane].used(); row++) {
          out.writeDouble(priorities.get(lane * rows + row));
        }
      }
    }
  }

  /**
   * Reads what {@link #writeState} wrote, in place of what is there.
   *
   * @throws IOException if it is of a memory of other dimensions, or ends too early; then this
   *     memory is of no use
   */
  public void readState(DataInput in) throws IOException {
    String saved = in.readUTF();
    if (!saved.equals(identity())) {
      throw new IOException(
          "the replay memory was saved with %s but is to be restored with %s: resume with the settings of the run that saved it"
              .formatted(settings(saved), settings(identity())));
    }
    byte[] buffer = new byte[BUFFER];
    try {
      transitions = in.readInt();
      for (ReplayLane lane : lanes) {
        lane.readState(in, buffer);
      }
      if (prioritized) {
        greatestPriority = in.readDouble();
        for (int lane = 0; lane < lanes.length; lane++) {
          for (int row = 0; row < rows; row++) {
            priorities.setLater(lane * rows + row, row < lanes[lane].used() ? in.readDouble() : 0);
          }
        }
        priorities.rebuild();
      }
    } catch (EOFException e) {
      throw new EOFException("a saved replay memory ends before its last transition");
    }
  }

  /** Of an identity, for who reads of it. */
  private static String settings(String identity) {
    return identity.replaceFirst("^\\w+\\[(.*)]", "$1");
  }

  private String identity() {
    return shape + " with " + (prioritized ? "priorities" : "uniform sampling");
  }
}
