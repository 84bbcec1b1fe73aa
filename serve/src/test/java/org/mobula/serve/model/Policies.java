package org.mobula.serve.model;

import java.util.List;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.network.Activation;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.ObservationNormalizer;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

/** Small policies with random parameters. */
public final class Policies {
  private Policies() {}

  /** Four numbers, two choices, a value, a normaliser. */
  public static PolicyModel cartPole(long seed) {
    return model(Box.unbounded(4), new Discrete(2), 2, true, seed);
  }

  /** Three numbers, two numbers within ±0.5, no value. */
  public static PolicyModel continuous(long seed) {
    return model(Box.unbounded(3), Box.of(-0.5f, 0.5f, 2), 4, false, seed);
  }

  /** A number, three choices that may be forbidden, a value. */
  public static PolicyModel masked(long seed) {
    PolicyModel plain = model(Box.unbounded(1), new Discrete(3), 3, true, seed);
    return new PolicyModel(plain.spec().withMasksActions(true), plain.snapshot(), plain.engine());
  }

  /** Any spaces. */
  public static PolicyModel model(
      Space observations, Space actions, int parameters, boolean value, long seed) {
    int width = parameters + (value ? 1 : 0);
    MlpSpec network =
        new MlpSpec(
            observations.flatSize(),
            List.of(16),
            List.of(new MlpSpec.Head("out", List.of(), width, 1)),
            Activation.TANH,
            Initialization.orthogonal());
    PolicySpec spec = new PolicySpec(observations, actions, network);
    RunningStatistics statistics = new RunningStatistics(observations.flatSize());
    Pcg64 random = new Pcg64(seed);
    float[] features = new float[observations.flatSize() * 10];
    for (int i = 0; i < features.length; i++) {
      features[i] = random.nextFloat() * 3;
    }
    statistics.update(features);
    return new PolicyModel(
        spec,
        new PolicySnapshot(
            new ParameterSnapshot(seed, network.initialParameters(random)),
            ObservationNormalizer.of(statistics, 10)),
        NetworkEngine.AUTO);
  }
}
