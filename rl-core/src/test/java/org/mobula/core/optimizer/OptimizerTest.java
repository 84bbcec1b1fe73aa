package org.mobula.core.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig.Adam;
import org.mobula.core.optimizer.OptimizerConfig.AdamW;
import org.mobula.core.optimizer.OptimizerConfig.Group;
import org.mobula.core.optimizer.OptimizerConfig.RmsProp;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;
import org.mobula.core.random.Pcg64;

class OptimizerTest {
  private static final ParameterLayout LAYOUT =
      new ParameterLayout.Builder().group("policy").add("policy.0.bias", 3).build();

  @Test
  void saysWhatIsWrongWithSettings() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Adam(1, 0.999, 1e-8, 0, false, Map.of()))
        .withMessage("beta1 is 1.0 but must be ≥ 0 and < 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RmsProp(1.5, 1e-8, 0, false, 0, Map.of()))
        .withMessage("alpha is 1.5 but must be between 0 and 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Sgd(0, 0, false, Double.NaN, Map.of()))
        .withMessage("weight-decay is NaN but must be ≥ 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Sgd(0, 0, true, 0, Map.of()))
        .withMessageStartingWith("nesterov needs a momentum > 0");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> new Sgd(0, 0, false, 0, Map.of("log-std", new Group(1, 0))).create(LAYOUT))
        .withMessage(
            "the optimizer has settings for the groups [log-std] but the network's groups are"
                + " [policy]");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Sgd.defaults().create(LAYOUT, 1, 4))
        .withMessage("the slice is [1, 4) but the flat vector has 3 numbers");
  }

  @Test
  void saysWhatIsWrongWithAStepOrASavedState() {
    Optimizer optimizer = Adam.defaults().create(LAYOUT);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> optimizer.step(new float[3], new float[3], Double.NaN))
        .withMessage("learning rate is NaN but must be ≥ 0 and finite");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> optimizer.restore(3, Map.of("square_avg", new float[3])))
        .withMessageContaining(
            "remembers [square_avg] but this one remembers [exp_avg, exp_avg_sq]");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> optimizer.restore(3, Map.of("exp_avg", new float[3], "exp_avg_sq", new float[2])))
        .withMessage("the saved exp_avg_sq has 2 numbers but the slice has 3");
    assertThat(optimizer.steps()).isZero();
  }

  @Test
  void clipsLikePyTorch() {
    float[] gradient = {3, -4};
    GradientClipping.scale(gradient, GradientClipping.coefficient(5, 0.5));
    assertThat(gradient[0]).isCloseTo(3 * 0.5f / 5.000001f, within(1e-7f));
    assertThat(gradient[1]).isCloseTo(-4 * 0.5f / 5.000001f, within(1e-7f));
    assertThat(GradientClipping.coefficient(0.5, 0.6)).isEqualTo(1);
    assertThat(GradientClipping.coefficient(Double.NaN, 0.5)).isEqualTo(1);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> GradientClipping.coefficient(1, 0))
        .withMessage("maximum norm is 0.0 but must be > 0");
  }

  @Test
  void aScaledStepHasTheBitsOfAStepWithAScaledGradient() {
    int size = 1003;
    ParameterLayout layout = new ParameterLayout.Builder().add("w", size).build();
    List<OptimizerConfig> configs =
        List.of(
            Sgd.defaults(),
            new Sgd(0.9, 0, true, 0.01, Map.of()),
            RmsProp.defaults(),
            new RmsProp(0.99, 1e-8, 0.9, true, 0.01, Map.of()),
            Adam.defaults(),
            AdamW.defaults());
    for (OptimizerConfig config : configs) {
      Optimizer before = config.create(layout);
      Optimizer within = config.create(layout);
      Optimizer inStretches = config.create(layout);
      float[] expected = new float[size];
      float[] stepped = new float[size];
      float[] cut = new float[size];
      Pcg64 random = new Pcg64(4);
      for (int step = 0; step < 3; step++) {
        float scale = (float) GradientClipping.coefficient(random.nextDouble() + 1, 0.5);
        float[] gradient = new float[size];
        float[] scaled = new float[size];
        for (int i = 0; i < size; i++) {
          gradient[i] = (float) random.nextGaussian();
          scaled[i] = gradient[i] * scale;
        }
        before.step(expected, scaled, 0.1);
        within.step(stepped, gradient, scale, 0.1);
        assertThat(stepped).as("%s", config).isEqualTo(expected);
        int[] done = {0};
        inStretches.step(
            0,
            cut,
            gradient,
            scale,
            0.1,
            7,
            (from, to) -> {
              assertThat(from).isEqualTo(done[0]);
              assertThat(to).isEqualTo(Math.min(size, from + 7));
              assertThat(Arrays.copyOfRange(cut, from, to))
                  .isEqualTo(Arrays.copyOfRange(expected, from, to));
              done[0] = to;
            });
        assertThat(done[0]).isEqualTo(size);
      }
      assertThat(within.moments()).usingRecursiveComparison().isEqualTo(before.moments());
    }
  }

  @Test
  void theNormOfShardsHasTheBitsOfTheWhole() {
    Pcg64 random = new Pcg64(1);
    float[] values = new float[3 * BlockNorm.BLOCK + 77];
    double exact = 0;
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
      exact += (double) values[i] * values[i];
    }
    double[] sums = new double[BlockNorm.blocks(values.length)];
    // A shard holds whole blocks at other places of its own array.
    float[] shard = new float[2 * BlockNorm.BLOCK];
    System.arraycopy(values, BlockNorm.BLOCK, shard, 0, shard.length);
    sums[0] = BlockNorm.sumOfSquares(values, 0, BlockNorm.BLOCK);
    sums[1] = BlockNorm.sumOfSquares(shard, 0, BlockNorm.BLOCK);
    sums[2] = BlockNorm.sumOfSquares(shard, BlockNorm.BLOCK, shard.length);
    sums[3] = BlockNorm.sumOfSquares(values, 3 * BlockNorm.BLOCK, values.length);
    assertThat(BlockNorm.norm(sums)).isEqualTo(BlockNorm.norm(values, values.length));
    assertThat(BlockNorm.norm(sums)).isCloseTo(Math.sqrt(exact), within(1e-9));
  }

  @Test
  void schedulesGoFromOneEndToTheOther() {
    for (Schedule schedule :
        List.of(
            Schedule.linear(0.3, 0.1),
            new Schedule.Exponential(0.3, 0.1),
            new Schedule.Cosine(0.3, 0.1))) {
      assertThat(schedule.at(0)).isCloseTo(0.3, within(1e-15));
      assertThat(schedule.at(1)).isCloseTo(0.1, within(1e-15));
      assertThat(schedule.at(-5)).isEqualTo(schedule.at(0));
      assertThat(schedule.at(1.01)).isEqualTo(schedule.at(1));
    }
    assertThat(Schedule.constant(0.7).at(0.3)).isEqualTo(0.7);
    assertThat(Schedule.linear(1, 0).at(0.25)).isEqualTo(0.75);
    assertThat(new Schedule.Exponential(1, 0.01).at(0.5)).isCloseTo(0.1, within(1e-12));
    assertThat(new Schedule.Cosine(1, 0).at(1 / 3.0)).isCloseTo(0.75, within(1e-12));
  }

  @Test
  void aPiecewiseScheduleIsLevelOutsideItsPoints() {
    Schedule schedule =
        new Schedule.Piecewise(
            List.of(
                new Schedule.Point(0.2, 1),
                new Schedule.Point(0.6, 3),
                new Schedule.Point(0.8, 0)));
    assertThat(schedule.at(0)).isEqualTo(1);
    assertThat(schedule.at(0.2)).isEqualTo(1);
    assertThat(schedule.at(0.4)).isCloseTo(2, within(1e-12));
    assertThat(schedule.at(0.7)).isCloseTo(1.5, within(1e-12));
    assertThat(schedule.at(0.9)).isZero();
  }

  @Test
  void schedulesKnowHowFarTheyGo() {
    Schedule down = Schedule.linear(0.2, -0.6);
    assertThat(down.least()).isEqualTo(-0.6);
    assertThat(down.greatest()).isEqualTo(0.2);
    Schedule cosine = new Schedule.Cosine(-1, 2);
    assertThat(cosine.least()).isEqualTo(-1);
    assertThat(cosine.greatest()).isEqualTo(2);
    assertThat(new Schedule.Exponential(1, 0.01).least()).isCloseTo(0.01, within(1e-15));
    assertThat(Schedule.constant(-3).least()).isEqualTo(-3);
    Schedule dip =
        new Schedule.Piecewise(
            List.of(
                new Schedule.Point(0.1, 1),
                new Schedule.Point(0.5, -2),
                new Schedule.Point(0.9, 3)));
    assertThat(dip.least()).isEqualTo(-2);
    assertThat(dip.greatest()).isEqualTo(3);
  }

  @Test
  void schedulesSayWhatIsWrong() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Schedule.Exponential(1, 0))
        .withMessage("an exponential schedule goes from 1.0 to 0.0 but both must be > 0");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new Schedule.Piecewise(
                    List.of(new Schedule.Point(0.5, 1), new Schedule.Point(0.5, 2))))
        .withMessage("progress 0.5 comes after 0.5 but the points must ascend");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Schedule.constant(Double.NaN))
        .withMessage("value is NaN but must be finite");
  }
}
