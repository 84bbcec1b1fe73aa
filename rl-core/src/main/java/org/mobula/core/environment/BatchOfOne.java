package org.mobula.core.environment;

import java.awt.Graphics2D;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.mobula.core.space.Space;

/** The only environment of a batch. What the batch starts by itself is started again by a reset. */
final class BatchOfOne implements Environment {
  private final VectorEnvironment batch;
  private final VectorStep taken;

  /** Closes the batch with itself. */
  BatchOfOne(VectorEnvironment batch) {
    this.batch = batch;
    this.taken = new VectorStep(1, batch.observationSpace());
  }

  @Override
  public Space observationSpace() {
    return batch.observationSpace();
  }

  @Override
  public Space actionSpace() {
    return batch.actionSpace();
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    batch.reset(reset, observation);
  }

  @Override
  public void step(float[] action, Step step) {
    batch.step(action, taken);
    step.reward = taken.rewards[0];
    step.terminated = taken.terminated[0];
    step.truncated = taken.truncated[0];
    float[] next = step.done() ? taken.finalObservations : taken.observations;
    System.arraycopy(next, 0, step.observation, 0, next.length);
    taken.info(0).forEach(step::putInfo);
  }

  @Override
  public boolean masksActions() {
    return batch.masksActions();
  }

  @Override
  public void actionMask(boolean[] mask) {
    batch.actionMasks(mask);
  }

  @Override
  public int lives() {
    return batch.lives(0);
  }

  @Override
  public boolean draw(Graphics2D graphics, int width, int height) {
    return batch.draw(0, graphics, width, height);
  }

  @Override
  public double secondsPerStep() {
    return batch.secondsPerStep();
  }

  @Override
  public boolean savesState() {
    return batch.savesState();
  }

  @Override
  public void writeState(DataOutput out) throws IOException {
    batch.writeState(out);
  }

  @Override
  public void readState(DataInput in) throws IOException {
    batch.readState(in);
  }

  @Override
  public void close() {
    batch.close();
  }
}
