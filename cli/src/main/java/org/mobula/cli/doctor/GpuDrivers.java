package org.mobula.cli.doctor;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.mobula.cli.doctor.Diagnosis.Gpu;

/** Asks the NVIDIA driver what it drives, without loading CUDA. */
final class GpuDrivers {
  private static final Path PROC = Path.of("/proc/driver/nvidia/gpus");
  private static final long ANSWER_SECONDS = 10;

  private GpuDrivers() {}

  /** nvidia-smi's answer; where it is not installed, the Linux kernel driver's. */
  static List<Gpu> nvidia() {
    List<Gpu> gpus = fromSmi();
    return gpus.isEmpty() ? fromProc(PROC) : gpus;
  }

  private static List<Gpu> fromSmi() {
    try {
      Process smi =
          new ProcessBuilder(
                  "nvidia-smi",
                  "--query-gpu=name,memory.total,driver_version",
                  "--format=csv,noheader,nounits")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try {
        smi.getOutputStream().close();
        if (!smi.waitFor(ANSWER_SECONDS, TimeUnit.SECONDS) || smi.exitValue() != 0) {
          return List.of();
        }
        return parseSmi(new String(smi.getInputStream().readAllBytes(), UTF_8));
      } finally {
        smi.destroyForcibly();
      }
    } catch (IOException e) {
      return List.of(); // not installed
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }

  /** Lines of {@code name, MiB, driver}; a number the driver cannot tell is {@code [N/A]}. */
  static List<Gpu> parseSmi(String answer) {
    return answer
        .lines()
        .map(line -> line.split(",", -1))
        .filter(fields -> fields.length == 3)
        .map(
            fields -> {
              String memory = fields[1].strip();
              return new Gpu(
                  fields[0].strip(),
                  memory.matches("\\d+") ? Long.valueOf(memory) : null,
                  fields[2].strip());
            })
        .toList();
  }

  /** One folder a GPU, in it a file {@code information} with a line {@code Model: name}. */
  static List<Gpu> fromProc(Path folder) {
    List<Gpu> gpus = new ArrayList<>();
    if (!Files.isDirectory(folder)) {
      return gpus;
    }
    try (DirectoryStream<Path> devices = Files.newDirectoryStream(folder)) {
      for (Path device : devices) {
        try (Stream<String> lines = Files.lines(device.resolve("information"))) {
          lines
              .filter(line -> line.startsWith("Model:"))
              .map(line -> new Gpu(line.substring("Model:".length()).strip(), null, null))
              .forEach(gpus::add);
        }
      }
    } catch (IOException e) {
      // A driver that is there but does not answer counts as none.
    }
    return gpus;
  }
}
