package org.mobula.parameterserver.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import jcuda.JCudaVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIf;
import org.junit.jupiter.api.io.TempDir;

class GpuDevicesTest {
  @Test
  void saysHowManyThereAreOrWhyThereIsNone() {
    GpuDevices found = GpuDevices.find();
    if (found.count() == 0) {
      assertThat(found.description()).matches("no GPU \\(.{10,}\\)");
    } else {
      assertThat(found.description()).startsWith(found.count() + " GPU");
    }
  }

  @Test
  void saysWhichDevicesThereAreWhenOneIsMissing() {
    GpuDevices found = GpuDevices.find();
    assertThatIllegalStateException()
        .isThrownBy(() -> ShardArithmetic.onGpu(found.count()))
        .withMessage(
            "device %s is not there, for this machine has %s: choose another or compute on the CPU"
                .formatted(found.count(), found.description()));
  }

  @Test
  void noLibraryIsLoadedWhereNoDriverIsInstalled(@TempDir Path nothing) {
    GpuDevices found = GpuDevices.find(List.of(nothing.resolve("driver")));
    assertThat(found.count()).isZero();
    assertThat(found.description())
        .isEqualTo(
            "no GPU (no NVIDIA driver is installed: there is none of %s)"
                .formatted(nothing.resolve("driver")));
  }

  /** A shard whose device is auto then computes on the CPU. */
  @Test
  @DisabledIf(
      value = "thereIsAGpu",
      disabledReason = "the machine has a driver, whose library loads")
  void aDriverThatDoesNotLoadIsReported() {
    for (int attempt = 0; attempt < 2; attempt++) { // the second meets a class that has failed
      assertThatIllegalStateException()
          .isThrownBy(() -> CudaDevice.open(0))
          .withMessageStartingWith("the NVIDIA driver's library does not load (")
          .withMessageEndingWith(
              "): install the driver of this machine's GPU, or compute on the CPU");
    }
  }

  static boolean thereIsAGpu() {
    return GpuDevices.find().count() > 0;
  }

  /** Whoever may write into the directory for temporary files would choose what is loaded. */
  @Test
  void aLibraryThatLiesInTheTemporaryDirectoryIsNotLoaded(@TempDir Path temporary)
      throws Exception {
    Path planted =
        temporary.resolve("libJCudaRuntime-%s-%s.so".formatted(JCudaVersion.get(), "linux-x86_64"));
    Files.write(planted, new byte[] {0x7f, 'E', 'L', 'F'});
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.io.tmpdir=" + temporary,
                "-cp",
                System.getProperty("java.class.path"),
                Looks.class.getName(),
                temporary.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    assertThat(said).doesNotContain(planted.toString()).contains("GPU").contains(temporary + "\n");
    try (Stream<Path> left = Files.list(temporary)) {
      assertThat(left).containsExactly(planted);
    }
  }

  /** Looks for GPUs as where a driver is installed, and says where temporary files lie after it. */
  static final class Looks {
    private Looks() {}

    public static void main(String[] driver) {
      System.err.println(GpuDevices.find(List.of(Path.of(driver[0]))).description());
      System.err.println(System.getProperty("java.io.tmpdir"));
    }
  }
}
