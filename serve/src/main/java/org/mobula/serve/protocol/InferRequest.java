package org.mobula.serve.protocol;

import java.util.List;
import java.util.Map;
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
   * A wanted output.
   *
   * @param binary whether it is answered as raw bytes; null where it does not say
   */
  public record Output(String name, @Nullable Boolean binary) {}
}
