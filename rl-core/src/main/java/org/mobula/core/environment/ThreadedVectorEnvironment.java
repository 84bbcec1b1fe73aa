package org.mobula.core.environment;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.local.WorkerCrew;
import org.mobula.core.space.Space;

/**
 * Steps its environments on several threads, always the same block of them on the same thread. The
 * results are the same bits as {@link SyncVectorEnvironment}'s.
 *
 * <p>The caller's thread is one of the threads and takes the first block; the others are daemons
 * that park between steps and end with {@link #close}. One caller at a time.
 */
public final class ThreadedVectorEnvironment implements VectorEnvironment {
  private final Lanes lanes;
  private final WorkerCrew crew;

  private float[] actions = {};
  private @Nullable VectorStep step;
  private final WorkerCrew.Work stepWork = this::stepBlock;

  /**
   * Steps these environments, which must have equal spaces, and closes them in the end.
   *
   * @param threads how many threads, the caller's included; no more than environments are used
   */
  public ThreadedVectorEnvironment(
      List<? extends Environment> environments, AutoresetMode mode, int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads is " + threads + " but must be >= 1");
    }
    lanes = new Lanes(environments, mode);
    crew = new WorkerCrew("vector-environment", lanes.count(), Math.min(threads, lanes.count()));
  }

  /** Makes {@code count} environments and steps them on {@code threads} threads. */
  public ThreadedVectorEnvironment(
      EnvironmentFactory factory, int count, AutoresetMode mode, int threads) {
    this(Lanes.create(factory, count), mode, threads);
  }

  @Override
  public int count() {
    return lanes.count();
  }

  @Override
  public Space observationSpace() {
    return lanes.observationSpace();
  }

  @Override
  public Space actionSpace() {
    return lanes.actionSpace();
  }

  @Override
  public AutoresetMode autoresetMode() {
    return lanes.mode();
  }

  @Override
  public void reset(Reset reset, float[] observations) {
    lanes.requireRoom(observations);
    crew.run((from, to) -> lanes.reset(from, to, reset, null, observations));
    lanes.throwFailures();
  }

  @Override
  public void reset(Reset reset, boolean[] chosen, float[] observations) {
    lanes.requireRoom(observations);
    lanes.requireChoice(chosen);
    crew.run((from, to) -> lanes.reset(from, to, reset, chosen, observations));
    lanes.throwFailures();
  }

  @Override
  public void step(float[] actions, VectorStep step) {
    lanes.requireRoom(actions, step);
    this.actions = actions;
    this.step = step;
    crew.run(stepWork);
    lanes.throwFailures();
  }

  private void stepBlock(int from, int to) {
    VectorStep out = step;
    if (out != null) {
      lanes.step(from, to, actions, out);
    }
  }

  @Override
  public boolean masksActions() {
    return lanes.masksActions();
  }

  @Override
  public void actionMasks(boolean[] masks) {
    lanes.actionMasks(masks);
  }

  @Override
  public boolean savesState() {
    return lanes.savesState();
  }

  @Override
  public void writeState(DataOutput out) throws IOException {
    lanes.writeState(out);
  }

  @Override
  public void readState(DataInput in) throws IOException {
    lanes.readState(in);
  }

  @Override
  public void close() {
    crew.close();
    lanes.close();
  }
}
