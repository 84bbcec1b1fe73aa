package org.mobula.parameterserver.gpu;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.BlockNorm;
import org.mobula.core.optimizer.Optimizer;
import org.mobula.core.optimizer.OptimizerConfig;

/** On the processor, over plain arrays; what the kernels are held against. */
final class CpuArithmetic implements ShardArithmetic {
  /** Numbers whose sum stays in the first-level cache until all gradients are in it. */
  private static final int BLOCK = 4096;

  /** Gradients that one loop reads side by side. */
  private static final int TOGETHER = 4;

  @Override
  public String description() {
    return "CPU";
  }

  @Override
  public Vector vector(int size) {
    Check.size(size);
    return new ArrayVector(new float[size], 0, size, false);
  }

  @Override
  public Vector lend(float[] values, int from, int to) {
    Check.slice(from, to, values.length);
    return new ArrayVector(values, from, to - from, true);
  }

  @Override
  public void copy(Vector source, Vector destination) {
    ArrayVector from = readable(source);
    ArrayVector to = writable(destination);
    Check.sameSize("the source", from.size, "the destination", to.size);
    System.arraycopy(from.values, from.start, to.values, to.start, from.size);
  }

  @Override
  public void sum(List<Vector> gradients, Vector destination) {
    sum(gradients, destination, 1);
  }

  @Override
  public void mean(List<Vector> gradients, Vector destination) {
    Check.someGradients(gradients);
    sum(gradients, destination, (float) (1.0 / gradients.size()));
  }

  private void sum(List<Vector> gradients, Vector destination, float factor) {
    Check.someGradients(gradients);
    ArrayVector[] sources = new ArrayVector[gradients.size()];
    ArrayVector sum = writable(destination);
    boolean inPlace = false;
    for (int k = 0; k < sources.length; k++) {
      sources[k] = readable(gradients.get(k));
      Check.sameSize("gradient " + k, sources[k].size, "the destination", sum.size);
      inPlace |= k > 0 && sources[k].values == sum.values;
    }
    // The sum grows in the destination, which would change a later gradient under its own eyes.
    float[] block = inPlace ? new float[BLOCK] : sum.values;
    for (int from = 0; from < sum.size; from += BLOCK) {
      int count = Math.min(BLOCK, sum.size - from);
      int to = inPlace ? 0 : from;
      addUp(sources, from, block, to, count);
      if (factor != 1) {
        scale(block, to, count, factor);
      }
      if (inPlace) {
        System.arraycopy(block, 0, sum.values, from, count);
      }
    }
  }

  private static void addUp(ArrayVector[] sources, int from, float[] sum, int to, int count) {
    int k;
    if (startTogether(sources, 0)) {
      setFour(sources, sources[0].start + from - to, sum, to, to + count);
      k = TOGETHER;
    } else {
      System.arraycopy(sources[0].values, sources[0].start + from, sum, to, count);
      k = 1;
    }
    while (k < sources.length) {
      int shift = sources[k].start + from - to;
      if (startTogether(sources, k)) {
        addFour(sources, k, shift, sum, to, to + count);
        k += TOGETHER;
      } else {
        addOne(sources[k].values, shift, sum, to, to + count);
        k++;
      }
    }
  }

  /** HotSpot makes vector instructions of a loop over several arrays if they share their index. */
  private static boolean startTogether(ArrayVector[] sources, int first) {
    if (first + TOGETHER > sources.length) {
      return false;
    }
    int start = sources[first].start;
    return sources[first + 1].start == start
        && sources[first + 2].start == start
        && sources[first + 3].start == start;
  }

  private static void setFour(ArrayVector[] sources, int shift, float[] sum, int start, int end) {
    float[] a = sources[0].values;
    float[] b = sources[1].values;
    float[] c = sources[2].values;
    float[] d = sources[3].values;
    for (int i = start; i < end; i++) {
      sum[i] = ((a[i + shift] + b[i + shift]) + c[i + shift]) + d[i + shift];
    }
  }

  private static void addFour(
      ArrayVector[] sources, int first, int shift, float[] sum, int start, int end) {
    float[] a = sources[first].values;
    float[] b = sources[first + 1].values;
    float[] c = sources[first + 2].values;
    float[] d = sources[first + 3].values;
    for (int i = start; i < end; i++) {
      sum[i] = (((sum[i] + a[i + shift]) + b[i + shift]) + c[i + shift]) + d[i + shift];
    }
  }

  private static void addOne(float[] source, int shift, float[] sum, int start, int end) {
    for (int i = start; i < end; i++) {
      sum[i] += source[i + shift];
    }
  }

  @Override
  public void scale(Vector vector, double coefficient) {
    ArrayVector scaled = writable(vector);
    if (coefficient != 1) {
      scale(scaled.values, 0, scaled.size, (float) coefficient);
    }
  }

  private static void scale(float[] values, int from, int count, float factor) {
    for (int i = from; i < from + count; i++) {
      values[i] *= factor;
    }
  }

  @Override
  public void sumsOfSquares(Vector vector, double[] sums) {
    ArrayVector from = readable(vector);
    Check.sameSize(
        "the array of sums", sums.length, "what the vector needs", BlockNorm.blocks(from.size));
    for (int block = 0; block < sums.length; block++) {
      int start = block * BlockNorm.BLOCK;
      int end = start + Math.min(BlockNorm.BLOCK, from.size - start);
      sums[block] = BlockNorm.sumOfSquares(from.values, from.start + start, from.start + end);
    }
  }

  @Override
  public void encode(HalfPrecision format, Vector source, ShortBuffer destination) {
    ArrayVector from = readable(source);
    Check.sameSize("the source", from.size, "the destination", destination.remaining());
    int at = destination.position();
    for (int i = 0; i < from.size; i++) {
      destination.put(at + i, format.encode(from.values[from.start + i]));
    }
  }

  @Override
  public void decode(HalfPrecision format, ShortBuffer source, Vector destination) {
    ArrayVector to = writable(destination);
    Check.sameSize("the source", source.remaining(), "the destination", to.size);
    int at = source.position();
    for (int i = 0; i < to.size; i++) {
      to.values[i] = format.decode(source.get(at + i));
    }
  }

  @Override
  public void addInt8(ByteBuffer values, FloatBuffer scales, int blockSize, Vector sum) {
    ArrayVector to = writable(sum);
    Check.sameSize("the source", values.remaining(), "the sum", to.size);
    Check.blocks(scales.remaining(), blockSize, to.size);
    int at = values.position();
    for (int from = 0, block = scales.position(); from < to.size; from += blockSize, block++) {
      float scale = scales.get(block);
      int end = from + Math.min(blockSize, to.size - from);
      for (int i = from; i < end; i++) {
        to.values[i] += scale * values.get(at + i);
      }
    }
  }

  @Override
  public void scatterAdd(IntBuffer indices, FloatBuffer values, Vector sum) {
    ArrayVector to = writable(sum);
    Check.places(indices, values.remaining(), to.size);
    for (int j = 0; j < indices.remaining(); j++) {
      to.values[indices.get(indices.position() + j)] += values.get(values.position() + j);
    }
  }

  @Override
  public ShardOptimizer optimizer(
      OptimizerConfig config, ParameterLayout layout, int from, int to) {
    return new ArrayOptimizer(config.create(layout, from, to), to - from);
  }

  /** The garbage collector does it. */
  @Override
  public void close() {}

  private ArrayVector readable(Vector vector) {
    ArrayVector own = Check.own(vector, ArrayVector.class, this);
    Check.open(own.closed);
    return own;
  }

  private ArrayVector writable(Vector vector) {
    ArrayVector own = readable(vector);
    Check.writable(own.lent);
    return own;
  }

  /** A part of an array; the whole of its own one unless lent. */
  private static final class ArrayVector implements Vector {
    private final float[] values;
    private final int start;
    private final int size;
    private final boolean lent;
    private boolean closed;

    ArrayVector(float[] values, int start, int size, boolean lent) {
      this.values = values;
      this.start = start;
      this.size = size;
      this.lent = lent;
    }

    @Override
    public int size() {
      return size;
    }

    @Override
    public void write(int index, FloatBuffer source) {
      Check.open(closed);
      Check.writable(lent);
      Check.range(index, source, size);
      source.duplicate().get(values, index, source.remaining());
    }

    @Override
    public void read(int index, FloatBuffer destination) {
      Check.open(closed);
      Check.range(index, destination, size);
      destination.duplicate().put(values, start + index, destination.remaining());
    }

    @Override
    public void clear() {
      Check.open(closed);
      Check.writable(lent);
      Arrays.fill(values, 0);
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  /** The core's optimizer. */
  private final class ArrayOptimizer implements ShardOptimizer {
    private final Optimizer optimizer;
    private final int size;
    private float[] copied = new float[0];

    ArrayOptimizer(Optimizer optimizer, int size) {
      this.optimizer = optimizer;
      this.size = size;
    }

    @Override
    public void step(
        int network,
        Vector parameters,
        Vector gradient,
        double learningRate,
        double clipCoefficient) {
      ArrayVector to = writable(parameters);
      ArrayVector from = readable(gradient);
      Check.sameSize("the vector of parameters", to.size, "the optimizer's slice", size);
      Check.sameSize("the gradient", from.size, "the optimizer's slice", size);
      optimizer.step(
          network,
          to.values,
          fromStart(from),
          (float) clipCoefficient,
          learningRate,
          Math.max(1, size),
          Optimizer.Stretches.UNHEARD);
    }

    private float[] fromStart(ArrayVector gradient) {
      if (gradient.start == 0) {
        return gradient.values;
      }
      if (copied.length != size) {
        copied = new float[size];
      }
      System.arraycopy(gradient.values, gradient.start, copied, 0, size);
      return copied;
    }

    @Override
    public long steps() {
      return optimizer.steps();
    }

    @Override
    public Map<String, float[]> moments() {
      Map<String, float[]> moments = new LinkedHashMap<>();
      optimizer.moments().forEach((name, values) -> moments.put(name, values.clone()));
      return moments;
    }

    @Override
    public void restore(long steps, Map<String, float[]> saved) {
      optimizer.restore(steps, saved);
    }

    @Override
    public void close() {}
  }
}
