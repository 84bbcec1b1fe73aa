package org.mobula.serve.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.Tensor;

/**
 * The elements of tensors as raw bytes: row-major and little-endian, a BOOL as a byte, each of the
 * BYTES after its length in four bytes.
 */
public final class RawElements {
  private RawElements() {}

  /**
   * Checks how many bytes came.
   *
   * @param what the field that holds or counts them, for errors
   * @throws InvalidRequestException if the shape needs more or fewer
   */
  static void checkSize(TensorHead head, String what, long size) {
    boolean strings = head.datatype() == Datatype.BYTES;
    int length = head.elements();
    long least = (long) length * (strings ? 4 : head.datatype().size());
    if (length < 0 || (strings ? size < least : size != least)) {
      throw new InvalidRequestException(
          "%s of '%s' is %s but %s of shape %s takes %s bytes"
              .formatted(
                  what,
                  head.name(),
                  size,
                  head.datatype(),
                  Arrays.toString(head.shape()),
                  length < 0 ? "more than 2^31" : (strings ? "at least " : "") + least));
    }
  }

  /**
   * Reads a tensor.
   *
   * @param what the field that holds or counts the bytes, for errors
   * @param raw the tensor's bytes and nothing else; its position is not changed
   * @throws InvalidRequestException if they do not fit the shape
   */
  public static Tensor read(TensorHead head, String what, ByteBuffer raw) {
    checkSize(head, what, raw.remaining());
    ByteBuffer bytes = raw.slice().order(ByteOrder.LITTLE_ENDIAN);
    Object data = head.datatype().array(head.elements());
    if (data instanceof float[] values) {
      bytes.asFloatBuffer().get(values);
    } else if (data instanceof double[] values) {
      bytes.asDoubleBuffer().get(values);
    } else if (data instanceof long[] values) {
      bytes.asLongBuffer().get(values);
    } else if (data instanceof int[] values) {
      bytes.asIntBuffer().get(values);
    } else if (data instanceof short[] values) {
      bytes.asShortBuffer().get(values);
    } else if (data instanceof byte[] values) {
      bytes.get(values);
      if (head.datatype() == Datatype.BOOL) {
        checkBooleans(head.name(), values);
      }
    } else {
      readStrings(bytes, head.name(), (byte[][]) data);
    }
    return new Tensor(head.name(), head.datatype(), data, head.shape());
  }

  private static void checkBooleans(String name, byte... values) {
    for (int i = 0; i < values.length; i++) {
      if (values[i] != 0 && values[i] != 1) {
        throw new InvalidRequestException(
            "element %s of '%s' is the byte %s but a BOOL must be 0 or 1"
                .formatted(i, name, values[i] & 0xff));
      }
    }
  }

  private static void readStrings(ByteBuffer bytes, String name, byte[]... strings) {
    for (int i = 0; i < strings.length; i++) {
      long size = bytes.remaining() < 4 ? -1 : bytes.getInt() & 0xffffffffL;
      if (size < 0 || size > bytes.remaining()) {
        throw new InvalidRequestException(
            "binary data of '%s' ends within its element %s".formatted(name, i));
      }
      strings[i] = new byte[(int) size];
      bytes.get(strings[i]);
    }
    if (bytes.hasRemaining()) {
      throw new InvalidRequestException(
          "binary data of '%s' has %s bytes after its %s elements"
              .formatted(name, bytes.remaining(), strings.length));
    }
  }

  /** The elements of a tensor. */
  public static ByteBuffer write(Tensor tensor) {
    Object data = tensor.data();
    if (data instanceof byte[][] strings) {
      int size = 0;
      for (byte[] string : strings) {
        size = Math.addExact(size, 4 + string.length);
      }
      ByteBuffer bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
      for (byte[] string : strings) {
        bytes.putInt(string.length).put(string);
      }
      return bytes.flip();
    }
    int size = Math.multiplyExact(Tensor.elements(tensor.shape()), tensor.datatype().size());
    ByteBuffer bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    if (data instanceof float[] values) {
      bytes.asFloatBuffer().put(values);
    } else if (data instanceof double[] values) {
      bytes.asDoubleBuffer().put(values);
    } else if (data instanceof long[] values) {
      bytes.asLongBuffer().put(values);
    } else if (data instanceof int[] values) {
      bytes.asIntBuffer().put(values);
    } else if (data instanceof short[] values) {
      bytes.asShortBuffer().put(values);
    } else {
      bytes.put(0, (byte[]) data);
    }
    return bytes;
  }
}
