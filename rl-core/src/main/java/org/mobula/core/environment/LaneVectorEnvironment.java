package org.mobula.core.environment;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.parallel.WorkerCrew;
import org.mobula.core.space.Space;

/** All that the vector environments have in common: they differ in who does the work. */
abstract class LaneVectorEnvironment implements VectorEnvironment {
  private final Lanes lanes;

  // The step in hand; its work is made once, so that stepping allocates nothing.
  private float[] actions = {};
  private @Nullable VectorStep step;
  private final WorkerCrew.Work stepWork = this::stepRange;

  LaneVectorEnvironment(List<? extends Environment> environments, AutoresetMode mode) {
    lanes = new Lanes(environments, mode);
  }

  /** Does the work on all environments, and returns when it is done. */
  abstract void run(WorkerCrew.Work work);

  @Override
  public final int count() {
    return lanes.count();
  }

  @Override
  public final Space observationSpace() {
    return lanes.observationSpace();
  }

  @Override
  public final Space actionSpace() {
    return lanes.actionSpace();
  }

  @Override
  public final AutoresetMode autoresetMode() {
    return lanes.mode();
  }

  @Override
  public final void reset(Reset reset, float[] observations) {
    lanes.requireRoom(observations);
    run((from, to) -> lanes.reset(from, to, reset, null, observations));
    lanes.throwFailures();
  }

  @Override
  public final void reset(Reset reset, boolean[] chosen, float[] observations) {
    lanes.requireRoom(observations);
    lanes.requireChoice(chosen);
    run((from, to) -> lanes.reset(from, to, reset, chosen, observations));
    lanes.throwFailures();
  }

  @Override
  public final void resetOptions(Map<String, Object> options) {
    lanes.resetOptions(options);
  }

  @Override
  public final void step(float[] actions, VectorStep step) {
    lanes.requireRoom(actions, step);
    this.actions = actions;
    this.step = step;
    run(stepWork);
    lanes.throwFailures();
  }

  private void stepRange(int from, int to) {
    VectorStep out = step;
    if (out != null) {
      lanes.step(from, to, actions, out);
    }
  }

  @Override
  public final EnvironmentException blame(int environment, boolean lastEpisode, Throwable cause) {
    return lanes.blame(environment, lastEpisode, cause);
  }

  @Override
  public final List<StepInProgress> inProgress() {
    return lanes.inProgress();
  }

  @Override
  public final boolean masksActions() {
    return lanes.masksActions();
  }

  @Override
  public final void actionMasks(boolean[] masks) {
    lanes.actionMasks(masks);
  }

  @Override
  public final int lives(int environment) {
    return lanes.lives(environment);
  }

  @Override
  public final boolean savesState() {
    return lanes.savesState();
  }

  @Override
  public final void writeState(DataOutput out) throws IOException {
    lanes.writeState(out);
  }

  @Override
  public final void readState(DataInput in) throws IOException {
    lanes.readState(in);
  }

  @Override
  public void close() {
    lanes.close();
  }
}
