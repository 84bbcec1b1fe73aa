package org.mobula.core.distribution;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What one sample of a minibatch costs: log-probability, entropy and the gradient of both. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class ActionDistributionBenchmark {
  private static final int ROWS = 256;

  /** The family. */
  @Param({"categorical2", "categorical6", "bernoulli3", "gaussian6"})
  public String family = "";

  private final SplittableRandom random = new SplittableRandom(1);
  private ActionDistribution distribution = new Categorical(2);
  private float[] parameters = {};
  private float[] actions = {};
  private float[] gradient = {};
  private float[] evaluation = {};

  /** Random rows. */
  @Setup
  public void prepare() {
    distribution =
        switch (family) {
          case "categorical2" -> new Categorical(2);
          case "categorical6" -> new Categorical(6);
          case "bernoulli3" -> new Bernoulli(3);
          case "gaussian6" -> new DiagonalGaussian(6);
          default -> throw new IllegalArgumentException(family);
        };
    parameters = new float[ROWS * distribution.parameters()];
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] = (float) random.nextDouble(-1, 1);
    }
    actions = new float[ROWS * distribution.actionSize()];
    gradient = new float[parameters.length];
    evaluation = new float[distribution.evaluationSize()];
    sample();
  }

  /** One draw. */
  @Benchmark
  @OperationsPerInvocation(ROWS)
  public float[] sample() {
    for (int row = 0; row < ROWS; row++) {
      distribution.sample(
          parameters,
          row * distribution.parameters(),
          random,
          actions,
          row * distribution.actionSize());
    }
    return actions;
  }

  /** Part by part. */
  @Benchmark
  @OperationsPerInvocation(ROWS)
  public float[] separately() {
    for (int row = 0; row < ROWS; row++) {
      int offset = row * distribution.parameters();
      int actionOffset = row * distribution.actionSize();
      float ratio =
          distribution.logProbability(parameters, offset, actions, actionOffset)
              + distribution.entropy(parameters, offset);
      distribution.addLogProbabilityGradient(
          parameters, offset, actions, actionOffset, ratio, gradient, offset);
      distribution.addEntropyGradient(parameters, offset, .01f, gradient, offset);
    }
    return gradient;
  }

  /** In two calls that share their exponentials. */
  @Benchmark
  @OperationsPerInvocation(ROWS)
  public float[] evaluated() {
    for (int row = 0; row < ROWS; row++) {
      int offset = row * distribution.parameters();
      int actionOffset = row * distribution.actionSize();
      distribution.evaluate(parameters, offset, actions, actionOffset, evaluation, 0);
      float ratio = evaluation[0] + evaluation[1];
      distribution.addGradient(
          parameters, offset, actions, actionOffset, evaluation, 0, ratio, .01f, gradient, offset);
    }
    return gradient;
  }
}
