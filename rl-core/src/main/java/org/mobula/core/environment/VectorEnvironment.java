package org.mobula.core.environment;

import java.awt.Graphics2D;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.mobula.core.space.Space;

/**
 * Several environments of one kind, stepped together. Arrays are {@code [environment][number]} in
 * row-major order. {@code VectorEnvironmentContract}, in this module's test jar, checks yours.
 */
public interface VectorEnvironment extends AutoCloseable {
  /** How many environments there are. */
  int count();

  /** What one of them observes. */
  Space observationSpace();

  /** What may be done in one of them. */
  Space actionSpace();

  /** What happens when an episode is over; the next begins in the same step unless overridden. */
  default AutoresetMode autoresetMode() {
    return AutoresetMode.SAME_STEP;
  }

  /**
   * Starts an episode in each environment.
   *
   * @param reset a seed {@code s} gives environment {@code i} the seed {@code s + i}
   * @param observations receives the first observations, {@code [count][observation]}
   */
  void reset(Reset reset, float[] observations);

  /**
   * Starts an episode in the chosen environments and leaves the others as they are.
   *
   * @param chosen one flag an environment
   */
  void reset(Reset reset, boolean[] chosen, float[] observations);

  /**
   * The options of all episodes that start from now on without options of their own: by themselves,
   * too, where an episode was over.
   *
   * @throws IllegalArgumentException unless overridden, if there are any
   */
  default void resetOptions(Map<String, Object> options) {
    if (!options.isEmpty()) {
      throw new IllegalArgumentException(
          "%s takes no reset options but was given %s"
              .formatted(getClass().getSimpleName(), options));
    }
  }

  /**
   * Advances every environment by one step.
   *
   * @param actions {@code [count][action]}
   * @param step receives what came of it; where it has room for masks of final observations and an
   *     episode is truncated, the mask that holds there, before the reset
   */
  void step(float[] actions, VectorStep step);

  /**
   * The exception for an environment that threw nothing but gave what it must not give, such as
   * NaN: it names the environment with its seed, episode and step as if it had thrown.
   *
   * @param lastEpisode whether that was in the last step of an episode, after which another was
   *     started in the same step
   * @param cause what is wrong
   */
  EnvironmentException blame(int environment, boolean lastEpisode, Throwable cause);

  /** The steps and resets that have not returned; may be asked from any thread. */
  default List<StepInProgress> inProgress() {
    return List.of();
  }

  /** Whether {@link #actionMasks} ever forbids an action; false unless overridden. */
  default boolean masksActions() {
    return false;
  }

  /**
   * Tells which actions are allowed now.
   *
   * @param masks receives {@code [count][actionSpace().maskSize()]} flags
   */
  default void actionMasks(boolean[] masks) {
    Arrays.fill(masks, true);
  }

  /**
   * How many lives are left in the present game of an environment; {@link Environment#NO_LIVES}
   * where they are not counted, which is so unless overridden.
   */
  default int lives(int environment) {
    return Environment.NO_LIVES;
  }

  /**
   * Draws the present state of an environment; where its episode was over in the last step, the
   * state after that step.
   *
   * @param graphics as {@link Environment#draw} takes it
   * @return whether there is a picture; false unless overridden
   */
  default boolean draw(int environment, Graphics2D graphics, int width, int height) {
    return false;
  }

  /** How long a step lasts for those who watch; 1/30 s unless overridden. */
  default double secondsPerStep() {
    return 1.0 / 30;
  }

  /**
   * Whether every environment can save its state. Where not, a resumed training run starts new
   * episodes.
   */
  default boolean savesState() {
    return false;
  }

  /** Writes the state of all environments. */
  default void writeState(DataOutput out) throws IOException {
    throw new UnsupportedOperationException(getClass().getName() + " does not save its state");
  }

  /** Reads what {@link #writeState} wrote. */
  default void readState(DataInput in) throws IOException {
    throw new UnsupportedOperationException(getClass().getName() + " does not save its state");
  }

  /** Closes every environment. */
  @Override
  void close();
}
