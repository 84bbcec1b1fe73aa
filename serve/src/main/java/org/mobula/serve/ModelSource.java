package org.mobula.serve;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.policy.Policy;
import org.mobula.core.training.RunDirectory;
import org.mobula.serve.djl.TorchScriptModel;
import org.mobula.serve.model.Model;
import org.mobula.serve.model.PolicyModel;

/**
 * A model's file, found.
 *
 * @param file the policy, or TorchScript
 * @param number of the version: the step of the checkpoint that it lies in, or the name of its
 *     directory among others of numbers; null where it lies elsewhere
 * @param modified when it was written: another time is another model
 */
record ModelSource(Path file, @Nullable String number, FileTime modified) {
  /** Of a model that came as such: it has one version and never changes. */
  static final ModelSource GIVEN = new ModelSource(Path.of(""), "1", FileTime.fromMillis(0));

  private static final String TORCH_SCRIPT = ".pt";
  private static final Pattern NUMBER = Pattern.compile("[1-9]\\d{0,17}");
  private static final DateTimeFormatter WRITTEN =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final Pattern STEP = Pattern.compile("step-0*(\\d+)");

  /**
   * Finds what a version of a model means now.
   *
   * @throws IOException if there is no such thing
   */
  static ModelSource find(Path path, String version) throws IOException {
    if (Files.isRegularFile(path)) {
      if (isTorchScript(path)) {
        requireNewest(path, version);
      }
      refuseOtherFormat(path);
      return of(path);
    }
    if (Files.isRegularFile(path.resolve(Policy.FILE_NAME))) {
      return of(path.resolve(Policy.FILE_NAME));
    }
    if (!Files.isDirectory(path.resolve("checkpoints"))) {
      Optional<ModelSource> found = torchScript(path, version);
      if (found.isEmpty() && Files.isDirectory(path)) {
        for (Path entry : entries(path)) {
          refuseOtherFormat(entry);
        }
      }
      return found.orElseThrow(
          () ->
              new IOException(
                  path
                      + (Files.exists(path) ? " holds no model" : " does not exist")
                      + "; give a run directory, a checkpoint directory, a policy.safetensors"
                      + " file or a TorchScript file (.pt)"));
    }
    return of(checkpoint(new RunDirectory(path), version).resolve(Policy.FILE_NAME));
  }

  /**
   * Says of a file in a well-known format that is not served which it is, and the way to one that
   * is.
   */
  private static void refuseOtherFormat(Path path) throws IOException {
    String name = String.valueOf(path.getFileName());
    String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    String is =
        switch (ending) {
          case "onnx" -> "an ONNX model";
          case "pt2" -> "a program of torch.export or AOTInductor";
          case "pth", "ckpt", "bin" ->
              "a pickled checkpoint of PyTorch: weights without what computes with them";
          case "zip" -> "an archive, such as Stable-Baselines3 writes";
          case "pkl", "pickle" -> "a pickled object of Python";
          case "h5", "keras", "pb", "tflite" -> "a model of TensorFlow or Keras";
          default -> "";
        };
    if (!is.isEmpty()) {
      throw new IOException(
          path
              + " is "
              + is
              + ", which is not served. "
              + (ending.equals("zip")
                  ? "If it holds a run, a checkpoint or a TorchScript file, unpack it and serve"
                      + " that; else load it in Python"
                  : "Load it in Python")
              + " as a torch.nn.Module and write TorchScript:"
              + " torch.jit.trace(module.eval(), example).save(\"model.pt\")");
    }
  }

  private static Path checkpoint(RunDirectory run, String version) throws IOException {
    List<Path> checkpoints = run.checkpoints();
    Optional<Path> found =
        switch (version) {
          case ModelConfig.NEWEST -> run.latest();
          case ModelConfig.BEST -> run.best();
          default ->
              checkpoints.stream()
                  .filter(c -> step(c).equals(Optional.of(version.replaceFirst("^0+(?=.)", ""))))
                  .findFirst();
        };
    return found.orElseThrow(
        () ->
            new IOException(
                checkpoints.isEmpty()
                    ? run.path() + " has no complete checkpoint yet"
                    : version.equals(ModelConfig.BEST)
                        ? run.path() + " has no best checkpoint: it was not evaluated; use newest"
                        : "%s has no checkpoint of step %s; there are %s"
                            .formatted(
                                run.path(),
                                version,
                                String.join(
                                    ", ",
                                    checkpoints.stream()
                                        .map(c -> step(c).orElseThrow())
                                        .toList()))));
  }

  private static ModelSource of(Path file) throws IOException {
    Path directory = file.toAbsolutePath().getParent();
    return new ModelSource(
        file,
        directory == null ? null : step(directory).orElse(null),
        Files.getLastModifiedTime(file));
  }

  private static Optional<String> step(Path checkpoint) {
    Path name = checkpoint.getFileName();
    Matcher matcher = STEP.matcher(name == null ? "" : name.toString());
    return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  /** A directory with one file, or with numbered directories that have one each. */
  private static Optional<ModelSource> torchScript(Path path, String version) throws IOException {
    if (!Files.isDirectory(path)) {
      return Optional.empty();
    }
    NavigableMap<Long, ModelSource> numbered = new TreeMap<>();
    for (Path entry : entries(path)) {
      String name = String.valueOf(entry.getFileName());
      Optional<Path> file =
          NUMBER.matcher(name).matches() && Files.isDirectory(entry)
              ? single(entry)
              : Optional.empty();
      if (file.isPresent()) {
        FileTime modified = Files.getLastModifiedTime(file.get());
        numbered.put(Long.valueOf(name), new ModelSource(file.get(), name, modified));
      }
    }
    if (numbered.isEmpty()) {
      Optional<Path> file = single(path);
      if (file.isPresent()) {
        requireNewest(path, version);
        return Optional.of(of(file.get()));
      }
      return Optional.empty();
    }
    ModelSource found =
        switch (version) {
          case ModelConfig.NEWEST -> numbered.lastEntry().getValue();
          case ModelConfig.BEST -> null;
          default -> numbered.get(Long.valueOf(version));
        };
    if (found == null) {
      throw new IOException(
          "%s has no version %s; there are %s"
              .formatted(
                  path,
                  version,
                  numbered.keySet().stream()
                      .map(String::valueOf)
                      .collect(Collectors.joining(", "))));
    }
    return Optional.of(found);
  }

  private static void requireNewest(Path path, String version) throws IOException {
    if (!version.equals(ModelConfig.NEWEST)) {
      throw new IOException(
          "%s is one model and has no version %s; serve a directory with 1/model.pt, 2/model.pt, …"
              .formatted(path, version));
    }
  }

  private static List<Path> entries(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.sorted().toList();
    }
  }

  private static Optional<Path> single(Path directory) throws IOException {
    List<Path> files = entries(directory).stream().filter(ModelSource::isTorchScript).toList();
    if (files.size() > 1) {
      throw new IOException(directory + " holds several TorchScript files; name one of them");
    }
    return files.stream().findFirst();
  }

  private static boolean isTorchScript(Path path) {
    return path.toString().endsWith(TORCH_SCRIPT) && Files.isRegularFile(path);
  }

  /**
   * Reads the model.
   *
   * @throws IOException if that cannot be, with a sentence
   */
  Model load(ModelConfig config) throws IOException {
    if (file.toString().endsWith(TORCH_SCRIPT)) {
      return TorchScriptModel.load(file, config.inputs(), config.outputs());
    }
    if (!config.inputs().isEmpty() || !config.outputs().isEmpty()) {
      throw new IOException(
          file + " is a policy, which says itself what it takes; leave out inputs and outputs");
    }
    return PolicyModel.load(file);
  }

  /**
   * What the version is called: its number, or else how often a policy's parameters were changed,
   * or when the file was written, in UTC.
   */
  String version(Model model) {
    if (number != null) {
      return number;
    }
    return model instanceof PolicyModel policy
        ? Long.toString(policy.snapshot().parameters().version())
        : WRITTEN.format(modified.toInstant());
  }
}
