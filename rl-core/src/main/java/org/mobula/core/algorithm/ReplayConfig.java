package org.mobula.core.algorithm;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Elsewhere;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.config.Range;
import org.mobula.core.experience.ReplayMemory;
import org.mobula.core.experience.ReplaySampling;
import org.mobula.core.experience.ReplayShape;
import org.mobula.core.experience.ReplayShape.Encoding;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.returns.NStep;

/** Settings of a replay memory; the defaults are those of Stable-Baselines3. */
@RecordBuilder
public record ReplayConfig(
    @Doc("transitions that are kept; 10 thousand to a million, with one more for each episode")
        @Elsewhere("buffer_size")
        @Range(min = 2, max = ReplayShape.MOST_ROWS)
        int capacity,
    @Doc("steps of the returns that are learnt from, fewer at an episode's end; 1 to 5")
        @Elsewhere({"n_steps", "n_step"})
        @Range(min = 1)
        int returnSteps,
    @Doc(
            "α of prioritised replay: transitions are drawn by their error to this power; 0 draws"
                + " uniformly, 0.5 to 0.7 is usual")
        @Elsewhere({"prioritized_replay_alpha", "alpha"})
        @Range(min = 0, max = 1)
        double priorityExponent,
    @Doc(
            "β of prioritised replay: how far weights make up for uneven drawing, 0 to 1; of no account"
                + " where it is uniform")
        @Elsewhere({"prioritized_replay_beta", "beta"})
        @Range(min = 0, max = 1)
        Schedule importanceExponent,
    @Doc("added to each error, so that none has no priority") @Range(exclusiveMin = 0)
        double priorityEpsilon,
    @Doc(
            "float keeps any observation; byte, a quarter as large, whole numbers from 0 to 255; as the"
                + " observation space says if nothing is said")
        @Nullable Encoding encoding,
    @Doc(
            "frames that an observation is a stack of, each of which is then kept once; 1 for no stack")
        @Range(min = 1)
        int frames)
    implements Serializable, ReplayConfigBuilder.With {

  /** Checks the values. */
  public ReplayConfig {
    Constraints.check(
        ReplayConfig.class,
        capacity,
        returnSteps,
        priorityExponent,
        importanceExponent,
        priorityEpsilon,
        encoding,
        frames);
    Constraints.require(
        capacity > frames, "capacity", capacity, "must be > frames (%s)".formatted(frames));
  }

  /** A million transitions, drawn uniformly. */
  public static ReplayConfig defaults() {
    return new ReplayConfig(1_000_000, 1, 0, Schedule.linear(0.4, 1), 1e-6, null, 1);
  }

  /**
   * The memory of a policy's transitions.
   *
   * @param environments whose transitions come in
   * @throws IllegalArgumentException if it does not fit the observations, or into the heap
   */
  public ReplayMemory memory(PolicySpec policy, int environments, double discount) {
    return new ReplayMemory(
        shape(policy, environments), new NStep(returnSteps, (float) discount), sampling());
  }

  /**
   * The same policy, if there is room for the memory of its transitions: asked before a run begins.
   *
   * @throws InvalidValueException if the memory does not fit the observations, or into the heap, by
   *     the key of an algorithm's settings
   */
  public PolicySpec requireRoom(PolicySpec policy) {
    int numbers = policy.observationSpace().size();
    Constraints.require(
        numbers % frames == 0,
        "replay.frames",
        frames,
        "must divide the %s numbers of an observation".formatted(numbers));
    try {
      shape(policy, 1).requireRoom(sampling(), Runtime.getRuntime().maxMemory());
    } catch (IllegalArgumentException e) {
      throw new InvalidValueException("replay.capacity", capacity, String.valueOf(e.getMessage()));
    }
    return policy;
  }

  private ReplayShape shape(PolicySpec policy, int environments) {
    return new ReplayShape(
        capacity,
        environments,
        policy.observationSpace().size(),
        frames,
        encoding == null ? Encoding.of(policy.observationSpace()) : encoding,
        policy.actionSpace().size(),
        policy.masksActions() ? policy.actionSpace().maskSize() : 0);
  }

  private ReplaySampling sampling() {
    return priorityExponent == 0
        ? new ReplaySampling.Uniform()
        : new ReplaySampling.Prioritized(priorityExponent, priorityEpsilon);
  }
}
