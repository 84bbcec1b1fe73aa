package org.mobula.serve.model;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.PolicyFile;
import org.mobula.core.policy.PolicyRunner;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.recording.RecordingSchema;
import org.mobula.core.space.Box;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;

/**
 * A trained policy as a model, its normaliser inside.
 *
 * <p>Input: {@code observation}, FP32 {@code [-1, …]}, the shape of a box or the encoding of
 * another space. Where the policy was trained with action masks, also {@code mask}, BOOL {@code
 * [-1, choices]}, true where the choice is allowed. Outputs: {@code action}, FP32 {@code [-1, …]}
 * in a box, INT64 {@code [-1]} or {@code [-1, m]} elsewhere; {@code log_probability}, FP32 {@code
 * [-1]}, in the environment's units and before an action is clipped to its box, 0 of a policy that
 * takes one action only; and {@code value}, FP32 {@code [-1]}, if the policy estimates it.
 *
 * <p>Parameters: {@code deterministic}, by default true: the most likely action; {@code seed}, a
 * whole number: the same actions again, whatever else is in the batch.
 *
 * @param spec the policy's form
 * @param snapshot its parameters and normaliser
 * @param engine what computes the network
 */
public record PolicyModel(PolicySpec spec, PolicySnapshot snapshot, NetworkEngine engine)
    implements Model {
  /** The first input. */
  public static final String OBSERVATION = "observation";

  /** The second input of a policy that was trained with action masks. */
  public static final String MASK = "mask";

  /** The first output. */
  public static final String ACTION = "action";

  /** The second output. */
  public static final String LOG_PROBABILITY = "log_probability";

  /** The third output, if there is one. */
  public static final String VALUE = "value";

  /** The parameter that chooses between the most likely action and a sampled one. */
  public static final String DETERMINISTIC = "deterministic";

  /** The parameter that makes samples repeatable. */
  public static final String SEED = "seed";

  /** Loads {@code policy.safetensors}, or that of a checkpoint's or a run's directory. */
  public static PolicyModel load(Path path) throws IOException {
    PolicyFile.Contents contents = PolicyFile.read(PolicyFile.locate(path));
    return new PolicyModel(contents.spec(), contents.snapshot(), NetworkEngine.AUTO);
  }

  @Override
  public Signature signature() {
    Space observations = spec.observationSpace();
    List<TensorSpec> outputs = new ArrayList<>();
    outputs.add(
        new TensorSpec(
            ACTION,
            ActionForm.hasBox(spec.actionSpace()) ? Datatype.FP32 : Datatype.INT64,
            ActionForm.shape(spec.actionSpace())));
    outputs.add(new TensorSpec(LOG_PROBABILITY, Datatype.FP32, List.of(-1)));
    if (spec.hasValue()) {
      outputs.add(new TensorSpec(VALUE, Datatype.FP32, List.of(-1)));
    }
    List<TensorSpec> inputs = new ArrayList<>();
    inputs.add(
        new TensorSpec(
            OBSERVATION,
            Datatype.FP32,
            observations instanceof Box
                ? ActionForm.shape(observations)
                : List.of(-1, observations.size())));
    if (spec.masksActions()) {
      inputs.add(new TensorSpec(MASK, Datatype.BOOL, List.of(-1, spec.actionSpace().maskSize())));
    }
    return new Signature(inputs, outputs);
  }

  /** Zeros, and masks that allow everything: one that allows nothing is no mask. */
  @Override
  public List<Tensor> trial(int rows) {
    List<Tensor> inputs = signature().zeros(rows);
    if (spec.masksActions()) {
      Arrays.fill((byte[]) inputs.get(1).data(), (byte) 1);
    }
    return inputs;
  }

  /** The spaces, so that readers need not be told. */
  @Override
  public Map<String, String> recordingMetadata() {
    return RecordingSchema.metadata(spec.observationSpace(), spec.actionSpace());
  }

  @Override
  public String platform() {
    return "mobula_policy";
  }

  @Override
  public void check(List<Tensor> inputs, Map<String, Object> parameters) {
    for (Map.Entry<String, Object> parameter : parameters.entrySet()) {
      check(parameter.getKey(), parameter.getValue());
    }
    float[] values = inputs.get(0).floats();
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new InvalidInputException(
            "element %s of input 'observation' is %s but must be a finite number"
                .formatted(i, values[i]));
      }
    }
    Space space = spec.observationSpace();
    if (!(space instanceof Box)) { // what is outside a box is unusual; an index outside is nothing
      for (int row = 0; row < inputs.get(0).rows(); row++) {
        if (!space.contains(values, row * space.size())) {
          throw new InvalidInputException(
              "row %s of input 'observation' is no encoding of a value in %s"
                  .formatted(row, space));
        }
      }
    }
    if (spec.masksActions()) {
      checkMasks(inputs.get(1));
    }
  }

  private void checkMasks(Tensor masks) {
    byte[] flags = (byte[]) masks.data();
    int[] choices =
        spec.actionSpace().leaves().stream()
            .flatMapToInt(
                leaf ->
                    leaf instanceof MultiDiscrete multi
                        ? Arrays.stream(multi.nvec())
                        : IntStream.of(leaf.maskSize()))
            .filter(size -> size > 0)
            .toArray();
    int at = 0;
    for (int row = 0; row < masks.rows(); row++) {
      for (int size : choices) {
        int end = at + size;
        boolean allowed = false;
        while (at < end) {
          allowed |= flags[at++] != 0;
        }
        if (!allowed) {
          throw new InvalidInputException(
              "row %s of input 'mask' allows none of %s choices; allow at least one"
                  .formatted(row, size));
        }
      }
    }
  }

  private static void check(String name, Object value) {
    switch (name) {
      case DETERMINISTIC -> {
        if (!(value instanceof Boolean)) {
          throw new InvalidInputException(
              "parameter 'deterministic' is " + value + " but must be true or false");
        }
      }
      case SEED -> {
        if (!(value instanceof Long)) {
          throw new InvalidInputException(
              "parameter 'seed' is " + value + " but must be a whole number of 64 bits");
        }
      }
      default ->
          throw new InvalidInputException(
              Signature.unknown("parameter", name, List.of(DETERMINISTIC, SEED)));
    }
  }

  @Override
  public ModelRunner runner() {
    return new Runner(this);
  }

  private static final class Runner implements ModelRunner {
    private final PolicyRunner runner;
    private final ActionHead head;
    private final Space actionSpace;
    private final ActionForm form;

    private final int featureCount;
    private final int outputWidth;
    private final boolean hasValue;
    private final boolean[] mask;
    private final Pcg64 random = new Pcg64(new SecureRandom().nextLong());
    private float[] features = new float[0];
    private float[] outputs = new float[0];

    Runner(PolicyModel model) {
      PolicySpec spec = model.spec;
      runner = new PolicyRunner(spec, model.engine.create(spec.network()));
      runner.set(model.snapshot);
      head = spec.actionHead();
      actionSpace = spec.actionSpace();
      form = new ActionForm(actionSpace);
      featureCount = spec.observationSpace().flatSize();
      outputWidth = spec.network().outputs();
      hasValue = spec.hasValue();
      mask = new boolean[spec.masksActions() ? actionSpace.maskSize() : 0];
    }

    @Override
    public List<Tensor> compute(Batch batch) {
      int rows = batch.rows();
      if (features.length < rows * featureCount || outputs.length < rows * outputWidth) {
        features = new float[rows * featureCount];
        outputs = new float[rows * outputWidth];
      }
      runner.flatten(batch.inputs().get(0).floats(), rows, features);
      runner.normalize(features, rows);
      runner.forward(features, rows, outputs);
      requireFinite(rows);
      if (mask.length > 0) {
        forbid((byte[]) batch.inputs().get(1).data(), rows);
      }

      int size = actionSpace.size();
      float[] actions = new float[rows * size];
      float[] logProbabilities = new float[rows];
      int row = 0;
      for (Batch.Request request : batch.requests()) {
        int end = row + request.rows();
        act(request.parameters(), row, end, actions, logProbabilities);
        row = end;
      }
      List<Tensor> results = new ArrayList<>(3);
      results.add(form.tensor(actions, rows));
      results.add(Tensor.of(LOG_PROBABILITY, logProbabilities, rows));
      if (hasValue) {
        float[] values = new float[rows];
        for (row = 0; row < rows; row++) {
          values[row] = head.value(outputs, row * outputWidth);
        }
        results.add(Tensor.of(VALUE, values, rows));
      }
      return results;
    }

    private void forbid(byte[] flags, int rows) {
      for (int row = 0; row < rows; row++) {
        for (int i = 0; i < mask.length; i++) {
          mask[i] = flags[row * mask.length + i] != 0;
        }
        head.mask(outputs, row * outputWidth, mask, 0);
      }
    }

    /** Whose learning has diverged answers nothing: its action would be any one, or no number. */
    private void requireFinite(int rows) {
      for (int i = 0; i < rows * outputWidth; i++) {
        if (!Float.isFinite(outputs[i])) {
          throw new IllegalStateException(
              "output %s of the policy's network is %s for row %s: its parameters have diverged, or the observation is far beyond those of its training; serve an earlier checkpoint"
                  .formatted(i % outputWidth, outputs[i], i / outputWidth));
        }
      }
    }

    private void act(
        Map<String, Object> parameters,
        int from,
        int to,
        float[] actions,
        float[] logProbabilities) {
      int size = actionSpace.size();
      boolean sampled = Boolean.FALSE.equals(parameters.get(DETERMINISTIC));
      Pcg64 draws = sampled && parameters.get(SEED) instanceof Long seed ? new Pcg64(seed) : random;
      for (int row = from; row < to; row++) {
        logProbabilities[row] =
            head.evaluate(outputs, row * outputWidth, sampled ? draws : null, actions, row * size);
      }
    }

    @Override
    public void close() {
      runner.close();
    }
  }
}
