package org.mobula.core.network.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.mobula.core.network.Activation;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.Network;
import org.mobula.core.random.Pcg64;

class NativeMemoryTest {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final int BATCH = 1024;
  private static final MlpSpec SPEC =
      new MlpSpec(
          4,
          List.of(64),
          List.of(
              new MlpSpec.Head("policy", List.of(), 2, 0.01f),
              new MlpSpec.Constant("log_std", 2, 0),
              new MlpSpec.Head("value", List.of(), 1, 1)),
          Activation.SILU,
          Initialization.orthogonal());

  @Test
  void openArraysAndResidentMemoryStayFlatOverThousandsOfUpdates() throws IOException {
    assumeTrue(Files.exists(STATUS), "the resident size is read from Linux's /proc");
    try (Network network = DjlNetwork.of(SPEC)) {
      updates(network, 500);
      int arrays = openArrays();
      long kibibytes = residentKibibytes();
      updates(network, 3000);
      assertThat(openArrays()).isEqualTo(arrays);
      // One hidden layer of one update that is never freed would add 750 MiB.
      assertThat(residentKibibytes() - kibibytes).isLessThan(100 * 1024);
    }
  }

  private static void updates(Network network, int count) {
    float[] parameters = SPEC.initialParameters(new Pcg64(1));
    float[] inputs = new float[BATCH * 4];
    float[] inputGradients = new float[BATCH * 4];
    float[] outputs = new float[BATCH * 5];
    float[] gradient = new float[parameters.length];
    for (int i = 0; i < count; i++) {
      network.setParameters(parameters);
      network.forward(inputs, BATCH, outputs);
      network.backward(outputs, gradient, i % 2 == 0 ? null : inputGradients);
    }
  }

  @Test
  void closingFreesEveryArray() {
    int before = openArrays();
    Network network = DjlNetwork.of(SPEC);
    updates(network, 2);
    Network copy = network.copy();
    updates(copy, 2);
    assertThat(openArrays()).isGreaterThan(before);
    network.close();
    copy.close();
    assertThat(openArrays()).isEqualTo(before);
    assertThatIllegalStateException()
        .isThrownBy(() -> network.setParameters(SPEC.initialParameters(new Pcg64(1))))
        .withMessage("the network is closed");
  }

  @Test
  void twoNetworksLearnInTwoThreadsAtOnce() throws Exception {
    CyclicBarrier bothRecorded = new CyclicBarrier(2);
    float[] expected = gradient(DjlNetwork.of(SPEC), new CyclicBarrier(1));
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      List<Future<float[]>> gradients = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        gradients.add(threads.submit(() -> gradient(DjlNetwork.of(SPEC), bothRecorded)));
      }
      for (Future<float[]> gradient : gradients) {
        assertThat(gradient.get()).isEqualTo(expected);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  /** Both threads hold an open recording whenever they pass the barrier. */
  private static float[] gradient(Network network, CyclicBarrier bothRecorded) throws Exception {
    try (network) {
      network.setParameters(SPEC.initialParameters(new Pcg64(1)));
      float[] inputs = new float[BATCH * 4];
      Pcg64 random = new Pcg64(2);
      for (int i = 0; i < inputs.length; i++) {
        inputs[i] = (float) random.nextGaussian();
      }
      float[] outputs = new float[BATCH * 5];
      float[] gradient = new float[SPEC.layout().size()];
      for (int i = 0; i < 50; i++) {
        network.forward(inputs, BATCH, outputs);
        bothRecorded.await();
        network.backward(outputs, gradient, null);
      }
      return gradient;
    }
  }

  private static int openArrays() {
    try (NDManager scope = DjlEngine.newScope()) {
      return scope.getParentManager().getManagedArrays().size();
    }
  }

  private static long residentKibibytes() throws IOException {
    for (String line : Files.readAllLines(STATUS)) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new IOException(STATUS + " does not tell the resident size");
  }
}
