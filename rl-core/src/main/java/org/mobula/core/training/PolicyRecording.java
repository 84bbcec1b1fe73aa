package org.mobula.core.training;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.policy.ActionEvaluation;
import org.mobula.core.policy.Policy;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.recording.RecordingWriter;
import org.mobula.core.recording.RecordingWriter.StepRow;

/**
 * A policy whose episodes are recorded, one after the other. An episode is given by its seed: the
 * environment starts by it, and actions are sampled by a stream of it.
 */
public final class PolicyRecording {
  private final EnvironmentFactory factory;
  private final Policy policy;
  private final int maxEpisodeSteps;

  /**
   * Of this policy in such an environment.
   *
   * @param maxEpisodeSteps where an episode is cut off, which is recorded as truncated
   */
  public PolicyRecording(EnvironmentFactory factory, Policy policy, int maxEpisodeSteps) {
    this.factory = factory;
    this.policy = policy;
    this.maxEpisodeSteps = maxEpisodeSteps;
  }

  /**
   * Plays and writes episodes.
   *
   * @param seed of the first episode; the next has one more
   * @param stochastic whether actions are sampled; else the most likely ones are taken
   * @throws IOException if they cannot be written
   */
  public EvaluationResult play(int episodes, long seed, boolean stochastic, RecordingWriter writer)
      throws IOException {
    List<Double> returns = new ArrayList<>();
    List<Integer> lengths = new ArrayList<>();
    int cutOff = 0;
    try (Environment environment = factory.create()) {
      for (int i = 0; i < episodes; i++) {
        Played played = play(environment, seed + i, stochastic, writer);
        returns.add(played.episodeReturn);
        lengths.add(played.length);
        cutOff += played.cutOff ? 1 : 0;
      }
    }
    return new EvaluationResult(returns, lengths, cutOff);
  }

  private record Played(double episodeReturn, int length, boolean cutOff) {}

  private Played play(
      Environment environment, long seed, boolean stochastic, RecordingWriter writer)
      throws IOException {
    Pcg64 random = stochastic ? new Pcg64(SeedSequence.of(seed).stream("actions")) : null;
    Step step = new Step(environment.observationSpace());
    environment.reset(Reset.seeded(seed), step.observation);
    writer.start(step.observation);
    double episodeReturn = 0;
    int length = 0;
    while (true) {
      boolean[] mask = null;
      if (environment.masksActions()) {
        mask = new boolean[environment.actionSpace().maskSize()];
        environment.actionMask(mask);
      }
      ActionEvaluation chosen = policy.evaluate(step.observation, mask, random);
      step.clear();
      environment.step(chosen.action(), step);
      length++;
      episodeReturn += step.reward;
      boolean cutOff = !step.done() && length >= maxEpisodeSteps;
      writer.step(
          new StepRow(
              chosen.action(),
              mask,
              chosen.logProbability(),
              Objects.requireNonNullElse(chosen.value(), Float.NaN),
              step.reward,
              step.terminated,
              (step.truncated && !step.terminated) || cutOff,
              step.observation));
      if (step.done() || cutOff) {
        return new Played(episodeReturn, length, cutOff);
      }
    }
  }
}
