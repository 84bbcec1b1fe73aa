package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.imitation.BcConfig;
import org.mobula.core.algorithm.imitation.CloningLoss;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.PolicyHead;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Dict;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiBinary;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.ExternalEnvironmentConfig;
import org.mobula.core.training.config.SpaceConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

class BcTrainingTest extends OfflineAlgorithmContract {
  @Override
  protected AlgorithmConfig busy() {
    return BcConfig.defaults().withMinibatchSize(32).withMaxGradientNorm(5);
  }

  private static TrainingConfig config(String environment, BcConfig bc, long steps) {
    return TrainingConfig.defaults(EnvironmentConfig.defaults(environment), bc)
        .withSeed(3)
        .withStop(StopConfig.defaults().withEnvironmentSteps(steps))
        .withEvaluation(EvaluationConfig.defaults().withEpisodes(20));
  }

  private static double meanReturn(TrainingConfig config, RecordedEpisodes recordings) {
    return Trainer.builder(config)
        .recordings(recordings)
        .build()
        .train()
        .evaluation()
        .orElseThrow()
        .meanReturn();
  }

  @Test
  void choosesAsItsExpert() {
    RecordedEpisodes expert = Recordings.play("CartPole-v1", Recordings.cartPole(0.02), 10, 1);
    assertThat(expert.meanReturn()).isGreaterThan(450);
    double cloned =
        meanReturn(config("CartPole-v1", BcConfig.defaults().withMinibatchSize(64), 2000), expert);
    assertThat(cloned).isGreaterThanOrEqualTo(0.95 * expert.meanReturn());
  }

  @Test
  void movesAsItsExpertByLikelihoodAndBySquaredError() {
    RecordedEpisodes expert = Recordings.play("Pendulum-v1", Recordings.pendulum(0.1), 20, 1);
    assertThat(expert.meanReturn()).isGreaterThan(-200);
    for (CloningLoss loss : CloningLoss.values()) {
      BcConfig bc = BcConfig.defaults().withLoss(loss).withMinibatchSize(64);
      double cloned = meanReturn(config("Pendulum-v1", bc, 4000), expert);
      double idle = -1200; // of a policy that never moves, about
      assertThat((cloned - idle) / (expert.meanReturn() - idle))
          .as(loss.name())
          .isGreaterThan(0.95);
    }
  }

  /** Each action is what was seen, in spaces of every kind. */
  @Test
  void clonesActionsOfEverySpace() {
    Pcg64 random = new Pcg64(1);
    for (Space space :
        List.of(
            new Discrete(4),
            new MultiDiscrete(2, 3),
            new MultiBinary(3),
            Box.of(-1, 1, 2),
            Dict.of("a", new Discrete(2)).with("b", Box.of(-1, 1, 1)))) {
      RecordedEpisodes.Builder recorded = RecordedEpisodes.builder(space, space);
      float[] seen = new float[space.size()];
      for (int episode = 0; episode < 20; episode++) {
        space.sample(random, seen, 0);
        recorded.start(seen);
        for (int step = 0; step < 100; step++) {
          float[] action = seen.clone();
          space.sample(random, seen, 0);
          recorded.step(action, 1, false, step == 99, seen);
        }
      }
      TrainingConfig config =
          config("given in Java", BcConfig.defaults().withMinibatchSize(64), 1000);
      double mean =
          Trainer.builder(config)
              .environment(() -> new IdentityEnvironment(space))
              .recordings(recorded.build())
              .build()
              .train()
              .evaluation()
              .orElseThrow()
              .meanReturn();
      assertThat(mean).as(space.toString()).isGreaterThan(95);
    }
  }

  /** The spaces are enough: what is learnt is told by its losses, and estimated. */
  @Test
  void learnsWithoutAnEnvironment() {
    RecordedEpisodes expert = Recordings.play("CartPole-v1", Recordings.cartPole(0.3), 30, 1);
    ExternalEnvironmentConfig spaces =
        ExternalEnvironmentConfig.defaults(
            SpaceConfig.OfBox.defaults(List.of(4)), SpaceConfig.OfDiscrete.of(2));
    TrainingConfig config =
        TrainingConfig.defaults(
                EnvironmentConfig.defaults(null, null, null, spaces),
                BcConfig.defaults().withMinibatchSize(32))
            .withStop(StopConfig.defaults().withEnvironmentSteps(1000));
    Map<String, Double> last = new TreeMap<>();
    TrainingResult result =
        Trainer.builder(config)
            .recordings(expert)
            .listener(
                new TrainingListener() {
                  @Override
                  public void onIteration(TrainingProgress progress, Map<String, Double> measured) {
                    last.putAll(measured);
                  }
                })
            .build()
            .train();
    assertThat(result.evaluation()).isEmpty();
    assertThat(last.get("loss/policy")).isBetween(0.0, Math.log(2));
    assertThat(last).containsEntry("replay/transitions", (double) expert.steps());
    assertThat(last.get("estimate/recorded_return")).isCloseTo(expert.meanReturn(), within(1e-6));
    assertThat(last.get("estimate/weighted_return_low"))
        .isLessThanOrEqualTo(last.get("estimate/weighted_return"));
    assertThat(last.get("estimate/weighted_return"))
        .isLessThanOrEqualTo(last.get("estimate/weighted_return_high"));
    assertThat(last.get("estimate/effective_sample_size")).isBetween(1.0, 30.0);
  }

  @Test
  void saysWhatItIsNotFor() {
    Space box = Box.of(-1, 1, 2);
    BcConfig squared = BcConfig.defaults().withLoss(CloningLoss.SQUARED_ERROR);
    assertThat(squared.policy(box, box, NetworkConfig.defaults()).head())
        .isEqualTo(new PolicyHead.Deterministic());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> squared.policy(box, new Discrete(3), NetworkConfig.defaults()))
        .withMessageStartingWith(
            "algorithm.bc moves numbers between bounds, so it needs a Box action space with finite"
                + " ones, but actions are in Discrete(3)");
    RecordedEpisodes others = Recordings.play("Pendulum-v1", Recordings.pendulum(0), 1, 1);
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                Trainer.builder(config("CartPole-v1", BcConfig.defaults(), 100))
                    .recordings(others)
                    .build())
        .withMessageStartingWith("the recordings have observations ")
        .withMessageEndingWith("both must be the same, the bounds of actions included");
    TrainingConfig ppo =
        TrainingConfig.defaults(EnvironmentConfig.defaults("CartPole-v1"), PpoConfig.defaults());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Trainer.builder(ppo).recordings(others).build())
        .withMessageStartingWith(
            "the trainer was given recordings, but its algorithm learns from what it collects");
    assertThatThrownBy(() -> ppo.withData("expert.parquet"))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageStartingWith(
            "data is \"expert.parquet\" but must be left out where the algorithm learns from what it"
                + " collects; one");
  }
}
