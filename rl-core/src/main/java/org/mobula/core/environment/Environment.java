package org.mobula.core.environment;

import java.awt.Graphics2D;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import org.mobula.core.space.Space;

/**
 * A world that an agent acts in, one episode at a time.
 *
 * <p>Observations and actions are numbers in the encoding of their {@link Space}: a box is its
 * elements in row-major order, a discrete value is its index. They are written into the caller's
 * arrays, so that stepping allocates nothing.
 *
 * <p>An environment is used by one thread at a time. After {@code terminated} or {@code truncated}
 * the caller resets before it steps again.
 */
public interface Environment extends AutoCloseable {
  /** The answer of {@link #lives} where lives are not counted. */
  int NO_LIVES = -1;

  /** What is observed; the same for the whole life of the environment. */
  Space observationSpace();

  /** What may be done; the same for the whole life of the environment. */
  Space actionSpace();

  /**
   * Starts an episode.
   *
   * @param reset the seed, if the random numbers are to start anew, and the episode's options
   * @param observation receives the first observation, {@code observationSpace().size()} numbers
   */
  void reset(Reset reset, float[] observation);

  /**
   * Advances by one time step.
   *
   * @param action {@code actionSpace().size()} numbers
   * @param step receives the next observation, the reward and the flags; cleared by the caller but
   *     for its observation, of which every element must be written
   */
  void step(float[] action, Step step);

  /** Whether {@link #actionMask} ever forbids an action. */
  default boolean masksActions() {
    return false;
  }

  /**
   * Tells which actions are allowed in the present state.
   *
   * @param mask receives {@code actionSpace().maskSize()} flags, true where the choice is allowed
   */
  default void actionMask(boolean[] mask) {
    Arrays.fill(mask, true);
  }

  /**
   * How many lives are left in the present game, for wrappers such as {@link EpisodicLife}; {@link
   * #NO_LIVES} where there are none, which is so unless overridden.
   */
  default int lives() {
    return NO_LIVES;
  }

  /** A picture of the present state in characters, for a terminal; empty where there is none. */
  default Optional<String> renderText() {
    return Optional.empty();
  }

  /**
   * Draws the present state.
   *
   * @param graphics smooth, on white ground, of which the area from (0, 0) to (width, height) is
   *     the picture; y grows downwards
   * @param width in pixels
   * @param height in pixels
   * @return whether there is a picture; false unless overridden
   */
  default boolean draw(Graphics2D graphics, int width, int height) {
    return false;
  }

  /** How long a step lasts for those who watch; 1/30 s unless overridden. */
  default double secondsPerStep() {
    return 1.0 / 30;
  }

  /**
   * Whether {@link #writeState} and {@link #readState} carry the whole state. Where they do not, a
   * resumed training run starts this environment with a new episode.
   */
  default boolean savesState() {
    return false;
  }

  /** Writes everything that the future depends on, the random numbers included. */
  default void writeState(DataOutput out) throws IOException {
    throw new UnsupportedOperationException(getClass().getName() + " does not save its state");
  }

  /** Reads what {@link #writeState} wrote, into an environment made in the same way. */
  default void readState(DataInput in) throws IOException {
    throw new UnsupportedOperationException(getClass().getName() + " does not save its state");
  }

  /** Frees what the environment holds; a second call does nothing. */
  @Override
  default void close() {}
}
