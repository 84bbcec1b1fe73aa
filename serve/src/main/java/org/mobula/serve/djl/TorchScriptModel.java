package org.mobula.serve.djl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.network.djl.DjlEngine;
import org.mobula.core.network.djl.PyTorchLibrary;
import org.mobula.serve.model.Batch;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.InvalidInputException;
import org.mobula.serve.model.Model;
import org.mobula.serve.model.ModelRunner;
import org.mobula.serve.model.Signature;
import org.mobula.serve.model.Tensor;
import org.mobula.serve.model.TensorSpec;

/**
 * A TorchScript module, computed by DJL's PyTorch engine on the CPU, in one thread a replica unless
 * {@code ai.djl.pytorch.num_threads} says otherwise. Its {@code forward} takes tensors and gives a
 * tensor, or a tuple, list or dictionary of them, all with the rows as their first dimension.
 *
 * <p>Nothing of DJL is loaded before {@link #load} is called: where only policies are served,
 * PyTorch may be absent.
 */
public final class TorchScriptModel implements Model {
  private static final long serialVersionUID = 1L;

  /** One row could be no row at all: a sum's single number would look like it. */
  private static final int TRIAL_ROWS = 2;

  /** Tried for dimensions that may be any: of sequences, then of images from small to large. */
  private static final int[] TRIAL_SIZES = {1, 32, 64, 96, 128, 224, 256, 299, 512};

  private final byte[] file;
  private final Signature signature;

  /** What it computes on where dimensions may be any. */
  private final int trialSize;

  private TorchScriptModel(byte[] file, Signature signature, int trialSize) {
    this.file = file;
    this.signature = signature;
    this.trialSize = trialSize;
  }

  /**
   * Loads a file and computes it once.
   *
   * @param inputs what it takes; if empty, one FP32 input {@code input__0} as wide as the module's
   *     first linear layer is tried
   * @param outputs what it gives; if empty, what the first computation gave: as a dictionary names
   *     it, else {@code output__0}, {@code output__1}, …
   * @throws IOException if that does not go, with a sentence on the reason and the remedy
   */
  public static TorchScriptModel load(Path path, List<TensorSpec> inputs, List<TensorSpec> outputs)
      throws IOException {
    requirePyTorch(path);
    for (TensorSpec input : inputs) {
      if (!TorchScriptRunner.supports(input.datatype())) {
        throw new IOException(
            "input '%s' of %s is %s, which PyTorch has not; use another datatype"
                .formatted(input.name(), path, input.datatype()));
      }
    }
    byte[] file = Files.readAllBytes(path);
    try (TorchScriptRunner runner = newRunner(path, file)) {
      List<TensorSpec> taken = inputs.isEmpty() ? infer(path, runner) : inputs;
      boolean anySize = taken.stream().anyMatch(spec -> spec.shape().lastIndexOf(-1) > 0);
      int trialSize = anySize ? trialSize(path, runner, taken) : 1;
      List<Tensor> results = attempt(path, runner, taken, trialSize);
      List<TensorSpec> given = new ArrayList<>();
      for (Tensor result : results) {
        given.add(describe(result, anySize));
      }
      if (!outputs.isEmpty()) {
        requireLike(path, outputs, results);
      }
      return new TorchScriptModel(
          file, new Signature(taken, outputs.isEmpty() ? given : outputs), trialSize);
    }
  }

  private static void requirePyTorch(Path path) throws IOException {
    try {
      DjlEngine.describe();
    } catch (LinkageError | RuntimeException e) {
      throw new IOException(
          path
              + " needs PyTorch, which this JVM cannot load ("
              + (e.getCause() == null ? e : e.getCause()) // the engine's own words
              + "); "
              + PyTorchLibrary.addition(),
          e);
    }
  }

  private static TorchScriptRunner newRunner(Path path, byte[] file) throws IOException {
    try {
      return new TorchScriptRunner(file, List.of());
    } catch (RuntimeException e) {
      throw new IOException(
          path
              + " is no TorchScript file that PyTorch reads ("
              + reason(e)
              + "); write it by torch.jit.save",
          e);
    }
  }

  /** What the module takes where nobody says it: true if it computes on it. */
  private static List<TensorSpec> infer(Path path, TorchScriptRunner runner) throws IOException {
    OptionalInt width = runner.firstLinearWidth();
    if (width.isPresent()) {
      TensorSpec guess = new TensorSpec("input__0", Datatype.FP32, List.of(-1, width.getAsInt()));
      try {
        attempt(path, runner, List.of(guess), 1);
        return List.of(guess);
      } catch (IOException e) {
        throw unknownInputs(path, e);
      }
    }
    throw unknownInputs(path, null);
  }

  private static IOException unknownInputs(Path path, @Nullable IOException cause) {
    return new IOException(
        path
            + " does not say what it takes; write it beside its path, in the order of forward, such"
            + " as inputs: [{name: observation, datatype: fp32, shape: [-1, 4]}]",
        cause);
  }

  /** An image of a single pixel is too small for most that take images. */
  private static int trialSize(Path path, TorchScriptRunner runner, List<TensorSpec> inputs)
      throws IOException {
    IOException failure = null;
    for (int size : TRIAL_SIZES) {
      try {
        attempt(path, runner, inputs, size);
        return size;
      } catch (IOException e) {
        failure = e;
      }
    }
    throw new IOException(
        "%s; nor does it compute on another size from %s to %s where -1 is any: write the sizes that it takes"
            .formatted(
                failure == null ? path : failure.getMessage(),
                TRIAL_SIZES[0],
                TRIAL_SIZES[TRIAL_SIZES.length - 1]),
        failure);
  }

  private static List<Tensor> attempt(
      Path path, TorchScriptRunner runner, List<TensorSpec> inputs, int any) throws IOException {
    List<Tensor> zeros = new Signature(inputs, List.of()).zeros(TRIAL_ROWS, any);
    try {
      return runner.compute(new Batch(zeros, List.of(new Batch.Request(TRIAL_ROWS, Map.of()))));
    } catch (RuntimeException e) {
      throw new IOException(
          "%s fails on zeros for its inputs %s: %s".formatted(path, zeros, reason(e)), e);
    }
  }

  /** PyTorch's errors have their traces before, and their sentence at the end. */
  private static String reason(RuntimeException error) {
    List<String> lines =
        String.valueOf(error.getMessage()).lines().filter(l -> !l.isBlank()).toList();
    return lines.isEmpty() ? error.toString() : lines.get(lines.size() - 1).strip();
  }

  private static TensorSpec describe(Tensor result, boolean anySize) {
    IntStream inner = IntStream.of(result.shape()).skip(1).map(size -> anySize ? -1 : size);
    return new TensorSpec(
        result.name(), result.datatype(), Stream.concat(Stream.of(-1), inner.boxed()).toList());
  }

  private static void requireLike(Path path, List<TensorSpec> outputs, List<Tensor> results)
      throws IOException {
    boolean fits = outputs.size() == results.size();
    for (int i = 0; fits && i < outputs.size(); i++) {
      fits = outputs.get(i).fits(results.get(i));
    }
    if (!fits) {
      throw new IOException(
          "%s gives %s, which is not what outputs says: %s".formatted(path, results, outputs));
    }
  }

  @Override
  public Signature signature() {
    return signature;
  }

  @Override
  public List<Tensor> trial(int rows) {
    return signature.zeros(rows, trialSize);
  }

  @Override
  public String platform() {
    return "pytorch_libtorch"; // as Triton calls it
  }

  @Override
  public void check(List<Tensor> inputs, Map<String, Object> parameters) {
    if (!parameters.isEmpty()) {
      throw new InvalidInputException(
          "there is no parameter '%s'; a TorchScript model takes none"
              .formatted(parameters.keySet().iterator().next()));
    }
    for (Tensor input : inputs) {
      if (input.datatype() == Datatype.BOOL) {
        requireTruth(input);
      }
    }
  }

  private static void requireTruth(Tensor input) {
    for (byte element : (byte[]) input.data()) {
      if (element != 0 && element != 1) {
        throw new InvalidInputException(
            "input '%s' has the byte %s but a BOOL must be 0 or 1"
                .formatted(input.name(), element & 0xff));
      }
    }
  }

  @Override
  public ModelRunner runner() {
    return new TorchScriptRunner(file, signature.outputs().stream().map(TensorSpec::name).toList());
  }
}
