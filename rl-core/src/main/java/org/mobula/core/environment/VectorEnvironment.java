package org.mobula.core.environment;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.mobula.core.space.Space;

/**
 * Several environments of one kind, stepped together. Arrays are {@code [environment][number]} in
 * row-major order.
 */
public interface VectorEnvironment extends AutoCloseable {
  /** How many environments there are. */
  int count();

  /** What one of them observes. */
  Space observationSpace();

  /** What may be done in one of them. */
  Space actionSpace();

  /** What happens when an episode is over. */
  AutoresetMode autoresetMode();

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
   */
  void resetOptions(Map<String, Object> options);

  /**
   * Advances every environment by one step.
   *
   * @param actions {@code [count][action]}
   * @param step receives what came of it
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

  /** Whether {@link #actionMasks} ever forbids an action. */
  boolean masksActions();

  /**
   * Tells which actions are allowed now.
   *
   * @param masks receives {@code [count][actionSpace().maskSize()]} flags
   */
  void actionMasks(boolean[] masks);

  /** Whether every environment can save its state. */
  boolean savesState();

  /** Writes the state of all environments. */
  void writeState(DataOutput out) throws IOException;

  /** Reads what {@link #writeState} wrote. */
  void readState(DataInput in) throws IOException;

  /** Closes every environment. */
  @Override
  void close();
}
