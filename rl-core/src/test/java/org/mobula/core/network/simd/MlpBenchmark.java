package org.mobula.core.network.simd;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.mobula.core.network.Activation;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** A policy and a value network of PPO's usual size, each 4-64-64 with tanh, on one thread. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class MlpBenchmark {
  private static final int BATCH = 256;

  private final MlpNetwork network = new MlpNetwork(spec());
  private final MlpNetwork acting = new MlpNetwork(spec());
  private final float[] parameters = MlpNetworkTest.numbers(spec().layout().size(), 1);
  private final float[] inputs = MlpNetworkTest.numbers(BATCH * 4, 2);
  private final float[] outputGradients = MlpNetworkTest.numbers(BATCH * 3, 3);
  private final float[] outputs = new float[BATCH * 3];
  private final float[] gradient = new float[parameters.length];

  private static MlpSpec spec() {
    return new MlpSpec(
        4,
        List.of(),
        List.of(
            new MlpSpec.Head("policy", List.of(64, 64), 2, 0.01f),
            new MlpSpec.Head("value", List.of(64, 64), 1, 1)),
        Activation.TANH,
        Initialization.orthogonal());
  }

  /** One minibatch of 256 without loss and optimizer. */
  @Benchmark
  public float[] forwardAndBackward() {
    network.forward(inputs, BATCH, outputs);
    network.backward(outputGradients, gradient, null);
    return gradient;
  }

  /** What follows each optimizer step. */
  @Benchmark
  public MlpNetwork setParameters() {
    network.setParameters(parameters);
    return network;
  }

  /** One step of eight environments. */
  @Benchmark
  public float[] forwardOfEight() {
    acting.forward(inputs, 8, outputs);
    return outputs;
  }

  /** One observation. */
  @Benchmark
  public float[] forwardOfOne() {
    acting.forward(inputs, 1, outputs);
    return outputs;
  }
}
