package org.mobula.core.environment;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;
import org.mobula.core.space.Space;

/**
 * Steps its environments one after the other in the caller's thread.
 *
 * <p>When environments throw, the others still take their step; then the first of the failures is
 * thrown as an {@link EnvironmentException}. One thread at a time.
 */
public final class SyncVectorEnvironment implements VectorEnvironment {
  private final Lanes lanes;

  /** Steps these environments, which must have equal spaces, and closes them in the end. */
  public SyncVectorEnvironment(List<? extends Environment> environments, AutoresetMode mode) {
    lanes = new Lanes(environments, mode);
  }

  /** Makes {@code count} environments and steps them. */
  public SyncVectorEnvironment(EnvironmentFactory factory, int count, AutoresetMode mode) {
    this(Lanes.create(factory, count), mode);
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
    lanes.reset(0, count(), reset, null, observations);
    lanes.throwFailures();
  }

  @Override
  public void reset(Reset reset, boolean[] chosen, float[] observations) {
    lanes.requireRoom(observations);
    lanes.requireChoice(chosen);
    lanes.reset(0, count(), reset, chosen, observations);
    lanes.throwFailures();
  }

  @Override
  public void step(float[] actions, VectorStep step) {
    lanes.requireRoom(actions, step);
    lanes.step(0, count(), actions, step);
    lanes.throwFailures();
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
    lanes.close();
  }
}
