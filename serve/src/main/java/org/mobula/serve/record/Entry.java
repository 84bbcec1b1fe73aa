package org.mobula.serve.record;

import java.lang.reflect.Array;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.model.Tensor;

/** What is on its way to the files: the rows of one table that came together. */
sealed interface Entry {
  /** The model whose rows these are. */
  String model();

  /** How many rows there are. */
  int rows();

  /** About how much memory it takes. */
  long bytes();

  /**
   * An answer.
   *
   * @param id of all its rows
   * @param timeMicros when it was answered, since 1970 in UTC
   * @param session that it belongs to, if any
   * @param requestId that the request gave itself, if any
   * @param inputs and outputs with as many rows each
   * @param metadata of the files that they come into
   */
  record Steps(
      String id,
      long timeMicros,
      String model,
      String version,
      @Nullable String session,
      @Nullable String requestId,
      boolean deterministic,
      List<Tensor> inputs,
      List<Tensor> outputs,
      Map<String, String> metadata)
      implements Entry {
    @Override
    public int rows() {
      return inputs.get(0).rows();
    }

    @Override
    public long bytes() {
      long bytes = 400 + length(session) + length(requestId);
      for (List<Tensor> tensors : List.of(inputs, outputs)) {
        for (Tensor tensor : tensors) {
          bytes += 100 + (long) Array.getLength(tensor.data()) * tensor.datatype().size();
          if (tensor.data() instanceof byte[][] strings) {
            for (byte[] string : strings) {
              bytes += 24 + string.length;
            }
          }
        }
      }
      return bytes;
    }

    private static long length(@Nullable String text) {
      return text == null ? 0 : 2L * text.length();
    }
  }

  /** What came of answers. */
  record Rewards(String model, long timeMicros, List<Reward> rewards) implements Entry {
    @Override
    public int rows() {
      return rewards.size();
    }

    @Override
    public long bytes() {
      return 100 + 120L * rewards.size();
    }
  }

  /** The last of all. */
  record End() implements Entry {
    @Override
    public String model() {
      return "";
    }

    @Override
    public int rows() {
      return 0;
    }

    @Override
    public long bytes() {
      return 0;
    }
  }
}
