package org.mobula.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.network.Activation;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.parameters.SafetensorsFile;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Dict;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiBinary;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;
import org.mobula.core.space.Tuple;

class PolicyHeadTest {
  @TempDir Path folder;

  /** Outputs that do not depend on the observation. */
  private Policy constant(PolicyHead head, Space actions, float... outputs) throws IOException {
    PolicySpec spec = spec(head, actions, outputs.length);
    float[] parameters = new float[spec.network().layout().size()];
    System.arraycopy(outputs, 0, parameters, outputs.length, outputs.length);
    Path file = folder.resolve(Policy.FILE_NAME);
    PolicyFile.write(file, spec, new PolicySnapshot(new ParameterSnapshot(0, parameters), null));
    assertThat(PolicyFile.read(file).spec()).isEqualTo(spec);
    return Policy.load(file);
  }

  private static PolicySpec spec(PolicyHead head, Space actions, int outputs) {
    MlpSpec network =
        new MlpSpec(
            1,
            List.of(),
            List.of(new MlpSpec.Head("out", List.of(), outputs, 1)),
            Activation.TANH,
            Initialization.orthogonal());
    return new PolicySpec(Box.unbounded(1), actions, network, head);
  }

  @Test
  void theGreatestValueIsTakenForCertain() throws IOException {
    try (Policy policy = constant(new PolicyHead.Greedy(), new Discrete(3), 1, 5, 4)) {
      ActionEvaluation evaluation = policy.evaluate(new float[1]);
      assertThat(evaluation.action()).containsExactly(1);
      assertThat(evaluation.logProbability()).isZero();
      assertThat(evaluation.value()).isEqualTo(5);
      assertThat(evaluation.distribution()).containsExactly(0, 1, 0);
      assertThat(policy.act(new float[1], new Pcg64(1))).containsExactly(1);
      ActionEvaluation masked = policy.evaluate(new float[1], new boolean[] {true, false, true});
      assertThat(masked.action()).containsExactly(2);
      assertThat(masked.value()).isEqualTo(4);
      assertThat(policy.act(new float[1], new boolean[] {true, false, false})).containsExactly(0);
    }
  }

  /** Means and logits in the order of the parts, and then the log standard deviation. */
  @Test
  void actionsOfSeveralPartsAreTakenPartByPart() throws IOException {
    Space actions =
        Dict.of("throttle", Box.of(0, 4, 1))
            .with("gear", new Discrete(3))
            .with("lights", new MultiBinary(1));
    float logDeviation = (float) Math.log(0.5);
    try (Policy policy =
        constant(new PolicyHead.Sampled(), actions, 0.5f, 1, 5, 4, -2, logDeviation)) {
      ActionEvaluation evaluation = policy.evaluate(new float[1]);
      assertThat(evaluation.action()).containsExactly(0.5f, 1, 0);
      double gears = Math.exp(1) + Math.exp(5) + Math.exp(4);
      double lit = 1 / (1 + Math.exp(2));
      assertThat(evaluation.distribution())
          .containsExactly(
              new float[] {
                0.5f,
                0.5f,
                (float) (Math.exp(1) / gears),
                (float) (Math.exp(5) / gears),
                (float) (Math.exp(4) / gears),
                (float) lit
              },
              within(1e-6f));
      assertThat(evaluation.logProbability())
          .isCloseTo(
              (float)
                  (-logDeviation
                      - 0.5 * Math.log(2 * Math.PI)
                      + 5
                      - Math.log(gears)
                      + Math.log(1 - lit)),
              within(1e-5f));
      assertThat(policy.act(new float[1], new boolean[] {true, false, true}))
          .containsExactly(0.5f, 2, 0);

      PolicySpec scaled = policy.spec().withScaledActions(true);
      float[] action = {0.5f, 1, 0};
      scaled.actionHead().toEnvironment(action, 0);
      assertThat(action).containsExactly(3, 1, 0);
    }
  }

  /** One box without an end, and none of them has a scale. */
  @Test
  void actionsOfSeveralPartsAreScaledWhereEachBoxHasBounds() {
    assertThat(ActionHead.canScale(Tuple.of(Box.of(0, 4, 1), Box.of(-1, 1, 2)))).isTrue();
    assertThat(ActionHead.canScale(Tuple.of(Box.of(0, 4, 1), Box.unbounded(1)))).isFalse();
    assertThat(ActionHead.canScale(Tuple.of(new Discrete(2), new Discrete(3)))).isFalse();
  }

  @Test
  void advantagesAreAddedToTheValueOfTheState() throws IOException {
    try (Policy policy =
        constant(new PolicyHead.Greedy(), new Discrete(3), 1, 5, 3, /* of the state */ 10)) {
      assertThat(policy.evaluate(new float[1]).value()).isEqualTo(12);
      boolean[] mask = {true, false, true};
      assertThat(policy.evaluate(new float[1], mask).value()).isEqualTo(10);
    }
  }

  /** Of three actions, with the value of the state after them. */
  @Test
  void theMeanOfAnActionsReturnsIsItsValue() throws IOException {
    PolicyHead quantiles = new PolicyHead.Greedy(new ActionValues.QuantileReturns(2));
    float[] advantages = {0, 2, 3, 7, 0, 0};
    float[] dueling = {0, 2, 3, 7, 0, 0, /* of the state */ 9, 11};
    boolean[] mask = {true, false, true};
    try (Policy policy = constant(quantiles, new Discrete(3), advantages)) {
      assertThat(policy.act(new float[1])).containsExactly(1);
      assertThat(policy.evaluate(new float[1]).value()).isEqualTo(5);
      assertThat(policy.evaluate(new float[1], mask).value()).isEqualTo(1);
    }
    try (Policy policy = constant(quantiles, new Discrete(3), dueling)) {
      assertThat(policy.evaluate(new float[1]).value()).isEqualTo(10 + 5 - 2);
      assertThat(policy.evaluate(new float[1], mask).value()).isEqualTo(10 + 1 - 2);
    }
    PolicyHead atoms = new PolicyHead.Greedy(new ActionValues.CategoricalReturns(3, -1, 1));
    float[] logits = {0, 0, 0, 0, 0, (float) Math.log(2), 5, 0, 0};
    try (Policy policy = constant(atoms, new Discrete(3), logits)) {
      assertThat(policy.spec().head()).isEqualTo(atoms);
      assertThat(policy.act(new float[1])).containsExactly(1);
      assertThat(policy.evaluate(new float[1]).value()).isCloseTo(0.25f, within(1e-6f));
    }
  }

  @Test
  void theTangentIsTheAction() throws IOException {
    Box box = Box.of(new float[] {-2, 0}, new float[] {2, 10}, 2);
    try (Policy policy = constant(new PolicyHead.Deterministic(), box, 0.5f, 100)) {
      ActionEvaluation evaluation = policy.evaluate(new float[1], null, new Pcg64(1));
      float tangent = 2 * (float) Math.tanh(0.5);
      assertThat(evaluation.action()).containsExactly(new float[] {tangent, 10}, within(1e-6f));
      assertThat(evaluation.logProbability()).isZero();
      assertThat(evaluation.value()).isNull();
      assertThat(evaluation.distribution())
          .containsExactly(new float[] {tangent, 10, 0, 0}, within(1e-6f));
      assertThat(policy.act(new float[1])).isEqualTo(evaluation.action());
    }
  }

  /** Half widths of 2 take log 2 off each density. */
  @Test
  void theSquashedGaussianHasTheDensityOfItsTangent() throws IOException {
    try (Policy policy = constant(new PolicyHead.Squashed(), Box.of(-2, 2, 1), 0.5f, -1)) {
      ActionEvaluation mode = policy.evaluate(new float[1]);
      double atMode = -0.5 * Math.log(2 * Math.PI) + 1 - logSlope(0.5) - Math.log(2);
      assertThat(mode.action()[0]).isCloseTo(2 * (float) Math.tanh(0.5), within(1e-6f));
      assertThat(mode.logProbability()).isCloseTo((float) atMode, within(1e-5f));
      assertThat(mode.distribution())
          .containsExactly(new float[] {0.5f, (float) Math.exp(-1)}, within(1e-6f));
      ActionEvaluation sample = policy.evaluate(new float[1], null, new Pcg64(3));
      double epsilon = new Pcg64(3).nextGaussian();
      double u = 0.5 + Math.exp(-1) * epsilon;
      double density =
          -0.5 * epsilon * epsilon - 0.5 * Math.log(2 * Math.PI) + 1 - logSlope(u) - Math.log(2);
      assertThat(sample.action()[0]).isCloseTo(2 * (float) Math.tanh(u), within(1e-6f));
      assertThat(sample.logProbability()).isCloseTo((float) density, within(1e-5f));
      assertThat(policy.act(new float[1], new Pcg64(3))).isEqualTo(sample.action());
    }
  }

  /** tanh(50) is 1 as a float; its density is that of u = 50 all the same: log 4 − 100. */
  @Test
  void theDensityIsExactAtTheBounds() throws IOException {
    try (Policy policy = constant(new PolicyHead.Squashed(), Box.of(-1, 1, 1), 50, 0)) {
      ActionEvaluation mode = policy.evaluate(new float[1]);
      assertThat(mode.action()).containsExactly(1);
      double density = -0.5 * Math.log(2 * Math.PI) - (Math.log(4) - 100);
      assertThat(mode.logProbability()).isCloseTo((float) density, within(1e-4f));
    }
  }

  /** As outputs of 2 and −20 would be. */
  @Test
  void logDeviationsAreHeldInRange() throws IOException {
    Box box = Box.of(-1, 1, 2);
    try (Policy wide = constant(new PolicyHead.Squashed(), box, 0, 0, 30, -30);
        Policy held = constant(new PolicyHead.Squashed(), box, 0, 0, 2, -20)) {
      ActionEvaluation one = wide.evaluate(new float[1], null, new Pcg64(1));
      ActionEvaluation other = held.evaluate(new float[1], null, new Pcg64(1));
      assertThat(one).usingRecursiveComparison().isEqualTo(other);
    }
  }

  private static double logSlope(double u) {
    return Math.log(1 - Math.tanh(u) * Math.tanh(u));
  }

  @Test
  void saysWhatDoesNotFit() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> spec(new PolicyHead.Greedy(), new MultiDiscrete(2, 2), 4))
        .withMessage(
            "actions in MultiDiscrete(2, 2) have no greatest value; use a Discrete action space");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> spec(new PolicyHead.Squashed(), new Discrete(2), 2))
        .withMessageContaining("only a Box with finite bounds can be");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> spec(new PolicyHead.Squashed(), Box.of(-1, 1, 2), 2))
        .withMessageContaining("gives 2 outputs but actions in Box")
        .withMessageContaining("need 4, or 5 with a value");
    PolicySpec bounded = spec(new PolicyHead.Deterministic(), Box.of(-1, 1, 2), 2);
    assertThat(bounded.withScaledActions(false)).isEqualTo(bounded);
    assertThatIllegalStateException()
        .isThrownBy(() -> bounded.actionHead().distribution())
        .withMessage("a Deterministic[] head has no distribution: it takes one action only");
  }

  @Test
  void aFileWithAnUnknownHeadIsRefused() throws IOException {
    Policy policy = constant(new PolicyHead.Greedy(), new Discrete(2), 1, 2);
    policy.close();
    Path file = folder.resolve(Policy.FILE_NAME);
    SafetensorsFile whole = SafetensorsFile.read(file);
    String text = Objects.requireNonNull(whole.metadata().get("mobula.policy"));
    new SafetensorsFile(whole.tensors(), Map.of("mobula.policy", text.replace("greedy", "hydra")))
        .write(file);
    assertThatIOException()
        .isThrownBy(() -> Policy.load(file))
        .withMessageEndingWith(
            "the head is of the unknown type hydra but must be one of"
                + " [sampled, greedy, squashed, deterministic]");
  }
}
