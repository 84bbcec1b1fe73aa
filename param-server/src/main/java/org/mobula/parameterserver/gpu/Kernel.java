package org.mobula.parameterserver.gpu;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * How a kernel is called.
 *
 * @param module the PTX file that holds it, a resource beside this class
 * @param entry its name there
 * @param parameters in their order
 * @param blockSize threads in a block
 */
record Kernel(String module, String entry, List<Parameter> parameters, int blockSize) {
  /** The type of a parameter. */
  enum Parameter {
    /** The address of an array in the device's memory. */
    ADDRESS(".u64", Long.class),
    /** A count or an index. */
    INTEGER(".u32", Integer.class),
    /** A number. */
    FLOAT(".f32", Float.class);

    private final String ptxType;
    private final Class<?> javaType;

    Parameter(String ptxType, Class<?> javaType) {
      this.ptxType = ptxType;
      this.javaType = javaType;
    }

    String ptxType() {
      return ptxType;
    }
  }

  private static final int BLOCK_SIZE = 256;

  /**
   * One warp: where few threads have much to do each, small blocks go to more multiprocessors. Ten
   * million numbers have 19,536 lanes, which are 77 blocks of 256 but 611 of 32.
   */
  private static final int SMALL_BLOCK_SIZE = 32;

  private static final Parameter A = Parameter.ADDRESS;
  private static final Parameter I = Parameter.INTEGER;
  private static final Parameter F = Parameter.FLOAT;

  static final Kernel SUM = of("aggregation", "sum", A, I, A, I, F);
  static final Kernel SCALE = of("aggregation", "scale", A, I, F);
  static final Kernel ADD_INT8 = of("aggregation", "add_int8", A, A, I, A, I);
  static final Kernel SCATTER_ADD = of("aggregation", "scatter_add", A, A, I, A);
  static final Kernel LANE_SUMS_OF_SQUARES = small("norm", "lane_sums_of_squares", A, I, A);
  static final Kernel BLOCK_SUMS_OF_SQUARES = small("norm", "block_sums_of_squares", A, I, A, A);
  static final Kernel ENCODE_BF16 = of("conversion", "encode_bf16", A, A, I);
  static final Kernel DECODE_BF16 = of("conversion", "decode_bf16", A, A, I);
  static final Kernel ENCODE_FP16 = of("conversion", "encode_fp16", A, A, I);
  static final Kernel DECODE_FP16 = of("conversion", "decode_fp16", A, A, I);
  static final Kernel GRADIENT_DESCENT = of("optimizers", "gradient_descent", A, A, I, I, F, F, F);
  static final Kernel MOMENTUM =
      of("optimizers", "momentum_descent", A, A, A, I, I, F, F, F, F, F, I);
  static final Kernel RMS_PROP =
      of("optimizers", "rms_prop", A, A, A, A, A, I, I, F, F, F, F, F, F, F, I);
  static final Kernel ADAM =
      of("optimizers", "adam", A, A, A, A, A, I, I, F, F, F, F, F, F, F, F, F, I);

  /** Every kernel. */
  static final List<Kernel> ALL =
      List.of(
          SUM,
          SCALE,
          ADD_INT8,
          SCATTER_ADD,
          LANE_SUMS_OF_SQUARES,
          BLOCK_SUMS_OF_SQUARES,
          ENCODE_BF16,
          DECODE_BF16,
          ENCODE_FP16,
          DECODE_FP16,
          GRADIENT_DESCENT,
          MOMENTUM,
          RMS_PROP,
          ADAM);

  Kernel {
    parameters = List.copyOf(parameters);
  }

  private static Kernel of(String module, String entry, Parameter... parameters) {
    return new Kernel(module + ".ptx", entry, List.of(parameters), BLOCK_SIZE);
  }

  private static Kernel small(String module, String entry, Parameter... parameters) {
    return new Kernel(module + ".ptx", entry, List.of(parameters), SMALL_BLOCK_SIZE);
  }

  /** How many blocks so many threads are, before a device's own limit. */
  long blocks(long threads) {
    return (threads + blockSize - 1) / blockSize;
  }

  /** The text of a PTX file. */
  static String ptx(String module) {
    try (InputStream in = Kernel.class.getResourceAsStream(module)) {
      if (in == null) {
        throw new IllegalStateException(
            module + " is not beside " + Kernel.class.getName() + ": the jar is incomplete");
      }
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Refuses arguments that the kernel would misread. */
  void check(List<Object> arguments) {
    if (arguments.size() != parameters.size()) {
      throw new IllegalArgumentException(
          "kernel %s takes %s arguments but gets %s"
              .formatted(entry, parameters.size(), arguments.size()));
    }
    for (int i = 0; i < arguments.size(); i++) {
      if (!parameters.get(i).javaType.isInstance(arguments.get(i))) {
        throw new IllegalArgumentException(
            "argument %s of kernel %s is a %s but must be a %s"
                .formatted(
                    i,
                    entry,
                    arguments.get(i).getClass().getSimpleName(),
                    parameters.get(i).javaType.getSimpleName()));
      }
    }
  }
}
