package org.mobula.core.environment;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.space.Space;

/**
 * The environments of a vector environment and what must be known of each. The methods with {@code
 * from} and {@code to} touch nothing outside their range, so that threads may share the work.
 */
final class Lanes {
  private static final VarHandle BUSY = MethodHandles.arrayElementVarHandle(boolean[].class);

  private final List<Environment> environments;
  private final AutoresetMode mode;
  private final Space observationSpace;
  private final Space actionSpace;
  private final int observationSize;
  private final int actionSize;
  private final Step[] steps;
  private final float[][] actions;
  private final boolean[] busy;
  private final boolean[] over;
  private final @Nullable Long[] seeds;
  private final long[] episodes;
  private final long[] episodeSteps;
  private final long[] lastEpisodeSteps;
  private final @Nullable EnvironmentException[] failures;
  private final boolean masksActions;
  private final boolean[] mask;

  /** For each environment, so that threads may ask for masks side by side. */
  private final boolean[][] finalMasks;

  private Reset next = Reset.unseeded();
  private boolean closed;

  Lanes(List<? extends Environment> environments, AutoresetMode mode) {
    if (environments.isEmpty()) {
      throw new IllegalArgumentException("a vector environment needs at least one environment");
    }
    this.environments = List.copyOf(environments);
    this.mode = mode;
    Environment first = environments.get(0);
    observationSpace = first.observationSpace();
    actionSpace = first.actionSpace();
    requireEqualSpaces();
    int count = environments.size();
    observationSize = observationSpace.size();
    actionSize = actionSpace.size();
    steps = new Step[count];
    actions = new float[count][actionSize];
    for (int i = 0; i < count; i++) {
      steps[i] = new Step(observationSpace);
    }
    busy = new boolean[count];
    over = new boolean[count];
    Arrays.fill(over, true);
    seeds = new Long[count];
    episodes = new long[count];
    episodeSteps = new long[count];
    lastEpisodeSteps = new long[count];
    failures = new EnvironmentException[count];
    masksActions = this.environments.stream().anyMatch(Environment::masksActions);
    mask = new boolean[actionSpace.maskSize()];
    finalMasks = new boolean[masksActions ? count : 0][actionSpace.maskSize()];
  }

  /** Makes all or none: what was made is closed again when a later one fails. */
  static List<Environment> create(EnvironmentFactory factory, int count) {
    List<Environment> made = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        made.add(factory.create());
      }
      return made;
    } catch (RuntimeException | Error e) {
      closeAll(made, e);
      throw e;
    }
  }

  private void requireEqualSpaces() {
    for (int i = 1; i < environments.size(); i++) {
      Environment other = environments.get(i);
      if (!other.observationSpace().equals(observationSpace)
          || !other.actionSpace().equals(actionSpace)) {
        throw new IllegalArgumentException(
            "environment "
                + i
                + " has "
                + spaces(other.observationSpace(), other.actionSpace())
                + " but environment 0 has "
                + spaces(observationSpace, actionSpace)
                + "; all must be equal, bounds included");
      }
    }
  }

  private static String spaces(Space observations, Space actions) {
    return "observations " + observations + " and actions " + actions;
  }

  int count() {
    return environments.size();
  }

  Space observationSpace() {
    return observationSpace;
  }

  Space actionSpace() {
    return actionSpace;
  }

  AutoresetMode mode() {
    return mode;
  }

  void requireRoom(float[] observations) {
    requireOpen();
    if (observations.length != count() * observationSize) {
      throw new IllegalArgumentException(
          "observations has "
              + observations.length
              + " numbers but "
              + count()
              + " environments observe "
              + count() * observationSize);
    }
  }

  void requireRoom(float[] actions, VectorStep step) {
    requireRoom(step.observations);
    if (actions.length != count() * actionSize) {
      throw new IllegalArgumentException(
          "actions has "
              + actions.length
              + " numbers but "
              + count()
              + " environments take "
              + count() * actionSize);
    }
  }

  void requireChoice(boolean[] chosen) {
    if (chosen.length != count()) {
      throw new IllegalArgumentException(
          "chosen has " + chosen.length + " flags but there are " + count() + " environments");
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the vector environment is closed");
    }
  }

  void resetOptions(Map<String, Object> options) {
    next = options.isEmpty() ? Reset.unseeded() : new Reset(null, options);
  }

  void reset(int from, int to, Reset given, boolean @Nullable [] chosen, float[] observations) {
    Reset reset = given.options().isEmpty() ? new Reset(given.seed(), next.options()) : given;
    for (int i = from; i < to; i++) {
      if (chosen == null || chosen[i]) {
        BUSY.setOpaque(busy, i, true);
        try {
          Long seed = reset.seed();
          start(i, seed == null ? reset : new Reset(seed + i, reset.options()), observations);
        } catch (Throwable cause) {
          fail(i, cause);
        } finally {
          BUSY.setOpaque(busy, i, false);
        }
      }
    }
  }

  private void start(int i, Reset reset, float[] observations) {
    if (reset.seed() != null) {
      seeds[i] = reset.seed();
      episodes[i] = 0;
    }
    episodes[i]++;
    lastEpisodeSteps[i] = episodeSteps[i];
    episodeSteps[i] = 0;
    float[] observation = steps[i].observation;
    environments.get(i).reset(reset, observation);
    System.arraycopy(observation, 0, observations, i * observationSize, observationSize);
    over[i] = false;
  }

  void step(int from, int to, float[] actions, VectorStep out) {
    for (int i = from; i < to; i++) {
      BUSY.setOpaque(busy, i, true); // so cheap that each step can say so
      try {
        if (over[i]) {
          startLate(i, out);
        } else {
          step(i, actions, out);
        }
      } catch (Throwable cause) {
        fail(i, cause);
      } finally {
        BUSY.setOpaque(busy, i, false);
      }
    }
  }

  /** The whole step of an environment whose episode was over before it. */
  private void startLate(int i, VectorStep out) {
    if (mode != AutoresetMode.NEXT_STEP || episodes[i] == 0) {
      throw new IllegalStateException("no episode is running: reset before the next step");
    }
    start(i, next, out.observations);
    out.rewards[i] = 0;
    out.terminated[i] = false;
    out.truncated[i] = false;
    out.setInfo(i, Map.of());
  }

  private void step(int i, float[] allActions, VectorStep out) {
    Step step = steps[i];
    float[] action = actions[i];
    System.arraycopy(allActions, i * actionSize, action, 0, actionSize);
    step.clear();
    episodeSteps[i]++;
    environments.get(i).step(action, step);
    out.rewards[i] = (float) step.reward;
    out.terminated[i] = step.terminated;
    out.truncated[i] = step.truncated;
    out.setInfo(i, step.info());
    int row = i * observationSize;
    if (!step.done()) {
      System.arraycopy(step.observation, 0, out.observations, row, observationSize);
      return;
    }
    over[i] = true;
    System.arraycopy(step.observation, 0, out.finalObservations, row, observationSize);
    if (masksActions && step.truncated && out.finalMasks.length > 0) {
      boolean[] last = finalMasks[i];
      environments.get(i).actionMask(last);
      System.arraycopy(last, 0, out.finalMasks, i * last.length, last.length);
    }
    if (mode == AutoresetMode.SAME_STEP) {
      start(i, next, out.observations);
    } else {
      System.arraycopy(step.observation, 0, out.observations, row, observationSize);
    }
  }

  private void fail(int i, Throwable cause) {
    over[i] = true;
    failures[i] =
        new EnvironmentException(
            i,
            StepInProgress.name(environments.get(i)),
            seeds[i],
            episodes[i],
            episodeSteps[i],
            cause);
  }

  /** What names an environment that threw nothing but gave what it must not give. */
  EnvironmentException blame(int i, boolean lastEpisode, Throwable cause) {
    return new EnvironmentException(
        i,
        StepInProgress.name(environments.get(i)),
        seeds[i],
        lastEpisode ? episodes[i] - 1 : episodes[i],
        lastEpisode ? lastEpisodeSteps[i] : episodeSteps[i],
        cause);
  }

  /** The steps and resets that have not returned; asked from any thread. */
  List<StepInProgress> inProgress() {
    List<StepInProgress> found = new ArrayList<>();
    for (int i = 0; i < busy.length; i++) {
      if ((boolean) BUSY.getOpaque(busy, i)) {
        found.add(
            StepInProgress.of(i, environments.get(i), seeds[i], episodes[i], episodeSteps[i]));
      }
    }
    return found;
  }

  /** Throws what went wrong, if anything did: the lowest index, the others suppressed in it. */
  void throwFailures() {
    EnvironmentException first = null;
    for (int i = 0; i < failures.length; i++) {
      EnvironmentException failure = failures[i];
      if (failure != null) {
        failures[i] = null;
        if (first == null) {
          first = failure;
        } else {
          first.addSuppressed(failure);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }

  boolean masksActions() {
    return masksActions;
  }

  void actionMasks(boolean[] masks) {
    if (masks.length != count() * mask.length) {
      throw new IllegalArgumentException(
          "masks has "
              + masks.length
              + " flags but "
              + count()
              + " environments have "
              + count() * mask.length);
    }
    for (int i = 0; i < count(); i++) {
      if (over[i]) {
        // The next action is ignored, and a mask without a choice would be a trap.
        Arrays.fill(mask, true);
      } else {
        environments.get(i).actionMask(mask);
      }
      System.arraycopy(mask, 0, masks, i * mask.length, mask.length);
    }
  }

  int lives(int environment) {
    return environments.get(environment).lives();
  }

  boolean savesState() {
    return environments.stream().allMatch(Environment::savesState);
  }

  void writeState(DataOutput out) throws IOException {
    out.writeInt(count());
    for (int i = 0; i < count(); i++) {
      Long seed = seeds[i];
      out.writeBoolean(over[i]);
      out.writeBoolean(seed != null);
      out.writeLong(seed == null ? 0 : seed);
      out.writeLong(episodes[i]);
      out.writeLong(episodeSteps[i]);
      environments.get(i).writeState(out);
    }
  }

  void readState(DataInput in) throws IOException {
    int count = in.readInt();
    if (count != count()) {
      throw new IOException(
          "the state is of "
              + count
              + " environments but there are "
              + count()
              + "; resume with as many as were saved");
    }
    for (int i = 0; i < count; i++) {
      over[i] = in.readBoolean();
      boolean seeded = in.readBoolean();
      long seed = in.readLong();
      seeds[i] = seeded ? seed : null;
      episodes[i] = in.readLong();
      episodeSteps[i] = in.readLong();
      environments.get(i).readState(in);
    }
  }

  void close() {
    if (closed) {
      return;
    }
    closed = true;
    RuntimeException failure = new IllegalStateException("an environment did not close");
    closeAll(environments, failure);
    if (failure.getSuppressed().length > 0) {
      throw failure;
    }
  }

  private static void closeAll(List<Environment> environments, Throwable failure) {
    for (Environment environment : environments) {
      try {
        environment.close();
      } catch (RuntimeException e) {
        failure.addSuppressed(e);
      }
    }
  }
}
