package org.mobula.serve.protocol;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.model.Tensor;

/**
 * An inference request of the Open Inference Protocol v2.
 *
 * @param id to be repeated in the answer; null if there is none
 * @param parameters of the whole request: strings, booleans, longs and doubles
 * @param inputs as they came
 * @param outputs that are wanted; empty for all of them
 * @param binaryOutput whether outputs are answered as raw bytes where they do not say themselves
 */
public record InferRequest(
    @Nullable String id,
    Map<String, Object> parameters,
    List<Tensor> inputs,
    List<Output> outputs,
    boolean binaryOutput) {
  /**
   * Checks the outputs.
   *
   * @throws InvalidRequestException if one is asked for twice
   */
  public InferRequest {
    Set<String> names = new HashSet<>();
    for (Output output : outputs) {
      if (!names.add(output.name())) {
        throw new InvalidRequestException("output '" + output.name() + "' is asked for twice");
      }
    }
  }

  /**
   * A wanted output.
   *
   * @param binary whether it is answered as raw bytes; null where it does not say
   */
  public record Output(String name, @Nullable Boolean binary) {
    private static final String BINARY = "binary_data";

    /**
     * An output as it is asked for.
     *
     * @param parameters by name
     * @throws InvalidRequestException if one of them is not known
     */
    public static Output of(String name, Map<String, Object> parameters) {
      Boolean binary = null;
      for (Map.Entry<String, Object> parameter : parameters.entrySet()) {
        if (!parameter.getKey().equals(BINARY)) {
          throw new InvalidRequestException(
              "there is no parameter '%s' of output '%s'; there is: %s"
                  .formatted(parameter.getKey(), name, BINARY));
        }
        if (!(parameter.getValue() instanceof Boolean value)) {
          throw new InvalidRequestException(
              "parameter '%s' is %s but must be true or false"
                  .formatted(BINARY, parameter.getValue()));
        }
        binary = value;
      }
      return new Output(name, binary);
    }
  }

  /**
   * The outputs that are wanted, in their order.
   *
   * @param computed all that the model gave
   */
  public List<Tensor> wanted(List<Tensor> computed) {
    if (outputs.isEmpty()) {
      return computed;
    }
    List<Tensor> wanted = new ArrayList<>(outputs.size());
    for (Output output : outputs) {
      wanted.add(named(computed, output.name()));
    }
    return wanted;
  }

  private static Tensor named(List<Tensor> computed, String name) {
    for (Tensor output : computed) {
      if (output.name().equals(name)) {
        return output;
      }
    }
    throw new InvalidRequestException("there is no output '" + name + "'");
  }
}
