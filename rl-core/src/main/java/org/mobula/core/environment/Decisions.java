package org.mobula.core.environment;

import java.util.Map;
import org.mobula.core.random.Pcg64;

/**
 * What a simulator that owns its main loop asks and reports while it {@linkplain
 * DrivenEnvironment#run runs}. Any thread of the simulator may call it, one at a time.
 */
public interface Decisions {
  /** How an episode is over. */
  enum End {
    /** By what happened in it: nothing follows. */
    TERMINATED,

    /** Cut off, such as by a limit of time: more would have followed. */
    TRUNCATED
  }

  /**
   * Asks for an action, and waits until there is one. All choices are allowed.
   *
   * @param observation {@code observationSpace().size()} numbers; copied
   * @return {@code actionSpace().size()} numbers, the same array at each call
   */
  float[] act(float[] observation);

  /**
   * Asks for an action where some choices are forbidden.
   *
   * @param observation {@code observationSpace().size()} numbers; copied
   * @param mask {@code actionSpace().maskSize()} flags, true where the choice is allowed; copied
   * @return {@code actionSpace().size()} numbers, the same array at each call
   * @throws IllegalArgumentException if {@link Environment#masksActions} is false
   */
  float[] act(float[] observation, boolean[] mask);

  /**
   * Adds to the reward of the last action; a simulator may report any number of parts. Those that
   * come before an episode's first action count with that action.
   */
  void reward(double reward);

  /**
   * Ends the episode. The run returns then, or asks for the first action of another episode.
   *
   * @param observation what is observed at the end, {@code observationSpace().size()} numbers;
   *     copied. What would have followed a truncated episode is judged by it, with all choices
   *     allowed
   */
  void end(End end, float[] observation);

  /**
   * The environment's random numbers: they begin anew with the seed of a reset, and else continue
   * from one run to the next. A simulator with random numbers of its own takes its seed from them.
   */
  Pcg64 random();

  /** The options of the reset that began this run. */
  Map<String, Object> options();

  /**
   * Ends a run of which no more is wanted, by passing through it as an exception does, so that its
   * {@code finally} blocks are executed. Code that catches it must throw it again.
   */
  final class Abandoned extends Error {
    private static final long serialVersionUID = 1;

    Abandoned() {
      super("the run is abandoned: let this pass through it", null, false, false);
    }
  }
}
