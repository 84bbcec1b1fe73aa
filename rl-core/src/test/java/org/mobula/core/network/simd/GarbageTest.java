package org.mobula.core.network.simd;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.mobula.core.network.Activation;
import org.mobula.core.network.MlpSpec;

class GarbageTest {
  private static final int ROUNDS = 200;

  @ParameterizedTest
  @EnumSource
  void allocatesNothingOnceTheLargestBatchWasSeen(Activation activation) {
    MlpSpec spec = MlpNetworkTest.spec(activation);
    MlpNetwork network = new MlpNetwork(spec);
    float[] parameters = MlpNetworkTest.numbers(spec.layout().size(), 1);
    float[] inputs = MlpNetworkTest.numbers(64 * spec.inputs(), 2);
    float[] outputs = new float[64 * spec.outputs()];
    float[] gradient = new float[spec.layout().size()];
    float[] inputGradients = new float[inputs.length];
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    // Until its methods are compiled, vectors are objects; afterwards a hundred calls make none.
    for (int round = 0; round < ROUNDS && least > 0; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int call = 0; call < 100; call++) {
        network.setParameters(parameters);
        network.forward(inputs, call % 2 == 0 ? 64 : 1, outputs);
        network.backward(outputs, gradient, inputGradients);
      }
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    assertThat(least).isZero();
  }
}
