package org.mobula.core.algorithm.dqn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.algorithm.FiniteDifferences;
import org.mobula.core.experience.ReplayBatch;
import org.mobula.core.experience.ReplayShape;
import org.mobula.core.experience.ReplayShape.Encoding;
import org.mobula.core.network.djl.DjlAutograd;
import org.mobula.core.policy.ActionValues;
import org.mobula.core.policy.ActionValues.CategoricalReturns;
import org.mobula.core.policy.ActionValues.ExpectedReturn;
import org.mobula.core.policy.ActionValues.QuantileReturns;
import org.mobula.core.random.Pcg64;

class ValueLossTest {
  private static final int ROWS = 12;
  private static final int ACTIONS = 3;
  private static final float DISCOUNT = 0.9f;

  static List<ActionValues> forms() {
    return List.of(new ExpectedReturn(), new CategoricalReturns(5, -2, 2), new QuantileReturns(4));
  }

  private static ReplayBatch batch(int rows) {
    ReplayBatch batch = new ReplayBatch(new ReplayShape(100, 1, 1, 1, Encoding.FLOAT, 1, 0), rows);
    Arrays.fill(batch.weights, 1);
    return batch;
  }

  /** Transitions with rewards, ends, windows of several steps and importance weights. */
  private static ReplayBatch randomBatch() {
    ReplayBatch batch = batch(ROWS);
    Pcg64 random = new Pcg64(3);
    for (int i = 0; i < ROWS; i++) {
      batch.actions[i] = random.nextInt(ACTIONS);
      batch.rewards[i] = (float) random.nextGaussian();
      batch.discounts[i] = i % 4 == 0 ? 0 : i % 4 == 1 ? DISCOUNT * DISCOUNT : DISCOUNT;
      batch.weights[i] = (float) random.uniform(0.1, 1);
    }
    return batch;
  }

  private static int[] randomActions() {
    Pcg64 random = new Pcg64(4);
    int[] actions = new int[ROWS];
    for (int i = 0; i < ROWS; i++) {
      actions[i] = random.nextInt(ACTIONS);
    }
    return actions;
  }

  @ParameterizedTest
  @MethodSource("forms")
  void gradientAgreesWithFiniteDifferences(ActionValues form) {
    float[] outputs = FiniteDifferences.numbers(ROWS * ACTIONS * form.width(), 1);
    float[] next = FiniteDifferences.numbers(outputs.length, 2);
    float[] gradients = new float[outputs.length];
    ReplayBatch batch = randomBatch();
    gradient(form, outputs, next, batch, gradients, new float[ROWS]);
    FiniteDifferences.check(
        outputs,
        gradients,
        () -> gradient(form, outputs, next, batch, new float[outputs.length], new float[ROWS]),
        1e-3);
  }

  private static double gradient(
      ActionValues form,
      float[] outputs,
      float[] next,
      ReplayBatch batch,
      float[] gradients,
      float[] errors) {
    ValueRows rows = rows(form.width(), batch, ROWS, outputs, next, randomActions());
    double sum = ValueLoss.of(form).gradient(rows, 1f / ROWS);
    System.arraycopy(rows.gradients, 0, gradients, 0, gradients.length);
    System.arraycopy(rows.errors, 0, errors, 0, ROWS);
    return sum / ROWS;
  }

  private static ValueRows rows(
      int width, ReplayBatch batch, int count, float[] values, float[] next, int[] nextActions) {
    int actions = values.length / count / width;
    ValueRows rows = new ValueRows(batch, count, actions, width);
    rows.count = count;
    System.arraycopy(values, 0, rows.values, 0, values.length);
    System.arraycopy(next, 0, rows.nextValues, 0, next.length);
    System.arraycopy(nextActions, 0, rows.nextActions, 0, count);
    return rows;
  }

  @ParameterizedTest
  @MethodSource("forms")
  void agreesWithTheGradientOfPyTorch(ActionValues form) {
    int width = form.width();
    float[] outputs = FiniteDifferences.numbers(ROWS * ACTIONS * width, 1);
    float[] next = FiniteDifferences.numbers(outputs.length, 2);
    ReplayBatch batch = randomBatch();
    float[] gradients = new float[outputs.length];
    double value = gradient(form, outputs, next, batch, gradients, new float[ROWS]);
    // Picks the numbers of the action taken, [rows][actions][1].
    float[] taken = new float[ROWS * ACTIONS];
    float[][] nextTaken = new float[ROWS][];
    for (int i = 0; i < ROWS; i++) {
      taken[i * ACTIONS + (int) batch.actions[i]] = 1;
      int from = (i * ACTIONS + randomActions()[i]) * width;
      nextTaken[i] = Arrays.copyOfRange(next, from, from + width);
    }
    Shape shape = new Shape(ROWS, ACTIONS, width);
    UnaryOperator<NDArray> function =
        array -> {
          NDManager manager = array.getManager();
          NDArray mask = manager.create(taken, new Shape(ROWS, ACTIONS, 1));
          NDArray weights = manager.create(batch.weights, new Shape(ROWS));
          NDArray perRow;
          if (form instanceof ExpectedReturn) {
            NDArray error =
                array
                    .mul(mask)
                    .sum(new int[] {1, 2})
                    .sub(manager.create(targets(batch, nextTaken)));
            perRow = huber(error);
          } else if (form instanceof CategoricalReturns) {
            NDArray logs = array.logSoftmax(2).mul(mask).sum(new int[] {1});
            NDArray target = manager.create(projections(batch, nextTaken), new Shape(ROWS, width));
            perRow = logs.mul(target).sum(new int[] {1}).neg();
          } else {
            NDArray theta = array.mul(mask).sum(new int[] {1}).expandDims(2);
            NDArray target =
                manager
                    .create(quantileTargets(batch, nextTaken), new Shape(ROWS, 1, width))
                    .broadcast(ROWS, width, width);
            NDArray error = target.sub(theta);
            float[] middles = {0.125f, 0.375f, 0.625f, 0.875f};
            NDArray tau = manager.create(middles, new Shape(1, width, 1));
            NDArray below = error.lt(0).toType(array.getDataType(), false);
            NDArray weight = tau.sub(below).abs();
            perRow = huber(error).mul(weight).mean(new int[] {2}).sum(new int[] {1});
          }
          return perRow.mul(weights).mean();
        };
    assertThat((double) DjlAutograd.value(outputs, shape, function)).isCloseTo(value, within(1e-5));
    float[] expected = DjlAutograd.gradient(outputs, shape, function);
    for (int i = 0; i < outputs.length; i++) {
      assertThat(gradients[i]).as("output " + i).isCloseTo(expected[i], within(1e-6f));
    }
  }

  private static NDArray huber(NDArray error) {
    NDArray size = error.abs();
    return NDArrays.where(size.lt(1), error.mul(error).mul(0.5), size.sub(0.5));
  }

  private static float[] targets(ReplayBatch batch, float[][] next) {
    float[] targets = new float[ROWS];
    for (int i = 0; i < ROWS; i++) {
      targets[i] = batch.rewards[i] + batch.discounts[i] * next[i][0];
    }
    return targets;
  }

  private static float[] quantileTargets(ReplayBatch batch, float[][] next) {
    int width = next[0].length;
    float[] targets = new float[ROWS * width];
    for (int i = 0; i < targets.length; i++) {
      int row = i / width;
      targets[i] = batch.rewards[row] + batch.discounts[row] * next[row][i % width];
    }
    return targets;
  }

  /** By the triangular kernel of each atom, not by sharing out to neighbours. */
  private static float[] projections(ReplayBatch batch, float[][] next) {
    int width = next[0].length;
    float[] targets = new float[ROWS * width];
    for (int row = 0; row < ROWS; row++) {
      double sum = 0;
      for (float logit : next[row]) {
        sum += Math.exp(logit);
      }
      for (int atom = 0; atom < width; atom++) {
        double share = 0;
        for (int from = 0; from < width; from++) {
          double place = batch.rewards[row] + batch.discounts[row] * (from - 2);
          double held = Math.max(-2, Math.min(2, place));
          share += Math.exp(next[row][from]) / sum * Math.max(0, 1 - Math.abs(held - (atom - 2)));
        }
        targets[row * width + atom] = (float) share;
      }
    }
    return targets;
  }

  /**
   * RLax's vector of double Q-learning: the second network chooses, the first one says the worth.
   */
  @Test
  void agreesWithThePublishedVectorOfDoubleQLearning() {
    float[] outputs = {1, 1, 0, 1, 2, 0};
    float[] value = {99, 1, 98, 91, 2, 66};
    float[] selector = {2, 10, 1, 11, 20, 1};
    ReplayBatch batch = batch(2);
    batch.actions[1] = 1;
    Arrays.fill(batch.rewards, 1);
    batch.discounts[1] = 1;
    int[] nextActions = new int[2];
    for (int i = 0; i < 2; i++) {
      nextActions[i] = ValueLoss.best(selector, 3 * i, 3, new boolean[0], 0);
    }
    ValueLoss loss = new ExpectedLoss();
    ValueRows rows = rows(1, batch, 2, outputs, value, nextActions);
    loss.gradient(rows, 0.5f);
    // Their error is target − value.
    assertThat(rows.errors).containsExactly(0, -1);
  }

  /** RLax's vector of categorical Q-learning: atoms 0.5, 1, 1.5. */
  @Test
  void agreesWithThePublishedVectorOfC51() {
    float[] outputs = {
      1, 1, 1, 0, 9, 9, 0, 9, 0, 0, 0, 0,
      9, 9, 0, 9, 0, 9, 0, 0, 0, 9, -9, 0,
      1, 1, 1, 0, 9, 9, 0, 0, 0, 0, 9, 0,
      9, 9, 0, 9, 0, 9, 0, 0, 0, 9, -9, 0,
      9, 9, 0, 9, 0, 9, 0, 0, 0, 9, -9, 0
    };
    float[] next = {
      1, 1, 1, 9, 0, 9, 1, 0, 0, 0, 0, 9,
      9, 9, 0, 9, 0, 0, 1, 1, 1, 9, -9, 0,
      1, 1, 1, 9, 0, 9, 0, 0, 9, 1, 0, 0,
      9, 9, 0, 9, 0, 0, 1, 1, 1, 9, -9, 0,
      9, 9, 0, 9, 0, 0, 0, 9, 9, 9, -9, 0
    };
    ReplayBatch batch = batch(5);
    float[] actions = {2, 1, 3, 0, 1};
    float[] rewards = {0.5f, 0, 0.5f, 0.8f, -0.1f};
    float[] discounts = {0.8f, 1, 0.8f, 0, 1};
    System.arraycopy(actions, 0, batch.actions, 0, 5);
    System.arraycopy(rewards, 0, batch.rewards, 0, 5);
    System.arraycopy(discounts, 0, batch.discounts, 0, 5);
    ActionValues form = new CategoricalReturns(3, 0.5, 1.5);
    ValueLoss loss = ValueLoss.of(form);
    float[] values = new float[20];
    for (int i = 0; i < 20; i++) {
      values[i] = form.expected(next, 3 * i);
    }
    int[] nextActions = new int[5];
    for (int i = 0; i < 5; i++) {
      nextActions[i] = ValueLoss.best(values, 4 * i, 4, new boolean[0], 0);
    }
    ValueRows rows = rows(3, batch, 5, outputs, next, nextActions);
    loss.gradient(rows, 0.2f);
    float[] expected = {8.998915f, 3.6932087f, 8.998915f, 0.69320893f, 5.1929307f};
    for (int i = 0; i < 5; i++) {
      assertThat(rows.errors[i]).isCloseTo(expected[i], within(1e-5f * expected[i]));
    }
  }

  /** RLax's vectors of quantile regression with Huber's loss at 2. */
  @ParameterizedTest
  @CsvSource({"0.2, 0.7, 2.5", "0, 0.4, 2.8333333"})
  void agreesWithThePublishedVectorOfQuantileRegression(float first, float second, double value) {
    // Three quantiles of the target against two: a third of fraction 0 that never errs is added.
    float[] fractions = {first, second, 0};
    float[] outputs = {-1, 3, -100};
    float[] next = {-3, 4, 2};
    ReplayBatch batch = batch(1);
    batch.discounts[0] = 1;
    ValueLoss loss = new QuantileLoss(fractions, 2);
    assertThat(loss.gradient(rows(3, batch, 1, outputs, next, new int[1]), 1))
        .isCloseTo(value, within(1e-6));
  }

  @ParameterizedTest
  @MethodSource("forms")
  void aPartOfAMinibatchGivesItsPartOfTheGradient(ActionValues form) {
    ValueLoss loss = ValueLoss.of(form);
    int stride = ACTIONS * form.width();
    float[] outputs = FiniteDifferences.numbers(ROWS * stride, 1);
    float[] next = FiniteDifferences.numbers(outputs.length, 2);
    ReplayBatch batch = randomBatch();
    float[] whole = new float[outputs.length];
    float[] errors = new float[ROWS];
    gradient(form, outputs, next, batch, whole, errors);
    int first = 5;
    int count = 4;
    int end = (first + count) * stride;
    ValueRows rows =
        rows(
            form.width(),
            batch,
            count,
            Arrays.copyOfRange(outputs, first * stride, end),
            Arrays.copyOfRange(next, first * stride, end),
            Arrays.copyOfRange(randomActions(), first, first + count));
    rows.first = first;
    loss.gradient(rows, 1f / ROWS);
    assertThat(rows.gradients).isEqualTo(Arrays.copyOfRange(whole, first * stride, end));
    assertThat(rows.errors).isEqualTo(Arrays.copyOfRange(errors, first, first + count));
  }

  @ParameterizedTest
  @MethodSource("forms")
  void nothingFollowsATerminalStateNotEvenWhatIsNoNumber(ActionValues form) {
    ValueLoss loss = ValueLoss.of(form);
    float[] outputs = FiniteDifferences.numbers(ACTIONS * form.width(), 1);
    float[] next = new float[outputs.length];
    Arrays.fill(next, Float.NaN);
    ReplayBatch batch = batch(1);
    batch.rewards[0] = 1;
    ValueRows rows = rows(form.width(), batch, 1, outputs, next, new int[1]);
    assertThat(loss.gradient(rows, 1)).isFinite();
    for (float number : rows.gradients) {
      assertThat(number).isFinite();
    }
  }

  @Test
  void choosesTheBestOfWhatIsAllowed() {
    float[] values = {9, 1, 5, 5, 2};
    assertThat(ValueLoss.best(values, 1, 4, new boolean[0], 0)).isEqualTo(1);
    boolean[] mask = {true, true, false, false, true};
    assertThat(ValueLoss.best(values, 1, 4, mask, 1)).isEqualTo(3);
    assertThat(ValueLoss.best(values, 1, 4, new boolean[5], 1)).as("nothing").isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void duelingOutputsMakeValuesAndTakeTheirGradient(int width) {
    Dueling dueling = new Dueling(ACTIONS, width);
    float[] outputs = FiniteDifferences.numbers(2 * dueling.outputs(), 1);
    float[] values = new float[2 * ACTIONS * width];
    dueling.combine(outputs, 2, values);
    for (int row = 0; row < 2; row++) {
      for (int i = 0; i < width; i++) {
        float mean = 0;
        for (int action = 0; action < ACTIONS; action++) {
          mean += values[(row * ACTIONS + action) * width + i] / ACTIONS;
        }
        assertThat(mean)
            .as("the mean of the values is the state's")
            .isCloseTo(outputs[row * dueling.outputs() + ACTIONS * width + i], within(1e-6f));
      }
    }
    float[] valueGradients = FiniteDifferences.numbers(values.length, 2);
    float[] gradients = new float[outputs.length];
    dueling.spread(valueGradients, 2, gradients);
    FiniteDifferences.check(
        outputs,
        gradients,
        () -> {
          dueling.combine(outputs, 2, values);
          double sum = 0;
          for (int i = 0; i < values.length; i++) {
            sum += (double) values[i] * valueGradients[i];
          }
          return sum;
        },
        1e-4);
  }
}
