package org.mobula.serve.protocol;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.Tensor;

/**
 * What a request says of an input beside its elements, and what is wrong with it in the same words
 * on every wire.
 *
 * @param name of the input
 * @param datatype of its elements
 * @param shape dimensions; not to be changed
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record TensorHead(String name, Datatype datatype, int[] shape) {
  /** Dimensions that a tensor may have. */
  public static final int MAX_RANK = 16;

  /**
   * The datatype of a name.
   *
   * @param called the tensor's name, or its place
   * @throws InvalidRequestException if there is none
   */
  public static Datatype datatype(String text, String called) {
    for (Datatype known : Datatype.ALL) {
      if (known.name().equals(text)) {
        return known;
      }
    }
    throw new InvalidRequestException(
        "datatype of '%s' is %s but must be one of %s"
            .formatted(
                called, text.length() > 20 ? text.substring(0, 20) + "…" : text, Datatype.ALL));
  }

  /**
   * A dimension.
   *
   * @param index its place in the shape
   * @param value null if it is no whole number
   * @param shown as it came
   * @throws InvalidRequestException if it cannot be one
   */
  public static int dimension(int index, String called, @Nullable Long value, Object shown) {
    if (value == null || value < 0 || value > Integer.MAX_VALUE) {
      throw new InvalidRequestException(
          "dimension %s of '%s' is %s but must be a whole number from 0 to %s"
              .formatted(index, called, shown, Integer.MAX_VALUE));
    }
    if (index >= MAX_RANK) {
      throw new InvalidRequestException(
          "'%s' has more than %s dimensions".formatted(called, MAX_RANK));
    }
    return value.intValue();
  }

  /**
   * How many elements the shape needs.
   *
   * @return −1 where it exceeds an int
   */
  public int elements() {
    return Tensor.elements(shape);
  }

  /**
   * Checks how many elements came.
   *
   * @throws InvalidRequestException if the shape needs more or fewer
   */
  public void checkCount(int count) {
    int length = elements();
    if (count != length) {
      throw new InvalidRequestException(
          "data of '%s' has %s elements but its shape %s needs %s"
              .formatted(
                  name, count, Arrays.toString(shape), length < 0 ? "more than 2^31" : length));
    }
  }

  /** The complaint that there are no elements. */
  public InvalidRequestException withoutData() {
    return new InvalidRequestException("input '" + name + "' has no data");
  }

  /** The complaint about one element. */
  static InvalidRequestException wrong(int index, String name, String shown, String expected) {
    return new InvalidRequestException(
        "element %s of '%s' is %s but must be %s".formatted(index, name, shown, expected));
  }

  /** The complaint about an element that its datatype cannot hold. */
  public InvalidRequestException outOfRange(int index, String shown) {
    return wrong(index, name, shown, "within the range of " + datatype);
  }
}
