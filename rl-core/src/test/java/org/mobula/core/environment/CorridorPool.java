package org.mobula.core.environment;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

/**
 * Corridors as a vectorised simulator would hold them, in arrays: one way is right, the first door
 * forbids the other one, and the way out is five rooms ahead. Episodes are cut off after 12 steps.
 */
public final class CorridorPool implements VectorEnvironment {
  private static final int LENGTH = 5;
  private static final int MOST_STEPS = 12;
  private final int[] rooms;
  private final int[] steps;
  private final Pcg64[] randoms;
  private final AtomicInteger calls;

  /** Makes pools by name. */
  public static final class Factory implements VectorEnvironmentFactory {
    private static final long serialVersionUID = 1L;

    @Override
    public VectorEnvironment create(int count) {
      return new CorridorPool(count, new AtomicInteger());
    }
  }

  /** Counts the calls by which all corridors step. */
  public CorridorPool(int count, AtomicInteger calls) {
    rooms = new int[count];
    steps = new int[count];
    randoms = new Pcg64[count];
    Arrays.setAll(randoms, i -> new Pcg64(i));
    this.calls = calls;
  }

  @Override
  public int count() {
    return rooms.length;
  }

  @Override
  public Space observationSpace() {
    return Box.of(0, LENGTH, 1);
  }

  @Override
  public Space actionSpace() {
    return new Discrete(2);
  }

  @Override
  public void reset(Reset reset, float[] observations) {
    boolean[] all = new boolean[count()];
    Arrays.fill(all, true);
    reset(reset, all, observations);
  }

  @Override
  public void reset(Reset reset, boolean[] chosen, float[] observations) {
    for (int i = 0; i < count(); i++) {
      if (chosen[i]) {
        Long seed = reset.seed();
        randoms[i] = seed == null ? randoms[i] : new Pcg64(seed + i);
        begin(i, observations);
      }
    }
  }

  private void begin(int i, float[] observations) {
    steps[i] = 0;
    rooms[i] = randoms[i].nextInt(2);
    observations[i] = rooms[i];
  }

  @Override
  public void step(float[] actions, VectorStep step) {
    calls.incrementAndGet();
    for (int i = 0; i < count(); i++) {
      if (rooms[i] == 0 && actions[i] == 0) {
        throw blame(i, false, new IllegalStateException("there is a wall"));
      }
      rooms[i] += actions[i] == 1 ? 1 : -1;
      steps[i]++;
      step.terminated[i] = rooms[i] == LENGTH;
      step.truncated[i] = !step.terminated[i] && steps[i] == MOST_STEPS;
      step.rewards[i] = step.terminated[i] ? 1 : -0.1f;
      step.observations[i] = rooms[i];
      if (step.terminated[i] || step.truncated[i]) {
        step.finalObservations[i] = rooms[i];
        if (step.finalMasks.length > 0) {
          mask(i, step.finalMasks);
        }
        begin(i, step.observations);
      }
    }
  }

  @Override
  public EnvironmentException blame(int environment, boolean lastEpisode, Throwable cause) {
    return new EnvironmentException(environment, "Corridor", null, 1, steps[environment], cause);
  }

  @Override
  public boolean masksActions() {
    return true;
  }

  @Override
  public void actionMasks(boolean[] masks) {
    for (int i = 0; i < count(); i++) {
      mask(i, masks);
    }
  }

  private void mask(int i, boolean[] masks) {
    masks[2 * i] = rooms[i] > 0;
    masks[2 * i + 1] = true;
  }

  @Override
  public boolean savesState() {
    return true;
  }

  @Override
  public void writeState(DataOutput out) throws IOException {
    for (int i = 0; i < count(); i++) {
      out.writeInt(rooms[i]);
      out.writeInt(steps[i]);
      randoms[i].writeState(out);
    }
  }

  @Override
  public void readState(DataInput in) throws IOException {
    for (int i = 0; i < count(); i++) {
      rooms[i] = in.readInt();
      steps[i] = in.readInt();
      randoms[i].readState(in);
    }
  }

  @Override
  public void close() {}
}
