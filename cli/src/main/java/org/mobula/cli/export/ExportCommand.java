package org.mobula.cli.export;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.options.PolicyOption;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.cli.process.MobulaVersion;
import org.mobula.core.export.JsonPolicyFile;
import org.mobula.core.export.OnnxPolicyFile;
import org.mobula.core.policy.PolicyFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The command {@code export}. */
@Command(
    name = "export",
    description = {
      "Write a trained policy for programs that know nothing of Mobula.",
      "An ONNX model takes observations as the environment gives them and answers actions in its"
          + " units; its metadata says what each number means."
    })
public final class ExportCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private PolicyOption policy;

  @Option(
      names = "--format",
      paramLabel = "onnx|safetensors|json",
      defaultValue = "ONNX",
      description = "What is written (default: onnx).")
  private Format format = Format.ONNX;

  @Option(
      names = "--output",
      paramLabel = "FILE",
      description =
          "Where to (default: policy.onnx, policy.safetensors or policy.json here). A file that is"
              + " there is replaced.")
  private @Nullable Path output;

  /** What is written. */
  enum Format {
    ONNX,
    SAFETENSORS,
    JSON
  }

  private record Taken(Path file, PolicyFile.Contents contents) {}

  @Override
  public Integer call() throws IOException {
    Taken taken = policy.take(Taken::new);
    Path file =
        output == null ? Path.of("policy." + format.name().toLowerCase(Locale.ROOT)) : output;
    try {
      write(file, taken);
    } catch (IllegalArgumentException e) { // a network that the format cannot express
      throw CommandFailure.usage(
          ErrorReport.message(e),
          "Write its parameters by --format safetensors or json; networks of hidden layers and"
              + " convolutions can be ONNX.");
    } catch (IOException e) {
      throw CommandFailure.failed(
          "the policy cannot be written: " + ErrorReport.message(e),
          "Name a file by --output that can be made, in a folder that is there.",
          e);
    }
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        Locale.ROOT,
        "%s: %,d bytes%s%n",
        file,
        Files.size(file),
        format == Format.ONNX ? " for ONNX's operators of version " + OnnxPolicyFile.OPSET : "");
    out.println("policy: " + taken.file);
    return ExitCode.OK;
  }

  private void write(Path file, Taken taken) throws IOException {
    switch (format) {
      case ONNX -> OnnxPolicyFile.write(file, taken.contents, origin(taken.file));
      case JSON -> JsonPolicyFile.write(file, taken.contents, origin(taken.file));
      case SAFETENSORS -> PolicyFile.write(file, taken.contents.spec(), taken.contents.snapshot());
    }
  }

  /** Where a policy comes from, for whoever finds the file one day. */
  private static Map<String, String> origin(Path file) {
    Map<String, String> origin = new LinkedHashMap<>();
    origin.put("mobula.version", MobulaVersion.current());
    Path path = file.toAbsolutePath().normalize();
    int names = path.getNameCount(); // …/run/checkpoints/step-…/policy.safetensors
    if (names >= 4 && path.getName(names - 3).endsWith("checkpoints")) {
      origin.put("mobula.run", path.getName(names - 4).toString());
      origin.put("mobula.checkpoint", path.getName(names - 2).toString());
    }
    return origin;
  }
}
