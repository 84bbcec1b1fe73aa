package org.mobula.parameterserver.gpu;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.mobula.parameterserver.gpu.PtxModule.Entry;
import org.mobula.parameterserver.gpu.PtxModule.Instruction;

/**
 * Runs kernels thread by thread, as the PTX manual defines the instructions that they use. Stricter
 * than a GPU: an unknown instruction, an access outside of an array or off its alignment, a
 * register read before it is written, and two threads of one launch that touch the same byte, one
 * of them writing, are errors.
 */
final class PtxInterpreter {
  private static final int NAN = 0x7fffffff;
  private static final int MOST_STEPS = 10_000_000;
  private static final long FIRST_ADDRESS = 1L << 40; // beyond what 32 bits could address

  private final TreeMap<Long, Block> memory = new TreeMap<>();
  private long nextAddress = FIRST_ADDRESS;
  private int launches;

  /** An array in the device's memory, and who touched its bytes in the latest launch. */
  private static final class Block {
    final ByteBuffer bytes;
    int launch;
    int[] writers = new int[0];
    int[] readers = new int[0];

    Block(int size) {
      bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
  }

  long allocate(long bytes) {
    long address = nextAddress;
    Block block = new Block(Math.toIntExact(bytes));
    Arrays.fill(block.bytes.array(), (byte) 0xff); // NaN, where somebody forgets to write
    memory.put(address, block);
    nextAddress += (bytes + 511) / 256 * 256; // with a gap that belongs to nobody
    return address;
  }

  void free(long address) {
    if (memory.remove(address) == null) {
      throw new IllegalStateException("no array begins at " + address);
    }
  }

  int arrays() {
    return memory.size();
  }

  /** The bytes of the array that begins there, little-endian. */
  ByteBuffer bytes(long address) {
    Block block = memory.get(address);
    if (block == null) {
      throw new IllegalStateException("no array begins at " + address);
    }
    return block.bytes;
  }

  void launch(Entry entry, int blocks, List<Object> arguments) {
    launches++;
    for (int block = 0; block < blocks; block++) {
      for (int thread = 0; thread < entry.blockSize(); thread++) {
        new GridThread(entry, blocks, block, thread, arguments).run();
      }
    }
  }

  /** One thread of the grid. */
  private final class GridThread {
    private final Entry entry;
    private final int number;
    private final Map<String, Long> registers = new HashMap<>();
    private Instruction current;

    GridThread(Entry entry, int blocks, int block, int thread, List<Object> arguments) {
      this.entry = entry;
      number = block * entry.blockSize() + thread + 1;
      current = entry.instructions().get(0);
      registers.put("%tid.x", (long) thread);
      registers.put("%ctaid.x", (long) block);
      registers.put("%ntid.x", (long) entry.blockSize());
      registers.put("%nctaid.x", (long) blocks);
      for (int i = 0; i < arguments.size(); i++) {
        Object argument = arguments.get(i);
        long bits =
            argument instanceof Float number
                ? Float.floatToRawIntBits(number)
                : ((Number) argument).longValue();
        registers.put("[" + entry.parameters().get(i).name() + "]", bits);
      }
    }

    void run() {
      int next = 0;
      for (int steps = 0; ; steps++) {
        if (steps == MOST_STEPS) {
          throw new IllegalStateException(entry.name() + " does not end");
        }
        if (next == entry.instructions().size()) {
          return;
        }
        current = entry.instructions().get(next++);
        if (!current.guard().isEmpty() && (read(current.guard()) != 0) == current.negated()) {
          continue;
        }
        if (current.operation().equals("ret")) {
          return;
        } else if (current.operation().equals("bra")) {
          next = label(current.operands().get(0));
        } else {
          execute();
        }
      }
    }

    private int label(String name) {
      Integer target = entry.labels().get(name);
      if (target == null) {
        throw error("there is no label " + name);
      }
      return target;
    }

    private void execute() {
      String operation = current.operation();
      if (operation.startsWith("ld.global.") || operation.startsWith("st.global.")) {
        access(operation.startsWith("st"), operation.substring("ld.global.".length()));
        return;
      }
      switch (operation) {
        case "ld.param.u64", "ld.param.u32", "ld.param.f32", "cvta.to.global.u64" -> set(source(0));
        case "mov.u64", "mov.u32", "mov.f32", "mov.f64", "mov.b32" -> set(source(0));
        case "add.u64" -> set(source(0) + source(1));
        case "add.u32" -> set32(source(0) + source(1));
        case "mul.lo.u32" -> set32(source(0) * source(1));
        case "mad.lo.u32" -> set32(source(0) * source(1) + source(2));
        case "mul.wide.u32" -> set(source(0) * source(1));
        case "min.u32" -> set(Math.min(source(0), source(1)));
        case "max.u32" -> set(Math.max(source(0), source(1)));
        case "and.b32" -> set(source(0) & source(1));
        case "shr.u32" -> set(source(1) > 31 ? 0 : source(0) >>> source(1));
        case "shl.b32" -> set32(source(1) > 31 ? 0 : source(0) << source(1));
        case "setp.ge.u32" -> set(source(0) >= source(1) ? 1 : 0);
        case "setp.lt.u32" -> set(source(0) < source(1) ? 1 : 0);
        case "setp.ne.u32" -> set(source(0) != source(1) ? 1 : 0);
        case "setp.ge.f32" -> set(single(0) >= single(1) ? 1 : 0);
        case "setp.gt.f32" -> set(single(0) > single(1) ? 1 : 0);
        case "setp.le.f32" -> set(single(0) <= single(1) ? 1 : 0);
        case "setp.nan.f32" -> set(Float.isNaN(single(0)) || Float.isNaN(single(1)) ? 1 : 0);
        case "selp.u32", "selp.f32", "selp.b16" -> set(source(2) != 0 ? source(0) : source(1));
        case "add.rn.f32" -> setSingle(single(0) + single(1));
        case "sub.rn.f32" -> setSingle(single(0) - single(1));
        case "mul.rn.f32" -> setSingle(single(0) * single(1));
        case "div.rn.f32" -> setSingle(single(0) / single(1));
        case "sqrt.rn.f32" -> setSingle((float) Math.sqrt(single(0)));
        case "add.rn.f64" -> set(Double.doubleToRawLongBits(twice(0) + twice(1)));
        case "mul.rn.f64" -> set(Double.doubleToRawLongBits(twice(0) * twice(1)));
        case "cvt.f64.f32" -> set(Double.doubleToRawLongBits(single(0)));
        case "cvt.rn.f32.s32" -> setSingle((float) (int) source(0));
        case "cvt.u16.u32" -> set(source(0) & 0xffff);
        case "cvt.u32.u16" -> set(source(0));
        case "cvt.rn.f16.f32" -> set(half(single(0)));
        case "cvt.f32.f16" -> setSingle(wide((int) source(0)));
        default -> throw error("this instruction is not known here");
      }
    }

    private long source(int index) {
      return read(current.operands().get(index + 1));
    }

    private float single(int index) {
      return Float.intBitsToFloat((int) source(index));
    }

    private double twice(int index) {
      return Double.longBitsToDouble(source(index));
    }

    private long read(String operand) {
      if (operand.startsWith("0f") || operand.startsWith("0d")) {
        return Long.parseUnsignedLong(operand.substring(2), 16);
      } else if (operand.startsWith("0x")) {
        return Long.parseLong(operand.substring(2), 16);
      } else if (Character.isDigit(operand.charAt(0))) {
        return Long.parseLong(operand);
      }
      Long value = registers.get(operand);
      if (value == null) {
        throw error(operand + " is read before it is written");
      }
      return value;
    }

    private void set(long bits) {
      write(current.operands().get(0), bits);
    }

    private void set32(long bits) {
      set(bits & 0xffffffffL);
    }

    private void setSingle(float number) {
      set32(Float.isNaN(number) ? NAN : Float.floatToRawIntBits(number));
    }

    private void write(String register, long bits) {
      if (!entry.registers().containsKey(register)) {
        throw error(register + " is not declared");
      }
      registers.put(register, bits);
    }

    private void access(boolean store, String layoutAndType) {
      String type = layoutAndType.substring(layoutAndType.lastIndexOf('.') + 1);
      String target = current.operands().get(store ? 0 : 1);
      String values = current.operands().get(store ? 1 : 0);
      List<String> parts =
          values.startsWith("{")
              ? List.of(values.substring(1, values.length() - 1).split(",\\s*", -1))
              : List.of(values);
      String layout = parts.size() == 1 ? "" : "v" + parts.size() + ".";
      if (!layoutAndType.equals(layout + type)) {
        throw error("the operands are not those of " + layoutAndType);
      }
      int size =
          switch (type) {
            case "s8" -> 1;
            case "u16", "b16" -> 2;
            case "f32", "u32" -> 4;
            case "f64", "u64" -> 8;
            default -> throw error("this type is not known here");
          };
      String[] place = target.substring(1, target.length() - 1).split("\\+", 2);
      long address = read(place[0]) + (place.length == 2 ? Long.parseLong(place[1]) : 0);
      if (address % ((long) size * parts.size()) != 0) {
        throw error("address " + address + " is not aligned");
      }
      Map.@Nullable Entry<Long, Block> found = memory.floorEntry(address);
      int offset = found == null ? -1 : (int) Math.min(address - found.getKey(), 1 << 30);
      if (found == null || offset + size * parts.size() > found.getValue().bytes.capacity()) {
        throw error("address " + address + " lies outside of every array");
      }
      Block block = found.getValue();
      touch(block, offset, size * parts.size(), store);
      for (int i = 0; i < parts.size(); i++) {
        int at = offset + i * size;
        if (store) {
          store(block.bytes, at, size, read(parts.get(i)));
        } else {
          write(parts.get(i), load(block.bytes, at, type));
        }
      }
    }

    private void touch(Block block, int offset, int size, boolean store) {
      if (block.launch != launches) {
        block.launch = launches;
        block.writers = new int[block.bytes.capacity()];
        block.readers = new int[block.bytes.capacity()];
      }
      for (int i = offset; i < offset + size; i++) {
        boolean writtenByOther = block.writers[i] != 0 && block.writers[i] != number;
        boolean readByOther = block.readers[i] != 0 && block.readers[i] != number;
        if (writtenByOther || (store && readByOther)) {
          throw error("another thread has been at byte " + i + " of the array");
        }
        if (store) {
          block.writers[i] = number;
        } else {
          block.readers[i] = readByOther ? -1 : number;
        }
      }
    }

    private IllegalStateException error(String what) {
      return new IllegalStateException(
          "%s, thread %s: %s: %s".formatted(entry.name(), number - 1, current.text(), what));
    }
  }

  private static void store(ByteBuffer bytes, int at, int size, long bits) {
    switch (size) {
      case 1 -> bytes.put(at, (byte) bits);
      case 2 -> bytes.putShort(at, (short) bits);
      case 4 -> bytes.putInt(at, (int) bits);
      default -> bytes.putLong(at, bits);
    }
  }

  private static long load(ByteBuffer bytes, int at, String type) {
    return switch (type) {
      case "s8" -> bytes.get(at) & 0xffffffffL; // sign-extended into a register of 32 bits
      case "u16", "b16" -> bytes.getShort(at) & 0xffff;
      case "f32", "u32" -> bytes.getInt(at) & 0xffffffffL;
      default -> bytes.getLong(at);
    };
  }

  /** To binary16, by rounding to a multiple of the distance between its numbers there. */
  static long half(float number) {
    if (Float.isNaN(number)) {
      return 0x7fff;
    }
    long sign = Float.floatToRawIntBits(number) < 0 ? 0x8000 : 0;
    double magnitude = Math.abs((double) number);
    double unit = Math.scalb(1.0, Math.max(Math.getExponent(magnitude), -14) - 10);
    double rounded = Math.rint(magnitude / unit) * unit;
    if (rounded >= 65536) {
      return sign | 0x7c00;
    }
    int exponent = Math.max(Math.getExponent(rounded), -15);
    return exponent < -14
        ? sign | (long) Math.scalb(rounded, 24)
        : sign | ((exponent + 15L) << 10) + (long) Math.scalb(rounded, 10 - exponent) - 1024;
  }

  private static float wide(int half) {
    int exponent = (half >> 10) & 31;
    double magnitude = half & 0x3ff;
    if (exponent == 31) {
      magnitude = magnitude == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
    } else if (exponent == 0) {
      magnitude = Math.scalb(magnitude, -24);
    } else {
      magnitude = Math.scalb(magnitude + 1024, exponent - 25);
    }
    return (float) ((half & 0x8000) == 0 ? magnitude : -magnitude);
  }
}
