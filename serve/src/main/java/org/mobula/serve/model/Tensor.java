package org.mobula.serve.model;

import java.io.Serializable;
import java.lang.reflect.Array;
import java.util.Arrays;
import java.util.List;

/**
 * A named array of numbers or strings. Its elements lie row-major in a Java array of the kind that
 * {@link Datatype#array} makes, which nobody changes once the tensor is made.
 */
public final class Tensor implements Serializable {
  private static final long serialVersionUID = 1L;

  private final String name;
  private final Datatype datatype;
  private final int[] shape;

  @SuppressWarnings("serial") // an array of primitives or of byte[]
  private final Object data;

  /**
   * A tensor around an array, which is not copied.
   *
   * @throws IllegalArgumentException if the array is not of the datatype's kind, or not as long as
   *     the shape says
   */
  public Tensor(String name, Datatype datatype, Object data, int... shape) {
    if (!datatype.isArray(data)) {
      throw new IllegalArgumentException(
          "the data of '" + name + "' is " + data.getClass().getSimpleName() + ", not " + datatype);
    }
    if (elements(shape) != Array.getLength(data)) {
      throw new IllegalArgumentException(
          "'%s' has %s elements but its shape %s needs %s"
              .formatted(name, Array.getLength(data), Arrays.toString(shape), elements(shape)));
    }
    this.name = name;
    this.datatype = datatype;
    this.shape = shape;
    this.data = data;
  }

  /** A tensor of floats. */
  public static Tensor of(String name, float[] data, int... shape) {
    return new Tensor(name, Datatype.FP32, data, shape);
  }

  /**
   * The product of the dimensions: 1 for a scalar.
   *
   * @return −1 where it exceeds an int
   */
  public static int elements(int... shape) {
    long product = 1;
    for (int dimension : shape) {
      product *= dimension;
      if (product > Integer.MAX_VALUE) {
        return Arrays.stream(shape).anyMatch(other -> other == 0) ? 0 : -1;
      }
    }
    return (int) product;
  }

  /** Name of the input or output. */
  public String name() {
    return name;
  }

  /** Type of the elements. */
  public Datatype datatype() {
    return datatype;
  }

  /** Dimensions; not to be changed. */
  public int[] shape() {
    return shape;
  }

  /** The elements' array; not to be changed. */
  public Object data() {
    return data;
  }

  /** The elements of a tensor of {@link Datatype#FP32}. */
  public float[] floats() {
    return (float[]) data;
  }

  /** The first dimension, along which batches are made; 1 for a scalar. */
  public int rows() {
    return shape.length == 0 ? 1 : shape[0];
  }

  /** Some of the rows, as a copy; this tensor itself if they are all. */
  public Tensor rows(int from, int count) {
    if (count == rows()) {
      return this;
    }
    int row = Array.getLength(data) / rows();
    Object part = datatype.array(row * count);
    System.arraycopy(data, row * from, part, 0, row * count);
    int[] partShape = shape.clone();
    partShape[0] = count;
    return new Tensor(name, datatype, part, partShape);
  }

  /** The rows of tensors that differ in nothing but their rows, one after the other. */
  public static Tensor concatenate(List<Tensor> parts) {
    Tensor first = parts.get(0);
    if (parts.size() == 1) {
      return first;
    }
    int rows = 0;
    int length = 0;
    for (Tensor part : parts) {
      rows += part.rows();
      length += Array.getLength(part.data);
    }
    Object whole = first.datatype.array(length);
    int at = 0;
    for (Tensor part : parts) {
      int count = Array.getLength(part.data);
      System.arraycopy(part.data, 0, whole, at, count);
      at += count;
    }
    int[] shape = first.shape.clone();
    shape[0] = rows;
    return new Tensor(first.name, first.datatype, whole, shape);
  }

  @Override
  public String toString() {
    return name + " " + datatype + " " + Arrays.toString(shape);
  }
}
