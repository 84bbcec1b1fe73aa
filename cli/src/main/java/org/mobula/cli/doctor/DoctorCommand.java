package org.mobula.cli.doctor;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.doctor.Diagnosis.Finding;
import org.mobula.cli.doctor.Diagnosis.Gpu;
import org.mobula.cli.doctor.Diagnosis.PyTorch;
import org.mobula.cli.doctor.Diagnosis.Started;
import org.mobula.cli.options.JsonOption;
import org.mobula.cli.output.Json;
import org.mobula.rollout.gymnasium.PythonPackages;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The command {@code doctor}. */
@Command(
    name = "doctor",
    description = {
      "Show what Mobula finds on this machine, what is missing and how to get it.",
      "Exit code 1 when nothing can be trained here."
    })
public final class DoctorCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Option(names = "--engines", description = "Start the PyTorch engine too (takes seconds).")
  private boolean engines;

  @Option(
      names = "--python",
      paramLabel = "PYTHON",
      description =
          "Look at the packages of this Python: an interpreter, or the folder of a virtual"
              + " environment; python3 of the PATH unless given.")
  private @Nullable String python;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private JsonOption json;

  @Override
  public Integer call() throws JsonProcessingException {
    Diagnosis diagnosis = Examination.examine(engines, python);
    PrintWriter out = spec.commandLine().getOut();
    if (json.isGiven()) {
      out.println(Json.of(diagnosis));
    } else {
      print(diagnosis, out);
    }
    return diagnosis.canTrain() ? ExitCode.OK : ExitCode.SOFTWARE;
  }

  static void print(Diagnosis diagnosis, PrintWriter out) {
    line(out, "Mobula", diagnosis.mobula());
    Diagnosis.Java java = diagnosis.java();
    line(
        out,
        "Java",
        "%s, %s, %s in %s"
            .formatted(java.version(), java.vendor(), java.virtualMachine(), java.home()));
    Diagnosis.Machine machine = diagnosis.machine();
    line(
        out,
        "Machine",
        "%s, %s, %s cores, %s MiB memory, %s MiB heap at most"
            .formatted(
                machine.operatingSystem(),
                machine.architecture(),
                machine.availableProcessors(),
                machine.memoryMib(),
                java.maxHeapMib()));
    Diagnosis.VectorApi vectors = diagnosis.vectorApi();
    line(out, "Vector API", vectors.present() ? vectors.bits() + " bits" : "missing");
    line(out, "PyTorch", describe(diagnosis.pytorch()));
    if (diagnosis.gpus().isEmpty()) {
      line(out, "GPU", "none found");
    }
    for (Gpu gpu : diagnosis.gpus()) {
      String memory = gpu.memoryMib() == null ? "" : ", " + gpu.memoryMib() + " MiB";
      String driver = gpu.driver() == null ? "" : ", driver " + gpu.driver();
      line(out, "GPU", gpu.name() + memory + driver);
    }
    line(out, "Python", describe(diagnosis.python()));
    for (Finding finding : diagnosis.findings()) {
      out.println();
      out.println(
          (finding.blocks() ? "Missing, nothing trains without: " : "Missing: ")
              + finding.missing()
              + ".");
      out.println("  Remedy: " + finding.remedy() + ".");
    }
  }

  private static String describe(PythonPackages python) {
    if (python.error() != null) {
      return "missing";
    }
    String packages =
        python.versions().entrySet().stream()
            .sorted(Map.Entry.comparingByKey())
            .map(each -> ", " + each.getKey() + " " + each.getValue())
            .collect(Collectors.joining());
    return python.version() + ", " + python.executable() + packages;
  }

  private static String describe(PyTorch pytorch) {
    if (!pytorch.present()) {
      return "missing";
    }
    String flavor = pytorch.flavor() == null ? "" : " for " + pytorch.flavor();
    String found = pytorch.library() + flavor + ", DJL " + pytorch.djl();
    Started started = pytorch.started();
    if (started == null) {
      return found + ", not started (--engines starts it)";
    }
    return started.error() == null
        ? String.format(
            Locale.ROOT,
            "%s, started in %.1f s, %d GPUs",
            found,
            started.seconds(),
            started.devices())
        : found + ", does not start";
  }

  private static void line(PrintWriter out, String name, String value) {
    out.printf("%-12s%s%n", name, value);
  }
}
