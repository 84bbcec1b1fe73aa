package org.mobula.core.offline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.network.Activation;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicyHead;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;

class OffPolicyEvaluationTest {
  private static final Box STATE = Box.of(0, 1, 1);
  private static final Discrete CHOICES = new Discrete(2);

  /** Chooses 1 with this probability in every state. */
  private static Policy policy(double probability) {
    MlpSpec form =
        new MlpSpec(
            1,
            List.of(),
            List.of(new MlpSpec.Constant("policy", 2, 0)),
            Activation.IDENTITY,
            Initialization.orthogonal());
    float[] logits = {(float) Math.log(1 - probability), (float) Math.log(probability)};
    return new Policy(
        new PolicySpec(STATE, CHOICES, form),
        new PolicySnapshot(new ParameterSnapshot(0, logits), null),
        NetworkEngine.AUTO);
  }

  private static float[] one(double number) {
    return new float[] {(float) number};
  }

  /** Two steps: a choice of 1 is worth 1 in the first and 2 in the second. */
  private static RecordedEpisodes play(double probability, int episodes) {
    Pcg64 random = new Pcg64(7);
    RecordedEpisodes.Builder recorded = RecordedEpisodes.builder(STATE, CHOICES);
    for (int i = 0; i < episodes; i++) {
      recorded.start(one(0));
      for (int step = 0; step < 2; step++) {
        int action = random.nextDouble() < probability ? 1 : 0;
        double log = Math.log(action == 1 ? probability : 1 - probability);
        recorded.step(
            one(action),
            (float) log,
            (step + 1) * action,
            step == 1,
            false,
            one(step + 1 == 1 ? 1 : 0));
      }
    }
    return recorded.build();
  }

  /**
   * By hand, with b = ½, π(1) = .8, γ = .5, episodes (1, 0) and (0, 1) of rewards (1, 0) and (0,
   * 2): ρ = (1.6, .64) and (.4, .64). Ordinary: (1.6·1 + 0 + 0 + .64·1)/2 = 1.12. Weighted:
   * 1.6/(1.6 + .4) + .64·1/(.64 + .64) = 1.3. With Q = V = 1 everywhere, doubly robust: of the
   * first 1 + 1.6·(1 + .5 − 1) + .5·.64·(0 − 1) = 1.48; of the second 1 + .4·(0 + .5 − 1) +
   * .5·.64·(2 − 1) = 1.12; the mean 1.3.
   */
  @Test
  void agreesWithSumsByHand() {
    float half = (float) Math.log(0.5);
    RecordedEpisodes recordings =
        RecordedEpisodes.builder(STATE, CHOICES)
            .start(one(0))
            .step(one(1), half, 1, false, false, one(1))
            .step(one(0), half, 0, true, false, one(0))
            .start(one(0))
            .step(one(0), half, 0, false, false, one(1))
            .step(one(1), half, 2, true, false, one(0))
            .build();
    ValueModel model =
        new ValueModel() {
          @Override
          public double actionValue(float[] observation, float[] action) {
            return 1;
          }

          @Override
          public double stateValue(float[] observation) {
            return 1;
          }
        };
    try (Policy policy = policy(0.8)) {
      assertThat(policy.logProbability(one(0), one(1))).isCloseTo(Math.log(0.8), within(1e-6));
      OffPolicyResult result =
          OffPolicyEvaluation.defaults().withDiscount(0.5).evaluate(policy, recordings, model);
      assertThat(result.recorded().value()).isCloseTo(1, within(1e-6));
      assertThat(result.ordinary().value()).isCloseTo(1.12, within(1e-6));
      assertThat(result.weighted().value()).isCloseTo(1.3, within(1e-6));
      assertThat(Objects.requireNonNull(result.doublyRobust()).value())
          .isCloseTo(1.3, within(1e-6));
      assertThat(result.effectiveSampleSize()).isCloseTo(2, within(1e-6));
      assertThat(result.warning())
          .hasValue(
              "the 2 recorded episodes say as much of this policy as 2.0 of its own would, fewer than"
                  + " 20: do not trust these estimates and their intervals; record more episodes, or"
                  + " judge a policy that acts more like the recorded one");
    }
  }

  /** The truth is 3 · .8 = 2.4, of which the recorded policy gets 1.5. */
  @Test
  void findsTheTruthWithinItsIntervals() {
    RecordedEpisodes recordings = play(0.5, 400);
    FittedQEvaluation fitting =
        FittedQEvaluation.defaults()
            .withDiscount(0.999)
            .withGradients(1000)
            .withHidden(List.of(16));
    try (Policy policy = policy(0.8);
        FittedValues values = fitting.fit(policy, recordings)) {
      OffPolicyEvaluation evaluation = OffPolicyEvaluation.defaults();
      OffPolicyResult result = evaluation.evaluate(policy, recordings, values);
      assertThat(result.recorded().value()).isBetween(1.35, 1.65);
      ReturnEstimate robust = Objects.requireNonNull(result.doublyRobust());
      for (ReturnEstimate estimate : List.of(result.ordinary(), result.weighted(), robust)) {
        assertThat(estimate.low()).isLessThan(2.4);
        assertThat(estimate.high()).isGreaterThan(2.4);
        assertThat(estimate.value()).isBetween(estimate.low(), estimate.high());
      }
      double ordinaryWidth = result.ordinary().high() - result.ordinary().low();
      assertThat(robust.high() - robust.low()).as("a model helps").isLessThan(ordinaryWidth);
      assertThat(evaluation.expected(values, recordings).value()).isCloseTo(2.4, within(0.1));
      assertThat(values.actionValue(one(1), one(1))).isCloseTo(2, within(0.1));
      assertThat(values.actionValue(one(1), one(0))).isCloseTo(0, within(0.1));
      assertThat(result.effectiveSampleSize()).isBetween(100.0, 400.0);
      assertThat(result.warning()).isEmpty();
      assertThat(evaluation.evaluate(policy, recordings, values)).isEqualTo(result);
    }
  }

  @Test
  void aPolicyThatDoesWhatWasNeverDoneIsNotToBeTrusted() {
    try (Policy policy = policy(0.999)) {
      OffPolicyResult result = OffPolicyEvaluation.defaults().evaluate(policy, play(0.1, 100));
      assertThat(result.doublyRobust()).isNull();
      assertThat(result.warning()).isPresent();
    }
  }

  @Test
  void saysWhatItCannotJudge() {
    RecordedEpisodes silent =
        RecordedEpisodes.builder(STATE, CHOICES)
            .start(one(0))
            .step(one(1), 1, true, false, one(1))
            .build();
    OffPolicyEvaluation evaluation = OffPolicyEvaluation.defaults();
    try (Policy policy = policy(0.5)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> evaluation.evaluate(policy, silent))
          .withMessage(
              "the recordings do not say how probable each action was under the policy that acted,"
                  + " without which importance sampling knows no ratio: record log-probabilities, or"
                  + " judge by FittedQEvaluation");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> policy.logProbability(one(0), one(2)))
          .withMessage("the action [2.0] is not one of Discrete(2)");
    }
    Box torque = Box.of(-2, 2, 1);
    MlpSpec form =
        new MlpSpec(
            1,
            List.of(),
            List.of(new MlpSpec.Constant("policy", 1, 0)),
            Activation.IDENTITY,
            Initialization.orthogonal());
    try (Policy deterministic =
        new Policy(
            new PolicySpec(STATE, torque, form, new PolicyHead.Deterministic()),
            new PolicySnapshot(new ParameterSnapshot(0, new float[1]), null),
            NetworkEngine.AUTO)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> deterministic.logProbability(one(0), one(1)))
          .withMessageContaining("takes one action only, so others have no density");
    }
  }

  /** A Gaussian's density in the environment's units: half of that in units of the bounds ±2. */
  @Test
  void densitiesAreInTheUnitsOfTheEnvironment() {
    Box torque = Box.of(-2, 2, 1);
    MlpSpec form =
        new MlpSpec(
            1,
            List.of(),
            List.of(new MlpSpec.Constant("mean", 1, 0), new MlpSpec.Constant("log", 1, 0)),
            Activation.IDENTITY,
            Initialization.orthogonal());
    PolicySpec spec = new PolicySpec(STATE, torque, form).withScaledActions(true);
    try (Policy policy =
        new Policy(
            spec,
            new PolicySnapshot(new ParameterSnapshot(0, new float[] {0.25f, -1}), null),
            NetworkEngine.AUTO)) {
      double z = (0.5 - 0.25) * Math.E;
      assertThat(policy.logProbability(one(0), one(1)))
          .isCloseTo(-0.5 * z * z + 1 - 0.5 * Math.log(2 * Math.PI) - Math.log(2), within(1e-5));
    }
  }
}
