package org.mobula.core.algorithm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.ExperienceShape;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.PolicyHead;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;

class EpsilonGreedyActorTest {
  private static final int ENVIRONMENTS = 1000;

  /** Three actions whose values are the biases 1, 3 and 2, in each of many environments. */
  private static EpsilonGreedyActor actor(double exploration, boolean masks, boolean notes) {
    PolicySpec policy = policy(masks);
    ActorSetup setup = new ActorSetup(policy, NetworkEngine.AUTO, ENVIRONMENTS, ENVIRONMENTS, 0);
    EpsilonGreedyActor actor = new EpsilonGreedyActor(setup, steps -> exploration, notes);
    float[] parameters = {0, 0, 0, 1, 3, 2};
    actor.set(new PolicySnapshot(new ParameterSnapshot(0, parameters), null));
    return actor;
  }

  private static PolicySpec policy(boolean masks) {
    NetworkConfig network = NetworkConfig.defaults().withHidden(List.of());
    Box observations = Box.of(-1, 1, 1);
    List<MlpSpec.Column> values = List.of(PolicyNetworks.head("q", network, 3, 1));
    return new PolicySpec(
            observations,
            new Discrete(3),
            PolicyNetworks.of(observations, network, values),
            new PolicyHead.Greedy())
        .withMasksActions(masks);
  }

  private static Experience experience(EpsilonGreedyActor actor, boolean masks) {
    ExperienceShape shape = new ExperienceShape(1, 1, masks ? 3 : 0, actor.columns());
    Experience experience = new Experience(shape, 1, ENVIRONMENTS);
    for (int i = 0; i < experience.masks.length; i++) {
      experience.masks[i] = i % 3 != 1; // the best is forbidden
    }
    return experience;
  }

  private static double share(Experience experience, float action) {
    int count = 0;
    for (float taken : experience.actions) {
      count += taken == action ? 1 : 0;
    }
    return (double) count / ENVIRONMENTS;
  }

  @Test
  void takesTheBestActionButForAShareOfAny() {
    EpsilonGreedyActor actor = actor(0.3, false, false);
    Experience experience = experience(actor, false);
    actor.act(new float[ENVIRONMENTS], experience, 0, 0, new Pcg64(1));
    assertThat(share(experience, 1)).isCloseTo(0.7 + 0.1, within(0.05));
    assertThat(share(experience, 0)).isCloseTo(0.1, within(0.04));
    assertThat(share(experience, 2)).isCloseTo(0.1, within(0.04));
  }

  @Test
  void neverTakesWhatIsForbidden() {
    EpsilonGreedyActor actor = actor(0.4, true, true);
    Experience experience = experience(actor, true);
    actor.act(new float[ENVIRONMENTS], experience, 0, 0, new Pcg64(1));
    assertThat(share(experience, 1)).isZero();
    assertThat(share(experience, 2)).as("the best of two").isCloseTo(0.8, within(0.05));
    float[] values = experience.column(SamplingActor.VALUE);
    assertThat(Arrays.copyOf(values, ENVIRONMENTS)).containsOnly(2);
  }

  @Test
  void notesWhatIsBestAndWhatAnEpisodeThatWasCutOffWouldHaveBroughtYet() {
    EpsilonGreedyActor actor = actor(1, false, true);
    Experience experience = experience(actor, false);
    float[] features = new float[ENVIRONMENTS];
    actor.act(features, experience, 0, 0, new Pcg64(1));
    experience.truncated[0] = true;
    experience.truncated[1] = true;
    experience.terminated[1] = true;
    actor.cutOff(features, experience, 0);
    actor.finish(features, experience);
    assertThat(experience.column(SamplingActor.VALUE)).hasSize(2 * ENVIRONMENTS).containsOnly(3);
    assertThat(Arrays.copyOf(experience.column(SamplingActor.FINAL_VALUE), 3))
        .containsExactly(3, 0, 0);
  }

  @Test
  void exploresLessFromStepToStep() {
    assertThat(EpsilonGreedyActor.linear(1, 0.2, 1000, 0)).isEqualTo(1);
    assertThat(EpsilonGreedyActor.linear(1, 0.2, 1000, 500)).isCloseTo(0.6, within(1e-9));
    assertThat(EpsilonGreedyActor.linear(1, 0.2, 1000, 5000)).isCloseTo(0.2, within(1e-9));
  }
}
