package org.mobula.parameterserver.gpu;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;
import java.util.List;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.BlockNorm;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.parameterserver.gpu.Device.Memory;

/** By kernels on a device, where the vectors stay; only gradients and results travel. */
final class KernelArithmetic implements ShardArithmetic {
  private static final int LANES = 8;

  private final Device device;
  private final Scratch first;
  private final Scratch second;

  KernelArithmetic(Device device) {
    this.device = device;
    first = new Scratch(device);
    second = new Scratch(device);
  }

  @Override
  public String description() {
    return device.description();
  }

  @Override
  public Vector vector(int size) {
    Check.size(size);
    DeviceVector vector = new DeviceVector(device, size);
    vector.clear();
    return vector;
  }

  @Override
  public Vector lend(float[] values, int from, int to) {
    Check.slice(from, to, values.length);
    DeviceVector vector = new DeviceVector(device, to - from);
    vector.write(0, FloatBuffer.wrap(values, from, to - from));
    vector.lent = true;
    return vector;
  }

  @Override
  public void copy(Vector source, Vector destination) {
    DeviceVector from = readable(source);
    DeviceVector to = writable(destination);
    Check.sameSize("the source", from.size, "the destination", to.size);
    if (from != to) {
      device.copy(from.memory, to.memory, bytes(to));
    }
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
    DeviceVector sum = writable(destination);
    long[] addresses = new long[gradients.size()];
    for (int k = 0; k < addresses.length; k++) {
      DeviceVector gradient = readable(gradients.get(k));
      Check.sameSize("gradient " + k, gradient.size, "the destination", sum.size);
      addresses[k] = gradient.memory.address();
    }
    Memory table = first.of((long) addresses.length * Long.BYTES);
    device.write(
        table,
        0,
        (long) addresses.length * Long.BYTES,
        (piece, from) ->
            piece
                .asLongBuffer()
                .put(addresses, (int) (from / Long.BYTES), piece.remaining() / Long.BYTES));
    launchByFours(
        Kernel.SUM,
        sum.size,
        table.address(),
        addresses.length,
        sum.memory.address(),
        sum.size,
        factor);
  }

  @Override
  public void scale(Vector vector, double coefficient) {
    DeviceVector scaled = writable(vector);
    if (coefficient != 1) {
      launchByFours(
          Kernel.SCALE, scaled.size, scaled.memory.address(), scaled.size, (float) coefficient);
    }
  }

  @Override
  public void sumsOfSquares(Vector vector, double[] sums) {
    DeviceVector from = readable(vector);
    int blocks = BlockNorm.blocks(from.size);
    Check.sameSize("the array of sums", sums.length, "what the vector needs", blocks);
    long lanes = (long) blocks * LANES;
    Memory laneSums = first.of(lanes * Double.BYTES);
    Memory blockSums = second.of((long) blocks * Double.BYTES);
    launch(
        Kernel.LANE_SUMS_OF_SQUARES, lanes, from.memory.address(), from.size, laneSums.address());
    launch(
        Kernel.BLOCK_SUMS_OF_SQUARES,
        blocks,
        from.memory.address(),
        from.size,
        laneSums.address(),
        blockSums.address());
    device.read(
        blockSums,
        0,
        (long) blocks * Double.BYTES,
        (piece, at) ->
            piece
                .asDoubleBuffer()
                .get(sums, (int) (at / Double.BYTES), piece.remaining() / Double.BYTES));
  }

  @Override
  public void encode(HalfPrecision format, Vector source, ShortBuffer destination) {
    DeviceVector from = readable(source);
    Check.sameSize("the source", from.size, "the destination", destination.remaining());
    long bytes = (long) from.size * Short.BYTES;
    Memory encoded = first.of(bytes);
    launchByFours(
        format == HalfPrecision.BF16 ? Kernel.ENCODE_BF16 : Kernel.ENCODE_FP16,
        from.size,
        from.memory.address(),
        encoded.address(),
        from.size);
    ShortBuffer to = destination.duplicate();
    device.read(encoded, 0, bytes, (piece, at) -> to.put(piece.asShortBuffer()));
  }

  @Override
  public void decode(HalfPrecision format, ShortBuffer source, Vector destination) {
    DeviceVector to = writable(destination);
    Check.sameSize("the source", source.remaining(), "the destination", to.size);
    Memory encoded = first.of((long) to.size * Short.BYTES);
    device.write(
        encoded,
        0,
        (long) to.size * Short.BYTES,
        (piece, at) ->
            piece
                .asShortBuffer()
                .put(
                    source.slice(
                        source.position() + (int) (at / Short.BYTES),
                        piece.remaining() / Short.BYTES)));
    launchByFours(
        format == HalfPrecision.BF16 ? Kernel.DECODE_BF16 : Kernel.DECODE_FP16,
        to.size,
        encoded.address(),
        to.memory.address(),
        to.size);
  }

  @Override
  public void addInt8(ByteBuffer values, FloatBuffer scales, int blockSize, Vector sum) {
    DeviceVector to = writable(sum);
    Check.sameSize("the source", values.remaining(), "the sum", to.size);
    Check.blocks(scales.remaining(), blockSize, to.size);
    Memory encoded = first.of(to.size);
    device.write(
        encoded,
        0,
        to.size,
        (piece, at) -> piece.put(values.slice(values.position() + (int) at, piece.remaining())));
    Memory scaleMemory = second.of((long) scales.remaining() * Float.BYTES);
    writeFloats(device, scaleMemory, 0, scales);
    launchByFours(
        Kernel.ADD_INT8,
        to.size,
        encoded.address(),
        scaleMemory.address(),
        Integer.numberOfTrailingZeros(blockSize),
        to.memory.address(),
        to.size);
  }

  @Override
  public void scatterAdd(IntBuffer indices, FloatBuffer values, Vector sum) {
    DeviceVector to = writable(sum);
    Check.places(indices, values.remaining(), to.size);
    int count = indices.remaining();
    Memory places = first.of((long) count * Integer.BYTES);
    device.write(
        places,
        0,
        (long) count * Integer.BYTES,
        (piece, at) ->
            piece
                .asIntBuffer()
                .put(
                    indices.slice(
                        indices.position() + (int) (at / Integer.BYTES),
                        piece.remaining() / Integer.BYTES)));
    Memory addends = second.of((long) count * Float.BYTES);
    writeFloats(device, addends, 0, values);
    launch(
        Kernel.SCATTER_ADD, count, places.address(), addends.address(), count, to.memory.address());
  }

  @Override
  public ShardOptimizer optimizer(
      OptimizerConfig config, ParameterLayout layout, int from, int to) {
    return new KernelOptimizer(this, config, layout, from, to);
  }

  @Override
  public void close() {
    device.close();
  }

  /** A kernel whose threads take four numbers each. */
  void launchByFours(Kernel kernel, int numbers, Object... arguments) {
    launch(kernel, numbers == 0 ? 0 : Math.max(LANES, numbers / 4), arguments);
  }

  private void launch(Kernel kernel, long threads, Object... arguments) {
    if (threads > 0) {
      List<Object> list = List.of(arguments);
      kernel.check(list);
      device.launch(kernel, threads, list);
    }
  }

  DeviceVector readable(Vector vector) {
    DeviceVector own = Check.own(vector, DeviceVector.class, this);
    if (own.device != device) {
      throw Check.foreign(this);
    }
    Check.open(own.closed);
    return own;
  }

  DeviceVector writable(Vector vector) {
    DeviceVector own = readable(vector);
    Check.writable(own.lent);
    return own;
  }

  private static long bytes(DeviceVector vector) {
    return (long) vector.size * Float.BYTES;
  }

  private static void writeFloats(Device device, Memory memory, int index, FloatBuffer source) {
    device.write(
        memory,
        (long) index * Float.BYTES,
        (long) source.remaining() * Float.BYTES,
        (piece, at) ->
            piece
                .asFloatBuffer()
                .put(
                    source.slice(
                        source.position() + (int) (at / Float.BYTES),
                        piece.remaining() / Float.BYTES)));
  }

  /** Memory for one call, kept for the next; the device's order of work makes that safe. */
  private static final class Scratch {
    private final Device device;
    private Memory memory;

    Scratch(Device device) {
      this.device = device;
      memory = device.allocate(1);
    }

    Memory of(long bytes) {
      if (memory.bytes() < bytes) {
        Memory larger = device.allocate(bytes);
        device.free(memory);
        memory = larger;
      }
      return memory;
    }
  }

  /** A vector in the device's memory. */
  static final class DeviceVector implements Vector {
    private final Device device;
    private final Memory memory;
    private final int size;
    private boolean lent;
    private boolean closed;

    private DeviceVector(Device device, int size) {
      this.device = device;
      this.size = size;
      memory = device.allocate(Math.max(1, (long) size * Float.BYTES));
    }

    long address() {
      return memory.address();
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
      writeFloats(device, memory, index, source);
    }

    @Override
    public void read(int index, FloatBuffer destination) {
      Check.open(closed);
      Check.range(index, destination, size);
      FloatBuffer to = destination.duplicate();
      device.read(
          memory,
          (long) index * Float.BYTES,
          (long) to.remaining() * Float.BYTES,
          (piece, at) -> to.put(piece.asFloatBuffer()));
    }

    @Override
    public void clear() {
      Check.open(closed);
      Check.writable(lent);
      device.zero(memory, bytes(this));
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        device.free(memory);
      }
    }
  }
}
