package org.mobula.serve.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.network.djl.DjlEngine;
import org.mobula.serve.model.Batch;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.InvalidInputException;
import org.mobula.serve.model.ModelRunner;
import org.mobula.serve.model.Tensor;
import org.mobula.serve.model.TensorSpec;

final class TorchScriptModelTest {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final List<TensorSpec> ANY_WIDTH = List.of(spec("x", Datatype.FP32, -1, -1));
  private static final List<TensorSpec> MIXED =
      List.of(
          spec("x", Datatype.FP32, -1, 3),
          spec("index", Datatype.INT64, -1),
          spec("mask", Datatype.BOOL, -1));

  private static TensorSpec spec(String name, Datatype datatype, Integer... shape) {
    return new TensorSpec(name, datatype, List.of(shape));
  }

  private static Path file(String name) throws Exception {
    return Path.of(
        Objects.requireNonNull(TorchScriptModelTest.class.getResource(name + ".pt")).toURI());
  }

  private static Batch batch(Tensor... inputs) {
    return new Batch(List.of(inputs), List.of(new Batch.Request(inputs[0].rows(), Map.of())));
  }

  @Test
  void findsWhatALinearLayerTakesAndWhatItGives() throws Exception {
    TorchScriptModel model = TorchScriptModel.load(file("double"), List.of(), List.of());
    assertThat(model.signature().inputs()).containsExactly(spec("input__0", Datatype.FP32, -1, 4));
    assertThat(model.signature().outputs())
        .containsExactly(spec("output__0", Datatype.FP32, -1, 4));
    try (ModelRunner runner = model.runner()) {
      Tensor input = Tensor.of("input__0", new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 2, 4);
      assertThat(runner.compute(batch(input)).get(0).floats())
          .containsExactly(2, 4, 6, 8, 10, 12, 14, 16);
    }
  }

  @Test
  void computesInputsAndOutputsOfSeveralDatatypes() throws Exception {
    TorchScriptModel model = TorchScriptModel.load(file("mixed"), MIXED, List.of());
    assertThat(model.signature().outputs())
        .containsExactly(
            spec("output__0", Datatype.FP32, -1, 3),
            spec("output__1", Datatype.INT64, -1),
            spec("output__2", Datatype.BOOL, -1));
    try (ModelRunner runner = model.runner()) {
      List<Tensor> outputs =
          runner.compute(
              batch(
                  Tensor.of("x", new float[] {1, 2, 3, -4, -5, -6}, 2, 3),
                  new Tensor("index", Datatype.INT64, new long[] {2, 0}, 2),
                  new Tensor("mask", Datatype.BOOL, new byte[] {1, 1}, 2)));
      assertThat(outputs.get(0).floats()).containsExactly(1, 2, 3, -4, -5, -6);
      assertThat((long[]) outputs.get(1).data()).containsExactly(3, 1);
      assertThat((byte[]) outputs.get(2).data()).containsExactly(1, 0);
    }
  }

  @Test
  void outputsAreNamedAsTheyAreConfigured() throws Exception {
    TensorSpec twice = spec("twice", Datatype.FP32, -1, 4);
    TorchScriptModel model = TorchScriptModel.load(file("double"), List.of(), List.of(twice));
    assertThat(model.signature().outputs()).containsExactly(twice);
    try (ModelRunner runner = model.runner()) {
      assertThat(runner.compute(batch(Tensor.of("input__0", new float[4], 1, 4))).get(0).name())
          .isEqualTo("twice");
    }
    assertThatThrownBy(
            () ->
                TorchScriptModel.load(
                    file("double"), List.of(), List.of(spec("twice", Datatype.INT64, -1, 4))))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("gives [output__0 FP32 [2, 4]], which is not what outputs says");
  }

  @Test
  void saysWhatToWriteWhereItCannotFindOut() {
    assertThatThrownBy(() -> TorchScriptModel.load(file("mixed"), List.of(), List.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("mixed.pt does not say what it takes; write it beside its path")
        .hasMessageContaining("inputs: [{name: observation, datatype: fp32, shape: [-1, 4]}]");
    assertThatThrownBy(
            () ->
                TorchScriptModel.load(
                    file("double"), List.of(spec("x", Datatype.FP32, -1, 5)), List.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("fails on zeros for its inputs [x FP32 [2, 5]]: ")
        .hasMessageContaining("cannot be multiplied");
    assertThatThrownBy(() -> TorchScriptModel.load(file("total"), ANY_WIDTH, List.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("output 0 of the model has shape [] for 2 rows");
    assertThatThrownBy(
            () ->
                TorchScriptModel.load(
                    file("double"), List.of(spec("x", Datatype.BYTES, -1)), List.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is BYTES, which PyTorch has not");
  }

  @Test
  void saysThatAFileIsNoTorchScript(@TempDir Path folder) throws Exception {
    Path broken = Files.writeString(folder.resolve("broken.pt"), "no");
    assertThatThrownBy(() -> TorchScriptModel.load(broken, List.of(), List.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("broken.pt is no TorchScript file that PyTorch reads");
  }

  @Test
  void checksWhatASignatureCannot() throws Exception {
    TorchScriptModel model = TorchScriptModel.load(file("mixed"), MIXED, List.of());
    List<Tensor> inputs =
        List.of(
            Tensor.of("x", new float[3], 1, 3),
            new Tensor("index", Datatype.INT64, new long[1], 1),
            new Tensor("mask", Datatype.BOOL, new byte[] {2}, 1));
    assertThatThrownBy(() -> model.check(inputs, Map.of()))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("input 'mask' has the byte 2 but a BOOL must be 0 or 1");
    assertThatThrownBy(() -> model.check(inputs, Map.of("seed", 1L)))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("there is no parameter 'seed'; a TorchScript model takes none");
  }

  @Test
  void oneThreadComputesWhoeverCalls() throws Exception {
    TorchScriptModel model = TorchScriptModel.load(file("double"), List.of(), List.of());
    int[] threads = new int[1];
    Thread caller =
        new Thread(
            () -> {
              try (ModelRunner runner = model.runner()) {
                runner.compute(batch(Tensor.of("input__0", new float[4], 1, 4)));
                threads[0] = JniUtils.getNumThreads();
              }
            });
    caller.start();
    caller.join();
    assertThat(threads).containsExactly(DjlEngine.threads());
  }

  @Test
  void openArraysAndResidentMemoryStayFlatOverThousandsOfBatches() throws Exception {
    assumeTrue(Files.exists(STATUS), "the resident size is read from Linux's /proc");
    TorchScriptModel model = TorchScriptModel.load(file("picky"), ANY_WIDTH, List.of());
    int before = openArrays();
    try (ModelRunner runner = model.runner()) {
      batches(runner, 1_000);
      int arrays = openArrays();
      long kibibytes = residentKibibytes();
      batches(runner, 6_000);
      assertThat(openArrays()).isEqualTo(arrays);
      // The inputs of those that fail alone, were they never freed, would add 750 MiB; Java's heap
      // takes some in its turn.
      assertThat(residentKibibytes() - kibibytes).isLessThan(300 * 1024);
    }
    assertThat(openArrays()).isEqualTo(before);
  }

  private static void batches(ModelRunner runner, int count) {
    float[] good = new float[1 << 16];
    float[] bad = new float[1 << 16];
    Arrays.fill(bad, -1);
    for (int i = 0; i < count; i++) {
      if (i % 2 == 0) {
        runner.compute(batch(Tensor.of("x", good, 64, 1024)));
      } else {
        assertThatThrownBy(() -> runner.compute(batch(Tensor.of("x", bad, 64, 1024))))
            .hasMessageContaining("negative");
      }
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
